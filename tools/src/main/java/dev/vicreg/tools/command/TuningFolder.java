package dev.vicreg.tools.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.data.source.Fingerprint;
import dev.vicreg.training.loop.SupervisedTraining;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a fine-tuning under way has on the disk, beside the file that it makes: {@code NAME.onnx.work}. One that was stopped
 * or killed goes on from there, if it is asked for with the same settings.
 *
 * @param path of the folder
 */
record TuningFolder(Path path) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * How far it is.
     *
     * @param step steps done, of which there is a checkpoint
     * @param best step of the best checkpoint that was looked at; -1 for none
     * @param score of that one
     */
    record State(long step, long best, double score) {
        static final State NONE = new State(0, -1, -1e300);
    }

    /**
     * The folder of a file to be made, emptied unless it holds the beginning of the same work.
     *
     * @param settings all that decides what is computed, by the option's name
     * @throws SettingException if it holds the beginning of other work
     */
    static TuningFolder of(Path out, Map<String, String> settings) throws IOException {
        Path path = out.resolveSibling(out.getFileName() + ".work");
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new NotDirectoryException(path + " is a file, where a fine-tuning keeps what it has done: remove it");
        }
        TuningFolder folder = new TuningFolder(path);
        if (Files.exists(folder.stateFile())) {
            folder.requireSame(settings, out);
            return folder;
        }
        TemporaryFolder.delete(path);
        Files.createDirectories(path);
        write(folder.settingsFile(), new LinkedHashMap<>(settings));
        return folder;
    }

    /** What a text amounts to among settings that decide. */
    static String digest(String text) {
        Fingerprint fingerprint = new Fingerprint();
        fingerprint.add(text);
        return fingerprint.hex();
    }

    private void requireSame(Map<String, String> settings, Path out) throws IOException {
        JsonNode before = JSON.readTree(settingsFile().toFile());
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            String then = before.path(setting.getKey()).asText();
            if (!then.equals(setting.getValue())) {
                throw new SettingException(path + " holds a fine-tuning for " + out + " that was stopped, with "
                        + setting.getKey() + " " + then + ", asked for now " + setting.getValue()
                        + ": finish it with its own options, or remove the folder");
            }
        }
    }

    /** Where training models and the first encoder lie. */
    Path artifacts() {
        return path.resolve("artifacts");
    }

    /** The encoder after so many steps. */
    Path encoder(long step) {
        return path.resolve("encoder-%08d.onnx".formatted(step));
    }

    /** What is after so many steps. */
    Path checkpoint(long step) {
        return SupervisedTraining.checkpoint(path, step);
    }

    /** How far it is. */
    State state() throws IOException {
        if (!Files.exists(stateFile())) {
            return State.NONE;
        }
        JsonNode json = JSON.readTree(stateFile().toFile());
        return new State(
                json.path("step").asLong(),
                json.path("best").asLong(),
                json.path("score").asDouble());
    }

    /** Records how far it is, and removes checkpoints and encoders that nothing goes on from. */
    void record(State state) throws IOException {
        write(stateFile(), state);
        long best = Math.max(0, state.best);
        Set<Path> kept = new HashSet<>(List.of(checkpoint(state.step), checkpoint(best), encoder(best), encoder(0)));
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = String.valueOf(file.getFileName());
                if ((name.startsWith("step-") || name.startsWith("encoder-")) && !kept.contains(file)) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Removes all of it. */
    void delete() throws IOException {
        TemporaryFolder.delete(path);
    }

    private Path stateFile() {
        return path.resolve("state.json");
    }

    private Path settingsFile() {
        return path.resolve("settings.json");
    }

    private static void write(Path file, Object value) throws IOException {
        AtomicFile.write(file, ByteBuffer.wrap((Json.line(value) + "\n").getBytes(StandardCharsets.UTF_8)));
    }
}

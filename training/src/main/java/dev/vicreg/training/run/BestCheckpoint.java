package dev.vicreg.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.runtime.file.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which of a run's saved states is the best so far: what {@code checkpoints/best.json} says.
 *
 * @param step steps that it has done
 * @param measure by which it is the best
 * @param value of that measure
 */
public record BestCheckpoint(long step, String measure, double value) {
    /**
     * The best one of the run in {@code root}; empty where none was chosen, or it is no longer there. Needs no lock.
     *
     * @throws IOException if the file that tells it is damaged
     */
    public static Optional<BestCheckpoint> of(Path root) throws IOException {
        RunLayout layout = new RunLayout(root);
        Path file = layout.best();
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        JsonNode json = read(file);
        if (!json.path("step").isIntegralNumber()
                || !json.path("measure").isTextual()
                || !json.path("value").isNumber()) {
            throw new IOException(
                    file + " is damaged: expected step, measure and value, found " + json + "; remove it");
        }
        BestCheckpoint best = new BestCheckpoint(
                json.path("step").asLong(),
                json.path("measure").asText(),
                json.path("value").asDouble());
        return Files.isDirectory(layout.saved(best.step)) ? Optional.of(best) : Optional.empty();
    }

    private static JsonNode read(Path file) throws IOException {
        try {
            return RunConfig.JSON.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is damaged: " + e.getOriginalMessage() + "; remove it", e);
        }
    }

    void write(Path file) throws IOException {
        String text = RunConfig.JSON.writeValueAsString(RunConfig.JSON
                        .createObjectNode()
                        .put("step", step)
                        .put("measure", measure)
                        .put("value", value))
                + "\n";
        AtomicFile.write(file, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }
}

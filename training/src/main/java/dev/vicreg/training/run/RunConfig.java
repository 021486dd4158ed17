package dev.vicreg.training.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.Schema.Difference;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.training.config.TrainingConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What config.json of a run holds: {@code format}, and these in kebab case, settings nested as their records are.
 *
 * @param version of this project that started the run
 * @param onnxRuntime version of the native libraries that started it
 * @param dataFingerprint of the data: see {@link dev.vicreg.training.data.pair.PairedData#fingerprint}
 * @param dataSize samples, or pairs of them, in the data
 * @param settings every resolved setting
 * @param origins where each option's value came from, by the option's name; empty where that isn't known, as in runs of
 *     earlier versions
 * @param host the machine that the run was started on, as {@link Host} describes it; empty likewise
 */
public record RunConfig(
        String version,
        String onnxRuntime,
        String dataFingerprint,
        int dataSize,
        TrainingConfig settings,
        Map<String, String> origins,
        Map<String, String> host) {
    public static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL);

    private static final int FORMAT = 3;
    /** As today, but that {@code pool} mean was over padding too. */
    private static final int PADDED_MEANS = 2;

    private static final String RESUMED = "option, on resuming";
    private static final String FORMAT_KEY = "format";
    private static final String LOSS_SCALE = "loss-scale";

    /** The same with other settings, those that differ named as what a resumed run was given. */
    public RunConfig with(TrainingConfig other) {
        Map<String, String> before = Schema.texts(settings);
        Map<String, String> after = Schema.texts(other);
        Map<String, String> told = new LinkedHashMap<>(origins);
        after.forEach((option, text) -> {
            if (!origins.isEmpty() && !text.equals(before.get(option))) {
                told.put(option, RESUMED);
            }
        });
        told.keySet().retainAll(after.keySet());
        return new RunConfig(version, onnxRuntime, dataFingerprint, dataSize, other, told, host);
    }

    /** Writes the file, complete or not at all. */
    public void write(Path file) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put(FORMAT_KEY, FORMAT);
        json.putAll(Schema.json(this));
        AtomicFile.write(
                file, ByteBuffer.wrap((JSON.writeValueAsString(json) + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Reads the file.
     *
     * @throws IOException if it is missing or was not written by a run
     */
    public static RunConfig read(Path file) throws IOException {
        try {
            Object read = JSON.readValue(Files.readString(file), Object.class);
            if (!(read instanceof Map<?, ?> content) || !(content.get("settings") instanceof Map)) {
                throw new IOException(file + " is not the configuration of a run: it has no settings");
            }
            Map<Object, Object> json = new LinkedHashMap<>(content);
            json.putIfAbsent("origins", Map.of());
            json.putIfAbsent("host", Map.of());
            Object format = json.remove(FORMAT_KEY);
            if (format != null && !format.equals(PADDED_MEANS) && !format.equals(FORMAT)) {
                throw new IOException(file + " has format " + format + ", this version reads up to " + FORMAT
                        + "; take the version that began the run");
            }
            Map<?, ?> named = format == null ? LegacyConfig.translated(json) : json;
            return Schema.of(
                    RunConfig.class, Integer.valueOf(FORMAT).equals(format) ? named : LegacyConfig.paddedMeans(named));
        } catch (NoSuchFileException e) {
            Path folder = file.toAbsolutePath().getParent();
            boolean stopped = folder != null && Files.exists(new RunLayout(folder).lock());
            throw new NoSuchFileException(file.getParent() + " is no run: it has no " + file.getFileName()
                    + (stopped
                            ? ", since its start was interrupted; start it again, without `resume`"
                            : "; name the folder that a run was started with"));
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " from line " + e.getLocation().getLineNr() + " on";
            throw new IOException(
                    file + " is damaged: it is no JSON" + where + "; copy the run's configuration again, or start anew",
                    e);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is not the configuration of a run: " + e.getMessage(), e);
        }
    }

    /**
     * The settings of the run in {@code root}, with its copies of the files that encoders came in.
     *
     * @throws IOException if it holds no run
     */
    public static TrainingConfig settingsOf(Path root) throws IOException {
        RunLayout layout = new RunLayout(root);
        TrainingConfig recorded = read(layout.config()).settings;
        return recorded.with(recorded.graph().from(layout::original));
    }

    /**
     * The settings in which {@code other} differs and which change what a run computes, each as
     * {@code name: ours, asked for theirs}, with the option's name.
     */
    public static List<String> differences(TrainingConfig ours, TrainingConfig other) {
        return Schema.differences(ours, other).stream()
                .filter(each -> !isOtherPrecision(each))
                .map(each -> each.name() + ": " + shown(each.before()) + " in the run, " + shown(each.after())
                        + " asked for")
                .toList();
    }

    /** Precision may change, and loss scaling comes and goes with it. */
    private static boolean isOtherPrecision(Difference difference) {
        return difference.name().startsWith(LOSS_SCALE) && (difference.before() == null || difference.after() == null);
    }

    private static String shown(@Nullable Object value) {
        return value == null ? "nothing" : JSON.valueToTree(value).toString();
    }
}

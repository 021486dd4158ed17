package dev.vicreg.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.training.finding.Finding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * metrics.jsonl: one JSON object a line, one line a step, and one more after each that is measured, and for each finding and
 * each time that the run went back. Not thread-safe.
 */
public final class Metrics implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FINDING = "finding";
    private static final String PROBE = "probe";

    /**
     * One line, as the file has it under keys in snake case.
     *
     * @param epoch from 1
     * @param step steps done, from 1
     * @param loss what was differentiated, before the step's update; null in the file, like its terms, where a skipped step
     *     gave none
     * @param terms unweighted, each a key of its own in the file, in this order
     * @param lr the rate that the step used
     * @param pairsPerSecond of this step, loading included
     * @param lossScale of float16, after the step; null, and absent in the file, for other precisions
     * @param skippedSteps steps of the run so far that changed nothing because float16 overflowed; null likewise
     */
    public record Line(
            int epoch,
            long step,
            float loss,
            Map<String, Float> terms,
            double lr,
            double pairsPerSecond,
            @Nullable Float lossScale,
            @Nullable Long skippedSteps) {
        /** All but epoch, step and speed, as a {@link Reader} sees them. */
        public Map<String, Float> values() {
            Map<String, Float> values = new LinkedHashMap<>();
            values.put("loss", loss);
            values.putAll(terms);
            values.put("lr", (float) lr);
            if (lossScale != null) {
                values.put("loss_scale", lossScale);
            }
            if (skippedSteps != null) {
                values.put("skipped_steps", (float) skippedSteps);
            }
            return values;
        }

        private ObjectNode json() {
            ObjectNode json = JSON.createObjectNode().put("epoch", epoch).put("step", step);
            json.put("loss", orNull(loss));
            terms.forEach((name, value) -> json.put(name, orNull(value)));
            json.put("lr", lr).put("pairs_per_second", pairsPerSecond);
            if (lossScale != null) {
                json.put("loss_scale", lossScale);
            }
            if (skippedSteps != null) {
                json.put("skipped_steps", skippedSteps);
            }
            return json;
        }
    }

    /** JSON has no numbers for what a skipped step may give. */
    private static @Nullable Float orNull(float value) {
        return Float.isFinite(value) ? Float.valueOf(value) : null;
    }

    private final Path path;
    private FileChannel file;

    private Metrics(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Opens the file to go on after {@code stepsDone}: lines of later steps, which a run wrote after its last checkpoint,
     * are dropped.
     *
     * @param reader sees the lines that stay
     */
    public static Metrics open(Path file, long stepsDone, Reader reader) throws IOException {
        drop(file, stepsDone, reader);
        return new Metrics(file, append(file));
    }

    /** Goes on after {@code stepsDone}, as {@link #open} does. */
    public void goBackTo(long stepsDone, Reader reader) throws IOException {
        file.close();
        drop(path, stepsDone, reader);
        file = append(path);
    }

    private static void drop(Path file, long stepsDone, Reader reader) throws IOException {
        if (Files.exists(file)) {
            StringBuilder kept = new StringBuilder();
            for (String text : Files.readAllLines(file)) {
                JsonNode line = parsed(text);
                if (line.path("step").isIntegralNumber() && line.path("step").asLong() <= stepsDone) {
                    kept.append(text).append('\n');
                    show(line, reader);
                }
            }
            AtomicFile.write(file, ByteBuffer.wrap(kept.toString().getBytes(StandardCharsets.UTF_8)));
        }
    }

    /** Nothing of a line that was cut off when the run was killed. */
    private static JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private static void show(JsonNode line, Reader reader) {
        if (line.has(FINDING)) {
            reader.finding(line.path(FINDING).asText(), numbers(line.path("evidence")));
        } else {
            reader.values(line.path("step").asLong(), numbers(line.has(PROBE) ? line.path(PROBE) : line));
        }
    }

    private static FileChannel append(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);
    }

    /** Sees what the file's lines hold, in their order. */
    public interface Reader {
        /** A step's values, null in the file as no number; or what was measured after it, without a loss. */
        void values(long step, Map<String, Float> values);

        /** What was found, and the numbers it was told by. */
        void finding(String fault, Map<String, Float> evidence);
    }

    private static Map<String, Float> numbers(JsonNode object) {
        Map<String, Float> numbers = new LinkedHashMap<>();
        object.properties().forEach(field -> {
            if (field.getValue().isNumber()) {
                numbers.put(field.getKey(), field.getValue().floatValue());
            } else if (field.getValue().isNull()) {
                numbers.put(field.getKey(), Float.NaN);
            }
        });
        return numbers;
    }

    /** Appends a line; it reaches the file before this returns. */
    public void write(Line line) throws IOException {
        append(line.json());
    }

    /**
     * Appends a line of what was measured after a step: {@code {"epoch":1,"step":200,"eval":{"knn":0.53}}}.
     *
     * @param figures finite numbers by name, in snake case
     */
    public void write(int epoch, long step, Map<String, Double> figures) throws IOException {
        ObjectNode json = JSON.createObjectNode().put("epoch", epoch).put("step", step);
        ObjectNode eval = json.putObject("eval");
        figures.forEach(eval::put);
        append(json);
    }

    /**
     * Appends what a probe measured after a step: {@code {"epoch":1,"step":50,"probe":{"gradient_norm":2.1},"layers":[…]}}.
     *
     * @param figures finite numbers by name, in snake case
     * @param layers of each its parameter's name, and norms of that, of its gradient and of its update, null where
     *     that isn't known
     */
    public void writeProbe(int epoch, long step, Map<String, Float> figures, List<List<@Nullable Object>> layers)
            throws IOException {
        ObjectNode json = JSON.createObjectNode().put("epoch", epoch).put("step", step);
        ObjectNode probe = json.putObject(PROBE);
        figures.forEach(probe::put);
        json.set("layers", JSON.valueToTree(layers));
        append(json);
    }

    /**
     * Appends a finding: {@code {"epoch":1,"step":46,"finding":"collapse","since":42,"text":…,"evidence":{…},"remedy":…}}.
     *
     * @param epoch from 1
     */
    public void write(int epoch, Finding finding) throws IOException {
        ObjectNode json = JSON.createObjectNode().put("epoch", epoch).put("step", finding.step());
        json.put(FINDING, finding.fault().id()).put("since", finding.since()).put("text", finding.text());
        ObjectNode evidence = json.putObject("evidence");
        finding.evidence().forEach(evidence::put);
        append(json.put("remedy", finding.fault().remedy()));
    }

    private void append(ObjectNode json) throws IOException {
        String text = JSON.writeValueAsString(json) + "\n";
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    /** Forces all lines to the disk. */
    public void sync() throws IOException {
        file.force(true);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}

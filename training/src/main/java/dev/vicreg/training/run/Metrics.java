package dev.vicreg.training.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.vicreg.runtime.file.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** metrics.jsonl: one JSON object a line, one line a step, and one more after each that is measured. Not thread-safe. */
public final class Metrics implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

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

    private final FileChannel file;

    private Metrics(FileChannel file) {
        this.file = file;
    }

    /**
     * Opens the file to go on after {@code stepsDone}: lines of later steps, which a run wrote after its last checkpoint,
     * are dropped.
     */
    public static Metrics open(Path file, long stepsDone) throws IOException {
        if (Files.exists(file)) {
            StringBuilder kept = new StringBuilder();
            for (String line : Files.readAllLines(file)) {
                if (isUpTo(line, stepsDone)) {
                    kept.append(line).append('\n');
                }
            }
            AtomicFile.write(file, ByteBuffer.wrap(kept.toString().getBytes(StandardCharsets.UTF_8)));
        }
        return new Metrics(FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS));
    }

    private static boolean isUpTo(String line, long stepsDone) {
        try {
            JsonNode step = JSON.readTree(line).path("step");
            return step.isIntegralNumber() && step.asLong() <= stepsDone;
        } catch (IOException e) {
            return false; // a line cut off when the run was killed
        }
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

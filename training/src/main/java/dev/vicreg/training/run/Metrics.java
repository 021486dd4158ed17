package dev.vicreg.training.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** metrics.jsonl: one JSON object a line, one line a step. Not thread-safe. */
public final class Metrics implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * One line.
     *
     * @param epoch from 1
     * @param step steps done, from 1
     * @param loss weighted sum, before the step's update; null in the file, like its terms, where a skipped step gave none
     * @param invariance unweighted
     * @param variance unweighted
     * @param covariance unweighted
     * @param lr the rate that the step used
     * @param pairs_per_second of this step, loading included
     * @param loss_scale of float16, after the step; null, and absent in the file, for other precisions
     * @param skipped_steps steps of the run so far that changed nothing because float16 overflowed; null likewise
     */
    public record Line(
            int epoch,
            long step,
            @JsonSerialize(using = OrNull.class) float loss,
            @JsonSerialize(using = OrNull.class) float invariance,
            @JsonSerialize(using = OrNull.class) float variance,
            @JsonSerialize(using = OrNull.class) float covariance,
            double lr,
            double pairs_per_second,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Float loss_scale,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Long skipped_steps) {}

    /** JSON has no numbers for what a skipped step may give. */
    private static final class OrNull extends JsonSerializer<Float> {
        @Override
        public void serialize(Float value, JsonGenerator out, SerializerProvider provider) throws IOException {
            if (Float.isFinite(value)) {
                out.writeNumber(value);
            } else {
                out.writeNull();
            }
        }
    }

    private final BufferedWriter writer;

    private Metrics(BufferedWriter writer) {
        this.writer = writer;
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
        return new Metrics(Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
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
        writer.write(JSON.writeValueAsString(line));
        writer.write('\n');
        writer.flush();
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}

package dev.vicreg.training.bench;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.session.Execution;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Times training steps on random views: each feeds both views from Java, updates, and reads the loss, on the very
 * graph that training uses.
 */
public final class StepBenchmark {
    private static final int DROPPED = 2;
    private static final float RATE = 1e-3f;

    /**
     * Medians over all but the first {@value StepBenchmark#DROPPED} steps.
     *
     * @param seconds of each counted step, in order
     * @param scaling of the loss after the last step; null but for float16
     * @param profile where the step's operators ran, recorded apart from the steps that were timed
     * @param peakResidentBytes the most memory that the process had held when the last step was done, native memory included;
     *     null where the system doesn't tell
     * @param secondsToCopy the two views to the GPU, at most; 0 on the CPU, which needs no copy
     */
    public record Result(
            double secondsPerStep,
            double pairsPerSecond,
            double[] seconds,
            TrainingSession.@Nullable Scaling scaling,
            StepProfile profile,
            @Nullable Long peakResidentBytes,
            double secondsToCopy) {}

    private StepBenchmark() {}

    /**
     * Runs the benchmark in {@code folder}, which afterwards holds the artifacts.
     *
     * @param steps 3 or more
     * @throws IllegalStateException if the steps left a trained parameter as it was
     */
    public static Result run(GraphConfig config, Execution execution, int steps, Path folder) throws IOException {
        if (steps <= DROPPED) {
            throw new SettingException("Steps: expected more than " + DROPPED + ", found " + steps);
        }
        TrainingGraph.Built built = TrainingGraph.build(config.spec());
        Map<String, Tensor> state = built.initialState(0);
        Artifacts artifacts = Artifacts.write(folder, built, state, execution.lowering());
        ViewBatch a = randomViews(built, Side.A, config);
        ViewBatch b = randomViews(built, Side.B, config);
        double[] seconds = new double[steps];
        TrainingSession.Scaling scaling = null;
        Long peak;
        Path end = folder.resolve("checkpoint-after");
        try (TrainingSession session = TrainingSession.open(
                built.step(), built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), execution)) {
            for (int i = 0; i < steps; i++) {
                long start = System.nanoTime();
                scaling = session.step(a, b, new StepNumbers(RATE)).scaling();
                seconds[i] = (System.nanoTime() - start) * 1e-9;
            }
            peak = peakResidentBytes();
            session.save(end);
        }
        if (scaling != null && scaling.skipped() == steps) {
            throw new IllegalStateException(
                    "float16 overflowed in all " + steps + " steps, so that nothing was updated:"
                            + " measure more steps, or start from a smaller `loss-scale`");
        }
        requireChange(built, state, CheckpointFile.read(end));
        Files.delete(end);
        double[] counted = Arrays.copyOfRange(seconds, DROPPED, steps);
        double median = median(counted);
        return new Result(
                median,
                config.update().batchSize() / median,
                counted,
                scaling,
                StepProfile.of(built, config, artifacts, execution.device(), execution.threads()),
                peak,
                OrtSessions.resolve(execution.device()).kind() == Device.Kind.CUDA
                        ? InputCopy.seconds(a, b, type(built, Side.A), type(built, Side.B), execution.device())
                        : 0);
    }

    private static @Nullable Long peakResidentBytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return null;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10; // given in kB
            }
        }
        return null;
    }

    /** The median; of an even number the mean of the two in the middle. */
    public static double median(double[] seconds) {
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** Uniform bytes or ids, or numbers from a standard normal distribution, as the graph's input wants. */
    static ViewBatch randomViews(TrainingGraph.Built built, Side side, GraphConfig config) throws IOException {
        TensorType type = type(built, side);
        ViewType.Element element = switch (type.element()) {
            case UINT8 -> ViewType.Element.UINT8;
            case INT64 -> ViewType.Element.INT64;
            default -> ViewType.Element.FLOAT32;
        };
        List<Integer> axes = Arrays.stream(type.shape().toArray())
                .skip(1)
                .mapToObj(Math::toIntExact)
                .toList();
        ViewType view = new ViewType(element, axes);
        int size = Math.multiplyExact(Math.toIntExact(type.shape().size(0)), view.bytes());
        ByteBuffer values = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
        int known = config.branch(side).vocabulary();
        Random random = new Random(side == Side.A ? 1 : 2);
        while (values.hasRemaining()) {
            switch (element) {
                case UINT8 -> values.put((byte) random.nextInt());
                case FLOAT32 -> values.putFloat((float) random.nextGaussian());
                case INT64 -> values.putLong(random.nextInt(known > 0 ? known : 2)); // ids that every table has
            }
        }
        return new ViewBatch(view, values.flip());
    }

    /** Type of the side's view. */
    private static TensorType type(TrainingGraph.Built built, Side side) {
        String input = side == Side.A ? TrainingGraph.VIEW_A : TrainingGraph.VIEW_B;
        return built.training().inputs().stream()
                .filter(value -> input.equals(value.name()))
                .map(Value::type)
                .findFirst()
                .orElseThrow();
    }

    private static void requireChange(
            TrainingGraph.Built built, Map<String, Tensor> before, Map<String, Tensor> after) {
        built.gradients().keySet().forEach(parameter -> {
            Tensor now = after.get(parameter.name());
            if (now == null || Objects.equals(now, before.get(parameter.name()))) {
                throw new IllegalStateException(
                        "The steps did not change " + parameter + ": the update is not applied");
            }
        });
    }
}

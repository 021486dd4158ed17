package dev.vicreg.training.session;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.StepSignature;
import dev.vicreg.training.step.SupervisedGraph;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.pass.StepGraph;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Steps a training graph whose parameters live in a checkpoint, as one graph or in parts. Not thread-safe. */
public final class TrainingSession implements AutoCloseable {
    private final OrtEnvironment environment;
    private final StepEngine engine;
    private final StepSignature signature;
    private float[][] representations = new float[0][];

    /**
     * The loss of one step and its unweighted terms, before the update of that step.
     *
     * @param loss what was differentiated
     * @param terms by name, in the objective's order
     * @param scaling of the loss after the step; null where the graph does not scale
     */
    public record Losses(
            float loss, Map<String, Float> terms, @Nullable Scaling scaling) {
        /** Keeps the order of the terms. */
        public Losses {
            terms = Collections.unmodifiableMap(new LinkedHashMap<>(terms));
        }

        /** The term of that name. */
        public float term(String name) {
            Float term = terms.get(name);
            if (term == null) {
                throw new IllegalArgumentException("The loss has no term " + name + ", only " + terms.keySet());
            }
            return term;
        }

        /** As {@code loss NaN, invariance 0.5, variance NaN}. */
        public String inWords() {
            return Stream.concat(
                            Stream.of("loss " + loss),
                            terms.entrySet().stream().map(term -> term.getKey() + " " + term.getValue()))
                    .collect(Collectors.joining(", "));
        }

        /** Whether the loss and every term are finite numbers. */
        public boolean isFinite() {
            return Float.isFinite(loss) && terms.values().stream().allMatch(Float::isFinite);
        }
    }

    /**
     * The state of {@link LossScaling} after a step.
     *
     * @param scale that the next step will use
     * @param skippedInARow steps skipped one after another up to this one; 0 if it was not
     * @param skipped steps of the run skipped in all
     */
    public record Scaling(float scale, long skippedInARow, long skipped) {
        /** Whether this step changed nothing but the scale, because its gradients overflowed. */
        public boolean isSkipped() {
            return skippedInARow > 0;
        }
    }

    private TrainingSession(OrtEnvironment environment, StepEngine engine, StepSignature signature) {
        this.environment = environment;
        this.engine = engine;
        this.signature = signature;
    }

    /**
     * Opens a session.
     *
     * @param signature of the step in the model
     * @param checkpoint a file as {@link CheckpointFile} writes it
     * @param trainingModel a file that holds {@link TrainingGraph}'s training graph
     * @param device where to run
     * @param threads that one operator may use
     * @throws IOException if a file cannot be loaded, or the two do not belong together
     * @throws IllegalStateException if the native libraries were built without training
     */
    public static TrainingSession open(
            StepSignature signature, Path checkpoint, Path trainingModel, Device device, int threads)
            throws IOException {
        return open(signature, checkpoint, trainingModel, device, threads, null);
    }

    /**
     * Opens a session that records where each operator runs and how long it takes, if asked to.
     *
     * @param profile what the record's file name starts with; the file is written when the session is closed
     */
    public static TrainingSession open(
            StepSignature signature,
            Path checkpoint,
            Path trainingModel,
            Device device,
            int threads,
            @Nullable Path profile)
            throws IOException {
        requireTraining();
        StepEngine engine = WholeStep.open(signature, checkpoint, trainingModel, device, threads, profile);
        return new TrainingSession(OrtEnvironment.getEnvironment(), engine, signature);
    }

    /**
     * Opens a session by which a step is carried out as {@code execution} says: as one graph, which is the training model, or
     * in parts.
     *
     * @param step before kernels are chosen, whose training model the file is
     * @throws IOException if a file can't be loaded, or the two do not belong together
     * @throws SettingException if the branches can't be done side by side though that is asked for
     */
    public static TrainingSession open(
            StepGraph step, StepSignature signature, Path checkpoint, Path trainingModel, Execution execution)
            throws IOException {
        Optional<Execution.Parted> parted = execution.parted(step);
        if (parted.isEmpty()) {
            return open(signature, checkpoint, trainingModel, execution.device(), execution.threads());
        }
        requireTraining();
        try {
            StepEngine engine = PartedStep.open(
                    parted.get().parts(),
                    parted.get().lowering(),
                    CheckpointFile.read(checkpoint),
                    execution.threads());
            return new TrainingSession(OrtEnvironment.getEnvironment(), engine, signature);
        } catch (OrtException e) {
            throw new IOException("Cannot train from checkpoint " + checkpoint + ": " + oneLine(e), e);
        }
    }

    private static void requireTraining() {
        if (!NativeLibraries.load().trainingEnabled()) {
            throw new IllegalStateException(
                    "ONNX Runtime's native libraries on the class path are built without training:"
                            + " add org.bytedeco:onnxruntime with a platform classifier, as docs/platforms.md says");
        }
    }

    static String oneLine(OrtException e) {
        return String.valueOf(e.getMessage()).replaceAll("\\s+", " ").trim();
    }

    /**
     * One step on two batches of views: forward, backward, update.
     *
     * @param viewA of the type and shape that the graph's first input has
     * @param viewB likewise for the second
     * @param numbers what else the step is fed
     */
    public Losses step(ViewBatch viewA, ViewBatch viewB, StepNumbers numbers) {
        try (OnnxTensor a = tensor(viewA);
                OnnxTensor b = tensor(viewB)) {
            return step(a, b, numbers);
        } catch (OrtException e) {
            throw new IllegalStateException("The training step failed: " + oneLine(e), e);
        }
    }

    /**
     * One step of supervised training, of a graph as {@link SupervisedGraph} makes it.
     *
     * @param view of the type and shape that the graph's first input has
     * @param targets float32, of the second input's shape
     * @param rate of the head
     */
    public Losses step(ViewBatch view, Tensor targets, float rate) {
        try (OnnxTensor samples = tensor(view);
                OnnxTensor wanted = tensor(targets);
                OnnxTensor number = tensor(Tensor.of(Shape.of(1), rate))) {
            return step(Map.of(
                    SupervisedGraph.VIEW,
                    samples,
                    SupervisedGraph.TARGETS,
                    wanted,
                    TrainingGraph.LEARNING_RATE,
                    number));
        } catch (OrtException e) {
            throw new IllegalStateException("The training step failed: " + oneLine(e), e);
        }
    }

    private OnnxTensor tensor(Tensor tensor) throws OrtException {
        return OnnxTensor.createTensor(
                environment, FloatBuffer.wrap(tensor.floats()), tensor.shape().toArray());
    }

    /** The batch's own memory, without a copy. */
    public static OnnxTensor tensor(ViewBatch view) throws OrtException {
        OnnxJavaType type = switch (view.type().element()) {
            case UINT8 -> OnnxJavaType.UINT8;
            case FLOAT32 -> OnnxJavaType.FLOAT;
            case INT64 -> OnnxJavaType.INT64;
        };
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), view.values(), view.shape(), type);
    }

    /** One step on views of any type that the graph takes; the caller keeps the tensors. */
    public Losses step(OnnxTensor viewA, OnnxTensor viewB, StepNumbers numbers) {
        Map<String, OnnxTensor> fed = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, Tensor> number : numbers.of(signature).entrySet()) {
                fed.put(number.getKey(), tensor(number.getValue()));
            }
            Map<String, OnnxTensor> all = new LinkedHashMap<>(fed);
            all.put(TrainingGraph.VIEW_A, viewA);
            all.put(TrainingGraph.VIEW_B, viewB);
            return step(all);
        } catch (OrtException e) {
            throw new IllegalStateException("The training step failed: " + oneLine(e), e);
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
    }

    /**
     * One step.
     *
     * @param given all that the step is fed, by name; the caller keeps the tensors
     */
    public Losses step(Map<String, OnnxTensor> given) {
        Map<String, OnnxTensor> fed = new LinkedHashMap<>(); // positional: in the signature's order
        for (String name : signature.fed()) {
            OnnxTensor tensor = given.get(name);
            if (tensor == null) {
                throw new IllegalArgumentException(
                        "The step has to be fed " + signature.fed() + ", found only " + given.keySet());
            }
            fed.put(name, tensor);
        }
        try (StepEngine.Fetched result = engine.step(fed)) {
            Map<String, Float> terms = new LinkedHashMap<>();
            signature.terms().forEach(term -> terms.put(term, scalar(result, TrainingGraph.termOutput(term))));
            Optional<OnnxTensor> watched = result.get(TrainingGraph.REPRESENTATION);
            representations = watched.isEmpty()
                    ? new float[0][]
                    : (float[][]) watched.get().getValue();
            return new Losses(scalar(result, TrainingGraph.LOSS), terms, scaling(result));
        } catch (OrtException e) {
            throw new IllegalStateException("The training step failed: " + oneLine(e), e);
        }
    }

    /**
     * The first branch's representations of the last step's views, before its update, [views][D]; empty where the step isn't
     * watched. The caller's own.
     */
    public float[][] representations() {
        return representations;
    }

    private static @Nullable Scaling scaling(StepEngine.Fetched result) {
        return result.get(LossScaling.SCALE).isEmpty()
                ? null
                : new Scaling(
                        scalar(result, LossScaling.SCALE), (long) scalar(result, LossScaling.SKIPPED_IN_A_ROW), (long)
                                scalar(result, LossScaling.SKIPPED));
    }

    private static float scalar(StepEngine.Fetched result, String name) {
        OnnxTensor tensor = result.get(name)
                .orElseThrow(() -> new IllegalStateException("The training graph has no output " + name));
        return tensor.getFloatBuffer().get(0);
    }

    /**
     * Writes parameters, statistics and optimizer state as they are now. The file is not synced.
     *
     * @throws IOException if it cannot be written whole, for instance on a full disk
     */
    public void save(Path checkpoint) throws IOException {
        try {
            engine.save(checkpoint);
        } catch (OrtException e) {
            throw new IOException("Cannot write checkpoint " + checkpoint + ": " + oneLine(e), e);
        }
    }

    @Override
    public void close() {
        engine.close();
    }
}

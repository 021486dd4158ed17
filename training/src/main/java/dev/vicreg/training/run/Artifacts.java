package dev.vicreg.training.run;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import dev.vicreg.training.step.pass.StepGraph;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The three files that ONNX Runtime Training needs, in one folder. They are complete: opened by
 * {@code OrtEnvironment.createTrainingSession} with no class of this project on the path, they train.
 *
 * @param trainingModel one step: {@code training_model.onnx}
 * @param evalModel pictures to representation and projection: {@code eval_model.onnx}
 * @param checkpoint parameters, statistics and optimizer state: {@code checkpoint}
 */
public record Artifacts(Path trainingModel, Path evalModel, Path checkpoint) {
    /** Metadata key of the lowering that a training model was written for. */
    public static final String LOWERING_KEY = "vicreg.lowering";

    /** The files' names in {@code folder}, which need not exist. */
    public static Artifacts in(Path folder) {
        return new Artifacts(
                RunLayout.trainingModel(folder), RunLayout.evalModel(folder), RunLayout.checkpoint(folder));
    }

    /**
     * Writes the three files into {@code folder}, which is created.
     *
     * @param state what the checkpoint holds: {@link TrainingGraph.Built#initialState} or a continued run's
     */
    public static Artifacts write(Path folder, TrainingGraph.Built built, Map<String, Tensor> state, Lowering lowering)
            throws IOException {
        Files.createDirectories(folder);
        Artifacts artifacts = in(folder);
        artifacts.writeTrainingModel(built.step(), lowering);
        artifacts.writeEvalModel(built);
        CheckpointFile.write(artifacts.checkpoint, state);
        return artifacts;
    }

    /** Writes the training model alone, as a resumed run does for the machine that it finds itself on. */
    public void writeTrainingModel(StepGraph pure, Lowering lowering) throws IOException {
        Graph step = lowering.write(pure);
        Map<String, String> metadata = Map.of(LOWERING_KEY, lowering.toString());
        AtomicFile.write(trainingModel, ByteBuffer.wrap(OnnxFile.bytes(step, metadata, lowering.opset(step))));
    }

    /** Writes the model alone that exports are made of. */
    public void writeEvalModel(TrainingGraph.Built built) throws IOException {
        AtomicFile.write(evalModel, ByteBuffer.wrap(OnnxFile.bytes(built.eval(), Map.of())));
    }
}

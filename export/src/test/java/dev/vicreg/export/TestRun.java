package dev.vicreg.export;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The eval model and checkpoint of a small ResNet whose norms look as if it had been trained. */
record TestRun(TrainingGraph.Built built, Path evalModel, Path checkpoint) {
    static final int IMAGE_SIZE = 32;
    private static final List<Float> MEAN = List.of(0.485f, 0.456f, 0.406f);
    private static final List<Float> STD = List.of(0.229f, 0.224f, 0.225f);

    static TestRun write(Path folder, int width, String projector, long seed) throws IOException {
        return write(folder, "resnet18", width, projector, seed);
    }

    static TestRun write(Path folder, String encoder, int width, String projector, long seed) throws IOException {
        return write(folder, config(branch(encoder, width, projector), null), seed);
    }

    static TestRun write(Path folder, GraphConfig config, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        return write(folder, config, seed, (name, tensor) -> trained(name, tensor, random));
    }

    /** @param becomes what is saved of each parameter's start */
    static TestRun write(Path folder, GraphConfig config, long seed, BiFunction<String, Tensor, Tensor> becomes)
            throws IOException {
        TrainingGraph.Built built = TrainingGraph.build(config.spec());
        Files.createDirectories(folder);
        TestRun run = new TestRun(built, folder.resolve("eval_model.onnx"), folder.resolve("checkpoint"));
        Files.write(run.evalModel, OnnxFile.bytes(built.eval(), Map.of()));
        Map<String, Tensor> state = built.initialState(seed);
        state.replaceAll(becomes);
        CheckpointFile.write(run.checkpoint, state);
        return run;
    }

    static GraphConfig config(int width, String projector) {
        return config(branch("resnet18", width, projector), null);
    }

    static BranchConfig branch(String encoder, int width, String projector) {
        return new BranchConfig(encoder, width, IMAGE_SIZE, 3, MEAN, STD, projector);
    }

    static GraphConfig config(BranchConfig first, @Nullable BranchConfig second) {
        return new GraphConfig(
                first,
                second,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(4, "adamw", 0.9f, 0, "none"),
                PrecisionConfig.FLOAT32);
    }

    private static Tensor trained(String name, Tensor tensor, SplittableRandom random) {
        boolean norm = tensor.shape().rank() == 1 && !name.startsWith("optimizer");
        if (!norm) {
            return tensor;
        }
        float[] values = tensor.floats();
        boolean positive = name.endsWith(".running_var");
        for (int i = 0; i < values.length; i++) {
            values[i] = positive ? (float) random.nextDouble(0.01, 3) : values[i] + (float) random.nextGaussian() / 2;
        }
        return Tensor.of(tensor.shape(), values);
    }

    static EncoderExport.Description description() {
        return new EncoderExport.Description(
                "1.2.3", "resnet18", Input.pictures(IMAGE_SIZE, MEAN, STD), "cafe", Map.of("knn", 0.5));
    }

    EncoderExport.Result export(Path target) throws IOException {
        return EncoderExport.export(evalModel, Side.A, checkpoint, description(), target);
    }
}

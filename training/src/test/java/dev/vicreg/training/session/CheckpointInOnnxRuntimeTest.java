package dev.vicreg.training.session;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtTrainingSession;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.training.run.CheckpointFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our checkpoints in ONNX Runtime Training, and its in ours: a model of one parameter is trained for a few steps. */
class CheckpointInOnnxRuntimeTest {
    @TempDir
    Path folder;

    @BeforeAll
    static void loadNatives() {
        NativeLibraries.load();
    }

    /** loss = mean(w·x) over x [2,3], then w ← w - rate·gradient and step ← step + 1. */
    private static Graph trainingGraph() {
        Ops ops = new Ops();
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(2, 3)));
        Value rate = Value.input("learning_rate", new TensorType(ElementType.FLOAT, Shape.of(1)));
        Value w = Value.input("w", new TensorType(ElementType.FLOAT, Shape.of(3)));
        Value step = Value.input("optimizer.step", new TensorType(ElementType.FLOAT, Shape.of(1)));
        Value reset = Value.input("lazy_reset_grad", new TensorType(ElementType.BOOL, Shape.of(1)));
        Value loss = ops.reduceMean(ops.mul(w, x), false);
        Value gradient = ops.mul(ops.reduceSum(x, false, 0), 1 / 6.0);
        Value moved = ops.sub(w, ops.mul(rate, gradient));
        Value counted = ops.add(step, ops.constant(1));
        Value barrier = ops.node(OpType.GROUP, List.of(loss, moved, counted), Attributes.NONE)
                .output(0);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("loss", loss);
        outputs.put("w_grad.accumulation.out", assign(ops, w, moved, barrier));
        outputs.put("optimizer.step_grad.accumulation.out", assign(ops, step, counted, barrier));
        return Graph.of("training", List.of(x, rate, w, step, reset), outputs);
    }

    private static Value assign(Ops ops, Value target, Value value, Value barrier) {
        return ops.node(OpType.IN_PLACE_ACCUMULATOR, List.of(target, value, barrier), Attributes.NONE)
                .output(0);
    }

    private float[] train(Path checkpoint, int steps, Path saved) throws IOException, OrtException {
        Path model = Files.write(folder.resolve("model.onnx"), OnnxFile.bytes(trainingGraph(), Map.of()));
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        float[] losses = new float[steps];
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions();
                OrtTrainingSession session = environment.createTrainingSession(
                        checkpoint.toString(), model.toString(), null, null, options);
                OnnxTensor x = OnnxTensor.createTensor(environment, new float[][] {{1, 2, 3}, {5, 6, 7}});
                OnnxTensor rate = OnnxTensor.createTensor(environment, new float[] {0.5f})) {
            Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
            for (String name : session.getTrainInputNames()) {
                inputs.put(name, name.equals("x") ? x : rate);
            }
            for (int i = 0; i < steps; i++) {
                try (OrtSession.Result result = session.trainStep(inputs)) {
                    assertEquals(1, result.size(), "only the loss is fetched");
                    losses[i] = ((OnnxTensor) result.get(0)).getFloatBuffer().get(0);
                }
            }
            session.saveCheckpoint(saved, false);
        }
        return losses;
    }

    @Test
    void trainingStartsFromOurCheckpointAndItsCheckpointIsRead() throws IOException, OrtException {
        Path start = folder.resolve("start");
        Map<String, Tensor> initial = new LinkedHashMap<>();
        initial.put("w", Tensor.of(Shape.of(3), 1, 10, 100));
        initial.put("optimizer.step", Tensor.of(Shape.of(1), 0));
        CheckpointFile.write(start, initial);

        float[] first = train(start, 2, folder.resolve("middle"));

        // x sums to 6, 8, 10 per column, so the gradient is 1, 4/3, 5/3 and each step moves w by half of it.
        assertArrayEquals(new float[] {181, 181 - (1 + 16 / 9f + 25 / 9f) / 2}, first, 1e-4f);
        Map<String, Tensor> middle = CheckpointFile.read(folder.resolve("middle"));
        assertEquals(initial.keySet(), middle.keySet());
        assertArrayEquals(
                new float[] {2}, requireNonNull(middle.get("optimizer.step")).floats());
        assertArrayEquals(
                new float[] {0, 10 - 4 / 3f, 100 - 5 / 3f},
                requireNonNull(middle.get("w")).floats(),
                1e-4f);

        // Written again by us, it continues as from ONNX Runtime's own file.
        CheckpointFile.write(folder.resolve("copy"), middle);
        float[] own = train(folder.resolve("middle"), 3, folder.resolve("end"));
        assertArrayEquals(own, train(folder.resolve("copy"), 3, folder.resolve("end of copy")));
        assertTrue(own[0] < first[1]);
        assertEquals(CheckpointFile.read(folder.resolve("end")), CheckpointFile.read(folder.resolve("end of copy")));
    }
}

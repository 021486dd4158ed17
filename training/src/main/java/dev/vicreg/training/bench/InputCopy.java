package dev.vicreg.training.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How long it takes to bring the two views to the device. */
final class InputCopy {
    private static final int DROPPED = 5;
    private static final int COUNTED = 20;

    private InputCopy() {}

    /**
     * The median time of a session that takes both views as a step does and reads one number of each: an upper bound, since
     * the start of such a session is in it.
     */
    static double seconds(ViewBatch a, ViewBatch b, TensorType typeA, TensorType typeB, Device device) {
        Ops ops = new Ops();
        Value viewA = Value.input(TrainingGraph.VIEW_A, typeA);
        Value viewB = Value.input(TrainingGraph.VIEW_B, typeB);
        Graph graph = Graph.of(
                "input_copy",
                List.of(viewA, viewB),
                Map.of("a", firstNumber(ops, viewA), "b", firstNumber(ops, viewB)));
        byte[] model = OnnxFile.bytes(graph, Map.of(), Lowering.CUDA.opset(graph));
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        double[] seconds = new double[DROPPED + COUNTED];
        try (OrtSession.SessionOptions options = OrtSessions.options(device, 1);
                OrtSession session = environment.createSession(model, options)) {
            for (int i = 0; i < seconds.length; i++) {
                long start = System.nanoTime();
                try (OnnxTensor first = TrainingSession.tensor(a);
                        OnnxTensor second = TrainingSession.tensor(b)) {
                    Map<String, OnnxTensor> fed = new LinkedHashMap<>();
                    fed.put(TrainingGraph.VIEW_A, first);
                    fed.put(TrainingGraph.VIEW_B, second);
                    session.run(fed).close();
                }
                seconds[i] = (System.nanoTime() - start) * 1e-9;
            }
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot measure the copy of the input: " + e.getMessage(), e);
        }
        return StepBenchmark.median(Arrays.copyOfRange(seconds, DROPPED, seconds.length));
    }

    private static Value firstNumber(Ops ops, Value view) {
        Value flat = ops.reshape(view, view.shape().elements());
        Value first = ops.gather(flat, ops.longs(0), 0);
        return ops.cast(first, ElementType.FLOAT);
    }
}

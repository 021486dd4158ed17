package dev.vicreg.training.session;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.step.StepSignature;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import dev.vicreg.training.step.pass.StepGraph;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A step beside training, from parameters that are given, by the kernels that training uses: whatever the step gives can be
 * fetched, and nothing that is given changes. Not thread-safe.
 */
public final class StepRun implements AutoCloseable {
    private final OrtSession session;
    private final Graph graph;
    private final StepSignature signature;

    /**
     * What a step is done with.
     *
     * @param state all that a checkpoint holds, before the step
     */
    public record Given(Map<String, Tensor> state, ViewBatch viewA, ViewBatch viewB, StepNumbers numbers) {}

    private StepRun(OrtSession session, Graph graph, StepSignature signature) {
        this.session = session;
        this.graph = graph;
        this.signature = signature;
    }

    /**
     * Opens a step.
     *
     * @param step as it is before kernels are chosen
     * @param threads that one operator may use
     * @throws IllegalStateException if ONNX Runtime refuses it
     */
    public static StepRun open(StepGraph step, StepSignature signature, Lowering lowering, Device device, int threads) {
        NativeLibraries.load(); // before ONNX Runtime loads its own
        Graph graph = lowering.write(step);
        byte[] model = OnnxFile.bytes(graph, Map.of(), lowering.opset(graph));
        try (OrtSession.SessionOptions options = OrtSessions.options(device, threads)) {
            return new StepRun(OrtEnvironment.getEnvironment().createSession(model, options), graph, signature);
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot open the step: " + TrainingSession.oneLine(e), e);
        }
    }

    /**
     * Does the step.
     *
     * @param given stays as it is: the step writes over copies
     * @param wanted outputs of the step, float32
     * @return values by those names
     */
    public Map<String, Tensor> run(Given given, Set<String> wanted) {
        return run(given, wanted, (name, after) -> {});
    }

    /** Sees what the step would leave of a parameter or of state, while it is called: native byte order. */
    public interface After {
        void see(String name, ByteBuffer after);
    }

    /** The same, and shows what the step leaves of float32 parameters and state. */
    public Map<String, Tensor> run(Given given, Set<String> wanted, After after) {
        Map<String, Tensor> known = new LinkedHashMap<>(given.state);
        known.putAll(given.numbers.of(signature));
        known.put(TrainingGraph.LAZY_RESET_GRAD, new Tensor(new TensorType(ElementType.BOOL, Shape.of(1)), new byte[] {0
        }));
        Map<String, OnnxTensor> fed = new LinkedHashMap<>();
        try {
            fed.put(TrainingGraph.VIEW_A, TrainingSession.tensor(given.viewA));
            fed.put(TrainingGraph.VIEW_B, TrainingSession.tensor(given.viewB));
            for (Value input : graph.inputs()) {
                String name = String.valueOf(input.name());
                Tensor tensor = known.get(name);
                if (tensor != null) {
                    fed.put(name, copy(tensor));
                }
            }
            fed.keySet().retainAll(session.getInputNames());
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            try (OrtSession.Result result = session.run(fed, wanted)) {
                for (String name : wanted) {
                    OnnxTensor value = (OnnxTensor) result.get(name).orElseThrow();
                    float[] floats = new float[value.getFloatBuffer().remaining()];
                    value.getFloatBuffer().get(floats);
                    outputs.put(name, Tensor.of(Shape.of(value.getInfo().getShape()), floats));
                }
            }
            for (Map.Entry<String, OnnxTensor> entry : fed.entrySet()) {
                Tensor before = given.state.get(entry.getKey());
                if (before != null && before.type().element() == ElementType.FLOAT) {
                    after.see(entry.getKey(), entry.getValue().getByteBuffer());
                }
            }
            return outputs;
        } catch (OrtException e) {
            throw new IllegalStateException("The step failed: " + TrainingSession.oneLine(e), e);
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
    }

    /** What a checkpoint holds or a step is fed, in memory of its own that a step may write to. */
    static OnnxTensor copy(Tensor tensor) throws OrtException {
        ByteBuffer data = ByteBuffer.allocateDirect(tensor.data().length).order(ByteOrder.nativeOrder());
        data.put(tensor.data()).flip();
        OnnxJavaType type = switch (tensor.type().element()) {
            case FLOAT -> OnnxJavaType.FLOAT;
            case INT64 -> OnnxJavaType.INT64;
            case BOOL -> OnnxJavaType.BOOL;
            default -> throw new IllegalArgumentException("No checkpoint holds " + tensor.type());
        };
        return OnnxTensor.createTensor(
                OrtEnvironment.getEnvironment(), data, tensor.shape().toArray(), type);
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot close the step: " + TrainingSession.oneLine(e), e);
        }
    }
}

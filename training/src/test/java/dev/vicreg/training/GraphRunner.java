package dev.vicreg.training;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
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
import dev.vicreg.training.step.lowering.Lowering;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs a graph in a plain session, inputs and outputs as tensors. */
public final class GraphRunner implements AutoCloseable {
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Graph graph;

    /** Runs {@code graph} with plain kernels. */
    public GraphRunner(Graph graph) {
        this(graph, OnnxFile.bytes(Lowering.NONE.apply(graph), Map.of()));
    }

    /** Runs {@code model}, whose inputs are those of {@code graph}. */
    public GraphRunner(Graph graph, byte[] model) {
        this(graph, model, Device.CPU);
    }

    /** The same on a device. */
    public GraphRunner(Graph graph, byte[] model, Device device) {
        NativeLibraries.load(); // before ONNX Runtime loads its own
        this.graph = graph;
        this.environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = OrtSessions.options(device, 1)) {
            session = environment.createSession(model, options);
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    public static Map<String, Tensor> run(Graph graph, Map<String, Tensor> inputs) {
        try (GraphRunner runner = new GraphRunner(graph)) {
            return runner.run(inputs);
        }
    }

    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
        Map<String, OnnxTensor> fed = new LinkedHashMap<>();
        try {
            for (Value input : graph.inputs()) {
                Tensor tensor = inputs.get(String.valueOf(input.name()));
                if (tensor != null) {
                    fed.put(String.valueOf(input.name()), toOrt(tensor));
                }
            }
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            try (OrtSession.Result result = session.run(fed)) {
                for (Map.Entry<String, OnnxValue> entry : result) {
                    outputs.put(entry.getKey(), fromOrt((OnnxTensor) entry.getValue()));
                }
            }
            return outputs;
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
    }

    private OnnxTensor toOrt(Tensor tensor) throws OrtException {
        ByteBuffer data = ByteBuffer.allocateDirect(tensor.data().length).order(ByteOrder.nativeOrder());
        data.put(tensor.data()).flip();
        OnnxJavaType type = switch (tensor.type().element()) {
            case FLOAT -> OnnxJavaType.FLOAT;
            case UINT8 -> OnnxJavaType.UINT8;
            case INT64 -> OnnxJavaType.INT64;
            default -> throw new IllegalArgumentException("not fed in tests: " + tensor);
        };
        return OnnxTensor.createTensor(environment, data, tensor.shape().toArray(), type);
    }

    private static Tensor fromOrt(OnnxTensor tensor) {
        Shape shape = Shape.of(tensor.getInfo().getShape());
        ElementType element = switch (tensor.getInfo().type) {
            case FLOAT -> ElementType.FLOAT;
            case BOOL -> ElementType.BOOL;
            case INT64 -> ElementType.INT64;
            default -> throw new IllegalArgumentException("not fetched in tests: " + tensor.getInfo());
        };
        ByteBuffer buffer = tensor.getByteBuffer();
        byte[] data = new byte[buffer.remaining()];
        buffer.get(data);
        return new Tensor(new TensorType(element, shape), data);
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }
}

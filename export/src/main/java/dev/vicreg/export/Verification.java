package dev.vicreg.export;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.input.DeclaredInput;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compares an exported encoder with the evaluation graph that it stands for, on samples made up for it.
 *
 * @param evalModel the file with every parameter as an input
 * @param evalOutput name of its output that the encoder is to give
 * @param views its inputs that are no parameters
 * @param state the parameters
 * @param input of the encoder
 * @param view name of the one among {@code views} that the encoder reads
 * @param front scale and layout of its pictures, where the encoder takes uint8; null where both take the same
 * @param output name of the encoder's output
 * @param pool how that becomes one vector per sample
 */
record Verification(
        Path evalModel,
        String evalOutput,
        List<Value> views,
        Map<String, Tensor> state,
        Input<?> input,
        String view,
        Input.@Nullable Pictures front,
        String output,
        OutputPooling pool) {
    /** Of a file of this project's form. */
    Verification(
            Path evalModel,
            String evalOutput,
            List<Value> views,
            Map<String, Tensor> state,
            Input<?> input,
            String view,
            Input.@Nullable Pictures front) {
        this(evalModel, evalOutput, views, state, input, view, front, EncoderExport.EMBEDDING, OutputPooling.NONE);
    }

    /** Largest difference that is published, as a share of the largest value. */
    static final double TOLERANCE = 1e-4;

    /**
     * The largest difference between the two models' outputs as a share of the largest value, on a batch and on a
     * single sample. Runs on the CPU.
     *
     * @param exported the bytes of the file to be published
     * @throws IOException if ONNX Runtime refuses either model
     * @throws IllegalStateException if a value of the evaluation graph's is not finite
     */
    double difference(byte[] exported) throws IOException {
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession served = OrtEnvironment.getEnvironment().createSession(exported, options)) {
            return difference(served);
        } catch (OrtException e) {
            throw cannotCompare(e);
        }
    }

    /**
     * The same for a file, which may be larger than an array can be and may have external data.
     *
     * @param exported a name that the file has until it is published
     */
    double difference(Path exported) throws IOException {
        try (OrtSession served = OrtSessions.open(exported, Device.CPU, 0)) {
            return difference(served);
        } catch (OrtException e) {
            throw cannotCompare(e);
        }
    }

    private IOException cannotCompare(OrtException e) {
        return new IOException("Cannot compare the exported encoder with " + evalModel + ": " + e.getMessage(), e);
    }

    private double difference(OrtSession served) throws IOException, OrtException {
        Map<String, OnnxTensor> parameters = new LinkedHashMap<>();
        try (OrtSession evaluated = OrtSessions.open(evalModel, Device.CPU, 0)) {
            for (Map.Entry<String, Tensor> entry : state.entrySet()) {
                if (evaluated.getInputInfo().containsKey(entry.getKey())) {
                    parameters.put(entry.getKey(), tensor(entry.getValue()));
                }
            }
            double largest = 0;
            for (int count : MadeUpSamples.COUNTS) {
                largest = Math.max(largest, difference(evaluated, parameters, served, count));
            }
            return largest;
        } finally {
            parameters.values().forEach(OnnxTensor::close);
        }
    }

    /** All views are fed, since ONNX Runtime asks for every input; what the encoder doesn't read makes no difference. */
    private double difference(OrtSession evaluated, Map<String, OnnxTensor> parameters, OrtSession served, int count)
            throws IOException, OrtException {
        Map<String, Tensor> madeUp = new LinkedHashMap<>();
        for (Value each : views) {
            String name = String.valueOf(each.name());
            madeUp.put(name, MadeUpSamples.of(each.type(), count, input, view.equals(name)));
        }
        Tensor own = madeUp.get(view);
        if (own == null) {
            throw new IllegalStateException("The encoder reads " + view + ", expected one of " + views);
        }
        if (front != null) {
            own = MadeUpSamples.of(EncoderExport.pictures(front, Dim.of(count)), count, input, true);
            madeUp.put(view, normalised(own, front));
        }
        Map<String, OnnxTensor> fed = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, Tensor> entry : madeUp.entrySet()) {
                fed.put(entry.getKey(), tensor(entry.getValue()));
            }
            Map<String, OnnxTensor> feeds = new LinkedHashMap<>(parameters);
            feeds.putAll(fed);
            boolean[][] all = new boolean[0][];
            float[] expected = joined(Arrays.asList(run(evaluated, feeds, evalOutput, OutputPooling.NONE, all)));
            return difference(expected, run(served, own));
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
    }

    /** The exported file's output for its input, and what follows from that, in batches as it takes them. */
    private float[] run(OrtSession served, Tensor own) throws IOException, OrtException {
        DeclaredInput declared = DeclaredInput.of(served.getInputInfo(), input, "The exported encoder");
        int count = Math.toIntExact(own.shape().size(0));
        int size = declared.batch(count);
        int bytes = own.data().length / count;
        List<float[]> rows = new ArrayList<>();
        for (int start = 0; start < count; start += size) {
            int given = Math.min(size, count - start);
            ByteBuffer values = ByteBuffer.allocateDirect(size * bytes).order(ByteOrder.nativeOrder());
            values.put(own.data(), start * bytes, given * bytes).clear();
            rows.addAll(Arrays.asList(run(served, declared, values, own.shape().with(0, Dim.of(size))))
                    .subList(0, given));
        }
        return joined(rows);
    }

    private float[][] run(OrtSession served, DeclaredInput declared, ByteBuffer values, Shape shape)
            throws OrtException {
        Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
        try {
            int count = Math.toIntExact(shape.size(0));
            feeds.putAll(input.derived(served, values, shape.toArray(), ByteBuffer::allocateDirect));
            feeds.put(input.name(), declared.tensor(values, count, ByteBuffer::allocateDirect));
            return run(
                    served, feeds, output, pool, input.kept(values.duplicate().order(values.order()), count));
        } finally {
            feeds.values().forEach(OnnxTensor::close);
        }
    }

    /** What the evaluation graph is fed for these pictures: computed here, not by the nodes that are to be verified. */
    private static Tensor normalised(Tensor pictures, Input.Pictures front) {
        Shape shape = pictures.shape();
        int count = Math.toIntExact(shape.size(0));
        int size = pictures.data().length / count;
        FloatBuffer values = FloatBuffer.allocate(pictures.data().length);
        for (int i = 0; i < count; i++) {
            values.put(front.normalised(Arrays.copyOfRange(pictures.data(), i * size, (i + 1) * size)));
        }
        boolean first = Input.Pictures.CHANNELS_FIRST.equals(front.layout());
        Shape layout = new Shape(List.of(shape.at(0), shape.at(3), shape.at(1), shape.at(2)));
        return Tensor.of(first ? layout : shape, values.array());
    }

    /** max |a - b| / max |a|; infinite if one of the values found is no finite number. */
    static double difference(float[] expected, float[] found) {
        if (expected.length != found.length) {
            throw new IllegalStateException(
                    "The exported encoder gives " + found.length + " values, expected " + expected.length);
        }
        double scale = 0;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            if (!Float.isFinite(expected[i])) {
                throw new IllegalStateException(
                        "The encoder's output is not finite, so it is not published: its training"
                                + " has diverged; export an earlier checkpoint");
            }
            double difference = Math.abs((double) expected[i] - found[i]);
            scale = Math.max(scale, Math.abs(expected[i]));
            largest = Math.max(largest, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
        }
        return largest == 0 ? 0 : largest / scale;
    }

    private static float[][] run(
            OrtSession session, Map<String, OnnxTensor> feeds, String output, OutputPooling pool, boolean[][] kept)
            throws OrtException {
        try (OrtSession.Result result = session.run(feeds)) {
            return pool.rows((OnnxTensor) result.get(output).orElseThrow(), kept);
        }
    }

    static float[] joined(List<float[]> rows) {
        FloatBuffer values = FloatBuffer.allocate(rows.size() * rows.get(0).length);
        rows.forEach(values::put);
        return values.array();
    }

    /** The tensor for ONNX Runtime, which the caller closes. */
    static OnnxTensor tensor(Tensor tensor) throws OrtException {
        // The Java API takes bytes of any element type from direct buffers only.
        ByteBuffer direct = ByteBuffer.allocateDirect(tensor.data().length).order(ByteOrder.nativeOrder());
        direct.put(tensor.data()).flip();
        OnnxJavaType type = javaType(tensor.type().element());
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        return OnnxTensor.createTensor(environment, direct, tensor.shape().toArray(), type);
    }

    private static OnnxJavaType javaType(ElementType element) {
        return switch (element) {
            case FLOAT -> OnnxJavaType.FLOAT;
            case UINT8 -> OnnxJavaType.UINT8;
            case INT8 -> OnnxJavaType.INT8;
            case INT32 -> OnnxJavaType.INT32;
            case INT64 -> OnnxJavaType.INT64;
            case BOOL -> OnnxJavaType.BOOL;
            case FLOAT16 -> OnnxJavaType.FLOAT16;
            case DOUBLE -> OnnxJavaType.DOUBLE;
        };
    }
}

package dev.vicreg.tools.command;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Computes something small on a device and compares it with the CPU. */
final class DeviceTrial {
    private static final int BATCH = 4;
    private static final int CHANNELS = 8;
    private static final int SIZE = 16;
    private static final int KERNEL = 3;
    private static final double TOLERANCE = 1e-4; // sums of 72 and 256 float32 products; TF32 is off

    /**
     * What came of it.
     *
     * @param device where it was computed
     * @param seconds of opening a session and running it once, without the unpacking of libraries
     * @param difference largest difference from the CPU, relative to the largest value
     */
    record Result(String device, double seconds, double difference) {}

    private DeviceTrial() {}

    /**
     * Tries a convolution and a matrix product, and so cuDNN and cuBLAS.
     *
     * @throws IllegalStateException if the device can't be used: says what is missing, or what ONNX Runtime says
     */
    static Result of(Device device) {
        Device resolved = OrtSessions.resolve(device);
        byte[] model = model();
        float[] expected = run(model, Device.CPU);
        long start = System.nanoTime();
        float[] found = run(model, resolved);
        double seconds = (System.nanoTime() - start) * 1e-9;
        double scale = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            scale = Math.max(scale, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs(expected[i] - found[i]));
        }
        if (!(difference < TOLERANCE * scale)) {
            throw new IllegalStateException(
                    "Device " + resolved + " computes wrong numbers: they differ from the CPU's by "
                            + difference / scale + ", expected less than " + TOLERANCE
                            + "; driver and libraries may not fit each other");
        }
        return new Result(resolved.toString(), seconds, difference / scale);
    }

    /** y = conv(x, w) [4,8,16,16] → [32,256], times its transpose. */
    private static byte[] model() {
        Value x = input("x", BATCH, CHANNELS, SIZE, SIZE);
        Value w = input("w", CHANNELS, CHANNELS, KERNEL, KERNEL);
        Ops ops = new Ops();
        Value maps = ops.conv(x, w, null, Ops.window(KERNEL, 1, KERNEL / 2));
        Value rows = ops.reshape(maps, BATCH * CHANNELS, SIZE * SIZE);
        Value y = ops.matMul(rows, ops.transpose(rows, 1, 0));
        return OnnxFile.bytes(Graph.of("trial", List.of(x, w), Map.of("y", y)), Map.of());
    }

    private static Value input(String name, long... shape) {
        return Value.input(name, new TensorType(ElementType.FLOAT, Shape.of(shape)));
    }

    private static float[] run(byte[] model, Device device) {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = OrtSessions.options(device, 1)) {
            if (device.kind() == Device.Kind.CUDA) {
                options.addConfigEntry("session.disable_cpu_ep_fallback", "1"); // or the CPU would do it silently
            }
            try (OrtSession session = environment.createSession(model, options);
                    OnnxTensor x = random(environment, 1, BATCH, CHANNELS, SIZE, SIZE);
                    OnnxTensor w = random(environment, 2, CHANNELS, CHANNELS, KERNEL, KERNEL);
                    OrtSession.Result result = session.run(Map.of("x", x, "w", w))) {
                FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
                float[] all = new float[values.remaining()];
                values.get(all);
                return all;
            }
        } catch (OrtException e) {
            throw new IllegalStateException(
                    "Cannot compute on " + device + ": "
                            + String.valueOf(e.getMessage()).replaceAll("\\s+", " "),
                    e);
        }
    }

    private static OnnxTensor random(OrtEnvironment environment, long seed, long... shape) throws OrtException {
        int size = 1;
        for (long axis : shape) {
            size = Math.multiplyExact(size, Math.toIntExact(axis));
        }
        float[] values = new float[size];
        Random random = new Random(seed);
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), shape);
    }
}

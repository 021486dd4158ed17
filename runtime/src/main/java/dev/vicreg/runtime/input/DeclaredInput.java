package dev.vicreg.runtime.input;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import ai.onnxruntime.platform.Fp16Conversions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * A file's input as the file declares it, which may be another than its {@link Input} gives: float16 or float64 for
 * float32, int32 for int64, without an axis of one channel, with batches of a fixed size. Values are converted when they
 * are fed. Immutable by agreement: nobody changes the axes.
 *
 * @param given type of the values given
 * @param type of the values that the file takes
 * @param sample axes of a sample as the file takes them
 * @param fixed samples in a batch; 0 for any number
 */
public record DeclaredInput(OnnxJavaType given, OnnxJavaType type, long[] sample, int fixed) {
    private static final Map<OnnxJavaType, Set<OnnxJavaType>> CONVERTED = Map.of(
            OnnxJavaType.FLOAT, Set.of(OnnxJavaType.FLOAT, OnnxJavaType.FLOAT16, OnnxJavaType.DOUBLE),
            OnnxJavaType.INT64, Set.of(OnnxJavaType.INT64, OnnxJavaType.INT32));

    /**
     * Where the file takes this.
     *
     * @param file what messages call it
     * @throws IOException if it has no such input, or that takes something else
     */
    public static DeclaredInput of(Map<String, NodeInfo> inputs, Input<?> input, String file) throws IOException {
        NodeInfo node = inputs.get(input.name());
        String expected =
                input.type().name().toLowerCase(Locale.ROOT) + " " + Arrays.toString(batchOf(-1, input.shape()));
        if (node == null) {
            throw new IOException(
                    file + " has no input '" + input.name() + "' " + expected + "; it has " + inputs.keySet());
        }
        if (node.getInfo() instanceof TensorInfo info
                && CONVERTED.getOrDefault(input.type(), Set.of(input.type())).contains(info.type)) {
            long[] declared = info.getShape();
            for (long[] sample : new long[][] {input.shape(), withoutOnes(input.shape())}) {
                if (fits(declared, batchOf(-1, sample))) {
                    return new DeclaredInput(input.type(), info.type, sample, 0);
                }
                if (declared.length > 0 && fits(declared, batchOf(declared[0], sample))) {
                    return new DeclaredInput(input.type(), info.type, sample, Math.toIntExact(declared[0]));
                }
            }
        }
        throw new IOException(file + ": input '" + input.name() + "' is " + node.getInfo() + ", expected " + expected);
    }

    /** Whether a model that declares {@code declared} takes {@code wanted}; -1 stands for a size that is left open. */
    public static boolean fits(long[] declared, long[] wanted) {
        return declared.length == wanted.length
                && IntStream.range(0, wanted.length)
                        .allMatch(axis -> declared[axis] == -1 || declared[axis] == wanted[axis]);
    }

    private static long[] withoutOnes(long[] axes) {
        return Arrays.stream(axes).filter(size -> size != 1).toArray();
    }

    private static long[] batchOf(long count, long[] sample) {
        long[] axes = new long[sample.length + 1];
        axes[0] = count;
        System.arraycopy(sample, 0, axes, 1, sample.length);
        return axes;
    }

    /** The same for samples of these axes, where the file leaves some open. */
    public DeclaredInput of(long... axes) {
        return new DeclaredInput(given, type, axes, fixed);
    }

    /** Samples in the batch that is run for so many. */
    public int batch(int count) {
        return fixed > 0 ? fixed : count;
    }

    /** Samples that run at once. */
    public int batchSize(Input<?> input) {
        return fixed > 0 ? fixed : input.batchSize();
    }

    /**
     * Values as the file takes them; the caller closes the tensor.
     *
     * @param values of {@code count} samples in native order, from position 0 to the limit
     * @param memory direct memory of at least so many bytes, which the tensor then lies in if its type is another
     */
    public OnnxTensor tensor(ByteBuffer values, int count, IntFunction<ByteBuffer> memory) throws OrtException {
        ByteBuffer fed = given == type ? values : converted(values, memory);
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), fed, batchOf(count, sample), type);
    }

    private ByteBuffer converted(ByteBuffer values, IntFunction<ByteBuffer> memory) {
        int count = values.remaining() / given.size;
        ByteBuffer from = values.duplicate().order(ByteOrder.nativeOrder());
        ByteBuffer to =
                memory.apply(count * type.size).slice(0, count * type.size).order(ByteOrder.nativeOrder());
        for (int i = 0; i < count; i++) {
            switch (type) {
                case FLOAT16 -> to.putShort(Fp16Conversions.floatToFp16(from.getFloat()));
                case DOUBLE -> to.putDouble(from.getFloat());
                default -> to.putInt((int) from.getLong());
            }
        }
        return to.flip();
    }
}

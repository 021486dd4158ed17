package dev.vicreg.runtime.input;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;

/**
 * Inputs of a model of ids that follow from the ids, by the names that Hugging Face's networks give them: an attention mask
 * is 1 where an id is no padding, token types are 0, as in a single sentence, positions count from 0.
 */
final class DerivedInputs {
    private static final String ATTENTION_MASK = "attention_mask";
    private static final String TOKEN_TYPES = "token_type_ids";
    private static final String POSITIONS = "position_ids";

    private DerivedInputs() {}

    /** Whether an input of that name follows from ids. */
    static boolean follows(String name) {
        return name.endsWith(ATTENTION_MASK) || name.endsWith(TOKEN_TYPES) || name.endsWith(POSITIONS);
    }

    /**
     * Checks that every input but the ids follows from them.
     *
     * @param ids name of the input that is fed
     * @throws IOException if one doesn't, or has a type that is neither an integer, a float nor a boolean
     */
    static void require(Map<String, NodeInfo> inputs, String ids, String model) throws IOException {
        for (Map.Entry<String, NodeInfo> input : inputs.entrySet()) {
            if (input.getKey().equals(ids)) {
                continue;
            }
            boolean known = input.getValue().getInfo() instanceof TensorInfo info
                    && (info.type == OnnxJavaType.INT64
                            || info.type == OnnxJavaType.INT32
                            || info.type == OnnxJavaType.FLOAT
                            || info.type == OnnxJavaType.BOOL);
            if (!follows(input.getKey()) || !known) {
                throw new IOException(model + " has an input " + input.getKey() + " that nobody feeds: expected " + ids
                        + " alone, or beside it " + ATTENTION_MASK + ", " + TOKEN_TYPES + " and " + POSITIONS);
            }
        }
    }

    /**
     * What the session wants beside the ids; the caller closes the tensors.
     *
     * @param session a model all of whose inputs but {@code name} follow from it
     * @param name of the ids' input
     * @param ids int64 [N,T] in native order, from position 0 to the limit; not changed
     * @param shape N and T
     * @param padding the id that fills up
     * @param memory direct memory of at least so many bytes, which a tensor then lies in
     */
    static Map<String, OnnxTensor> of(
            OrtSession session, String name, ByteBuffer ids, long[] shape, int padding, IntFunction<ByteBuffer> memory)
            throws OrtException {
        Map<String, OnnxTensor> derived = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, NodeInfo> input : session.getInputInfo().entrySet()) {
                if (!input.getKey().equals(name) && input.getValue().getInfo() instanceof TensorInfo info) {
                    int bytes = ids.limit() / Long.BYTES * info.type.size;
                    ByteBuffer values = memory.apply(bytes).slice(0, bytes).order(ByteOrder.nativeOrder());
                    IntToLongFunction value = value(input.getKey(), ids, shape[1], padding);
                    for (int i = 0; i < ids.limit() / Long.BYTES; i++) {
                        write(value.applyAsLong(i), info.type, values);
                    }
                    values.flip();
                    derived.put(
                            input.getKey(),
                            OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), values, shape, info.type));
                }
            }
            return derived;
        } catch (Throwable e) { // whatever it is, and thrown on
            derived.values().forEach(OnnxTensor::close);
            throw e;
        }
    }

    /** What an input holds at a place. */
    private static IntToLongFunction value(String name, ByteBuffer ids, long length, int padding) {
        if (name.endsWith(POSITIONS)) {
            return i -> i % length;
        }
        ByteBuffer from = ids.duplicate().order(ByteOrder.nativeOrder());
        return name.endsWith(ATTENTION_MASK) ? i -> from.getLong(i * Long.BYTES) == padding ? 0 : 1 : i -> 0;
    }

    private static void write(long value, OnnxJavaType type, ByteBuffer values) {
        switch (type) {
            case INT64 -> values.putLong(value);
            case INT32 -> values.putInt((int) value);
            case FLOAT -> values.putFloat((float) value);
            default -> values.put((byte) value);
        }
    }
}

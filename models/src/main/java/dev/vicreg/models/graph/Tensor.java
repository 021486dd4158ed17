package dev.vicreg.models.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor's data: row-major, little-endian, on the heap. Immutable by convention: nobody writes into {@link #data}
 * after construction, so that tensors of hundreds of megabytes need no copies.
 */
public final class Tensor {
    private final TensorType type;
    private final byte[] data;

    /**
     * Wraps {@code data}, which must not change afterwards.
     *
     * @throws IllegalArgumentException if the number of bytes does not fit the type
     */
    public Tensor(TensorType type, byte[] data) {
        requireBytes(type, data.length);
        this.type = type;
        this.data = data;
    }

    /**
     * Checks how many bytes of data a tensor has.
     *
     * @throws IllegalArgumentException if the number does not fit the type
     */
    public static void requireBytes(TensorType type, long found) {
        long expected = Math.multiplyExact(
                type.shape().elements(), (long) type.element().bytes());
        if (expected != found) {
            throw new IllegalArgumentException(
                    "Tensor " + type + " needs " + expected + " bytes of data, found " + found);
        }
    }

    /** A float tensor with a copy of {@code values}, row-major. */
    public static Tensor of(Shape shape, float... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(values);
        return new Tensor(new TensorType(ElementType.FLOAT, shape), buffer.array());
    }

    /** A one-dimensional int64 tensor with a copy of {@code values}. */
    public static Tensor ofLongs(long... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(values);
        return new Tensor(new TensorType(ElementType.INT64, Shape.of(values.length)), buffer.array());
    }

    /** An int64 scalar (rank 0). */
    public static Tensor ofLong(long value) {
        return new Tensor(
                new TensorType(ElementType.INT64, Shape.SCALAR), ofLongs(value).data());
    }

    /** A float scalar (rank 0). */
    public static Tensor scalar(float value) {
        return of(Shape.SCALAR, value);
    }

    /** A boolean scalar (rank 0). */
    public static Tensor scalar(boolean value) {
        return new Tensor(new TensorType(ElementType.BOOL, Shape.SCALAR), new byte[] {(byte) (value ? 1 : 0)});
    }

    /** A float tensor whose elements are all {@code value}. */
    public static Tensor filled(Shape shape, float value) {
        ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(Math.multiplyExact(shape.elements(), Float.BYTES)))
                .order(ByteOrder.LITTLE_ENDIAN);
        if (Float.floatToRawIntBits(value) != 0) { // new memory is zero already: optimizer state, often large
            while (buffer.hasRemaining()) {
                buffer.putFloat(value);
            }
        }
        return new Tensor(new TensorType(ElementType.FLOAT, shape), buffer.array());
    }

    /** A float tensor rounded to float16, to nearest, ties to even. */
    public Tensor toFloat16() {
        float[] values = floats();
        ByteBuffer rounded =
                ByteBuffer.allocate(values.length * ElementType.FLOAT16.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            rounded.putShort(HalfPrecision.toFloat16(value));
        }
        return new Tensor(new TensorType(ElementType.FLOAT16, shape()), rounded.array());
    }

    /** Element type and shape. */
    public TensorType type() {
        return type;
    }

    /** The shape. */
    public Shape shape() {
        return type.shape();
    }

    /** The bytes, row-major and little-endian: not a copy, not to be written to. */
    public byte[] data() {
        return data;
    }

    /** A read-only little-endian view of the bytes. */
    public ByteBuffer buffer() {
        return ByteBuffer.wrap(data).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * A copy of the elements of a float tensor.
     *
     * @throws IllegalStateException for another element type
     */
    public float[] floats() {
        require(ElementType.FLOAT);
        float[] values = new float[data.length / Float.BYTES];
        buffer().asFloatBuffer().get(values);
        return values;
    }

    /**
     * A copy of the elements of an int64 tensor.
     *
     * @throws IllegalStateException for another element type
     */
    public long[] longs() {
        require(ElementType.INT64);
        long[] values = new long[data.length / Long.BYTES];
        buffer().asLongBuffer().get(values);
        return values;
    }

    private void require(ElementType expected) {
        if (type.element() != expected) {
            throw new IllegalStateException("Expected a tensor of " + expected + ", found " + type);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tensor that && type.equals(that.type) && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * type.hashCode() + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
        return "Tensor " + type;
    }
}

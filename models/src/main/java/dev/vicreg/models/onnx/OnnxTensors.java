package dev.vicreg.models.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProtoOrBuilder;
import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.HalfPrecision;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tensors as ONNX files hold them. In memory a graph computes in float32: float16, bfloat16 and float64 become float32 on
 * the way in, and an initialiser's stored type is kept on the way back. Finite float64 numbers beyond float32 become its
 * largest number rather than infinity, so that masks such as -1e300 don't turn into NaN.
 */
final class OnnxTensors {
    private OnnxTensors() {}

    /**
     * The element type in memory of ONNX's type number {@code code}.
     *
     * @throws IllegalArgumentException for a type that is not supported
     */
    static ElementType inMemory(int code) {
        return switch (code) {
            case TensorProto.DataType.FLOAT16_VALUE,
                    TensorProto.DataType.BFLOAT16_VALUE,
                    TensorProto.DataType.DOUBLE_VALUE -> ElementType.FLOAT;
            case TensorProto.DataType.FLOAT_VALUE,
                    TensorProto.DataType.UINT8_VALUE,
                    TensorProto.DataType.INT8_VALUE,
                    TensorProto.DataType.INT32_VALUE,
                    TensorProto.DataType.INT64_VALUE,
                    TensorProto.DataType.BOOL_VALUE -> ElementType.ofCode(code);
            default ->
                throw new IllegalArgumentException("element type " + typeName(code)
                        + " is not supported: expected float, float16, bfloat16, double, uint8, int8, int32, int64"
                        + " or bool");
        };
    }

    /** The name of ONNX's type number {@code code}, as ONNX's documents write it. */
    static String typeName(int code) {
        TensorProto.DataType type = TensorProto.DataType.forNumber(code);
        return type == null ? "number " + code : type.name().toLowerCase(Locale.ROOT);
    }

    /** Bits of one stored element of any type; 0 for strings and unknown types. */
    static int bits(int code) {
        TensorProto.DataType type = TensorProto.DataType.forNumber(code);
        return type == null
                ? 0
                : switch (type) {
                    case INT4, UINT4 -> 4;
                    case BOOL, INT8, UINT8, FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ -> 8;
                    case INT16, UINT16, FLOAT16, BFLOAT16 -> 16;
                    case FLOAT, INT32, UINT32 -> 32;
                    case DOUBLE, INT64, UINT64, COMPLEX64 -> 64;
                    case COMPLEX128 -> 128;
                    default -> 0;
                };
    }

    /** Bytes of one stored element. */
    private static int storedBytes(int code) {
        return switch (code) {
            case TensorProto.DataType.FLOAT16_VALUE, TensorProto.DataType.BFLOAT16_VALUE -> 2;
            case TensorProto.DataType.DOUBLE_VALUE -> 8;
            default -> inMemory(code).bytes();
        };
    }

    /** Shape and type in memory; does not look at the data. */
    static TensorType type(TensorProtoOrBuilder proto) {
        long[] dims = new long[proto.getDimsCount()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = proto.getDims(i);
        }
        return new TensorType(inMemory(proto.getDataType()), Shape.of(dims));
    }

    /**
     * The tensor in memory.
     *
     * @throws IOException if external data cannot be had
     * @throws IllegalArgumentException if type, shape and data do not fit each other; the message names the tensor
     */
    static Tensor read(TensorProto proto, ExternalData external) throws IOException {
        try {
            int code = proto.getDataType();
            TensorType type = type(proto);
            long expected = storedSize(proto);
            byte[] stored = stored(proto, code, external);
            if (stored.length != expected) {
                throw new IllegalArgumentException(
                        typeName(code) + type.shape() + " needs " + expected + " bytes, found " + stored.length);
            }
            return new Tensor(type, toMemory(code, stored));
        } catch (IOException e) {
            throw new IOException("tensor " + proto.getName() + ": " + e.getMessage(), e);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IllegalArgumentException("tensor " + proto.getName() + ": " + e.getMessage(), e);
        }
    }

    private static byte[] stored(TensorProto proto, int code, ExternalData external) throws IOException {
        if (proto.hasSegment()) {
            throw new IllegalArgumentException("data in segments are not supported");
        }
        if (isExternal(proto)) {
            return external.read(place(proto));
        }
        return proto.hasRawData() ? array(proto.getRawData()) : typedData(proto, code);
    }

    static boolean isExternal(TensorProtoOrBuilder proto) {
        return proto.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
    }

    /**
     * Where the data of a tensor lie that are not in the model.
     *
     * @throws IllegalArgumentException if the model doesn't say so, or the length is not what the shape needs
     */
    static ExternalData.Place place(TensorProtoOrBuilder proto) {
        long expected = storedSize(proto);
        Map<String, String> entries = new HashMap<>();
        for (StringStringEntryProto entry : proto.getExternalDataList()) {
            entries.put(entry.getKey(), entry.getValue());
        }
        String location = entries.getOrDefault("location", "");
        if (location.isEmpty()) {
            throw new IllegalArgumentException("its external data have no location");
        }
        try {
            long offset = Long.parseLong(entries.getOrDefault("offset", "0"));
            long length = Long.parseLong(entries.getOrDefault("length", Long.toString(expected)));
            if (length != expected) {
                throw new IllegalArgumentException(
                        "its shape needs " + expected + " bytes, its external data in " + location + " have " + length);
            }
            return new ExternalData.Place(location, offset, length);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("offset or length of its external data is no number", e);
        }
    }

    /** Bytes of the data as stored. */
    static long storedSize(TensorProtoOrBuilder proto) {
        return Math.multiplyExact(type(proto).shape().elements(), (long) storedBytes(proto.getDataType()));
    }

    /** The bytes: the array that protobuf read them into, where it is exactly that, else a copy. */
    private static byte[] array(ByteString bytes) throws IOException {
        Whole whole = new Whole();
        UnsafeByteOperations.unsafeWriteTo(bytes, whole);
        return whole.array != null && whole.array.length == bytes.size() ? whole.array : bytes.toByteArray();
    }

    /** Takes hold of the array behind a {@link ByteString}. Tensors don't change, so sharing it is safe. */
    private static final class Whole extends ByteOutput {
        private byte @Nullable [] array;

        @Override
        public void writeLazy(byte[] value, int offset, int length) {
            array = array == null && offset == 0 && length == value.length ? value : new byte[0];
        }

        @Override
        public void write(byte value) {}

        @Override
        public void write(byte[] value, int offset, int length) {}

        @Override
        public void write(ByteBuffer value) {}

        @Override
        public void writeLazy(ByteBuffer value) {}
    }

    private static byte[] typedData(TensorProto proto, int code) {
        int count = switch (code) {
            case TensorProto.DataType.FLOAT_VALUE -> proto.getFloatDataCount();
            case TensorProto.DataType.INT64_VALUE -> proto.getInt64DataCount();
            case TensorProto.DataType.DOUBLE_VALUE -> proto.getDoubleDataCount();
            default -> proto.getInt32DataCount();
        };
        int width = storedBytes(code);
        ByteBuffer data = ByteBuffer.allocate(Math.multiplyExact(count, width)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            switch (code) {
                case TensorProto.DataType.FLOAT_VALUE -> data.putFloat(proto.getFloatData(i));
                case TensorProto.DataType.INT64_VALUE -> data.putLong(proto.getInt64Data(i));
                case TensorProto.DataType.DOUBLE_VALUE -> data.putDouble(proto.getDoubleData(i));
                default -> put(data, width, proto.getInt32Data(i)); // narrower types lie in int32_data one by one
            }
        }
        return data.array();
    }

    private static void put(ByteBuffer data, int width, int value) {
        switch (width) {
            case 1 -> data.put((byte) value);
            case 2 -> data.putShort((short) value);
            default -> data.putInt(value);
        }
    }

    private static byte[] toMemory(int code, byte[] stored) {
        int width = storedBytes(code);
        if (inMemory(code) != ElementType.FLOAT || code == TensorProto.DataType.FLOAT_VALUE) {
            return stored;
        }
        int count = stored.length / width;
        ByteBuffer from = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer to =
                ByteBuffer.allocate(Math.multiplyExact(count, Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            to.putFloat(
                    switch (code) {
                        case TensorProto.DataType.FLOAT16_VALUE -> HalfPrecision.fromFloat16(from.getShort());
                        case TensorProto.DataType.BFLOAT16_VALUE -> HalfPrecision.fromBfloat16(from.getShort());
                        default -> toFloat(from.getDouble());
                    });
        }
        return to.array();
    }

    private static float toFloat(double value) {
        return Double.isInfinite(value)
                ? (float) value
                : (float) Math.max(-Float.MAX_VALUE, Math.min(value, Float.MAX_VALUE));
    }

    /** A tensor in its own type. */
    static TensorProto write(String name, Tensor tensor) {
        TensorProto.Builder proto = TensorProto.newBuilder()
                .setName(name)
                .setDataType(tensor.type().element().code())
                .setRawData(UnsafeByteOperations.unsafeWrap(tensor.data()));
        for (long size : tensor.shape().toArray()) {
            proto.addDims(size);
        }
        return proto.build();
    }

    /**
     * The bytes that a tensor of ONNX's type number {@code code} holds for {@code tensor}: the way back from
     * {@link #read}.
     *
     * @throws IllegalArgumentException if the tensor is of another type in memory, or a number is too large for float16
     */
    static byte[] toStored(Tensor tensor, int code) {
        ElementType expected = inMemory(code);
        if (tensor.type().element() != expected) {
            throw new IllegalArgumentException("expected " + expected + ", found " + tensor.type());
        }
        if (expected != ElementType.FLOAT || code == TensorProto.DataType.FLOAT_VALUE) {
            return tensor.data();
        }
        ByteBuffer from = tensor.buffer();
        int count = tensor.data().length / Float.BYTES;
        ByteBuffer to = ByteBuffer.allocate(Math.multiplyExact(count, storedBytes(code)))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            float value = from.getFloat();
            switch (code) {
                case TensorProto.DataType.FLOAT16_VALUE -> to.putShort(toFloat16(value));
                case TensorProto.DataType.BFLOAT16_VALUE -> to.putShort(HalfPrecision.toBfloat16(value));
                default -> to.putDouble(value);
            }
        }
        return to.array();
    }

    private static short toFloat16(float value) {
        short half = HalfPrecision.toFloat16(value);
        if (Float.isFinite(value) && Float.isInfinite(HalfPrecision.fromFloat16(half))) {
            throw new IllegalArgumentException(value + " is too large for float16, the type that the file stores");
        }
        return half;
    }
}

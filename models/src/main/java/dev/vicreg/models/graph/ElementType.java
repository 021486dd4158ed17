package dev.vicreg.models.graph;

/** Element types of tensors, with ONNX's code ({@code TensorProto.DataType}) and the size of an element in bytes. */
public enum ElementType {
    FLOAT(1, 4),
    UINT8(2, 1),
    INT8(3, 1),
    INT32(6, 4),
    INT64(7, 8),
    BOOL(9, 1),
    FLOAT16(10, 2),
    DOUBLE(11, 8);

    private final int code;
    private final int bytes;

    ElementType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /** ONNX's {@code TensorProto.DataType} number. */
    public int code() {
        return code;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether gradients can flow through elements of this type. */
    public boolean isFloatingPoint() {
        return this == FLOAT || this == FLOAT16 || this == DOUBLE;
    }

    /**
     * The type with ONNX's number {@code code}.
     *
     * @throws IllegalArgumentException for a number that this project does not read
     */
    public static ElementType ofCode(int code) {
        for (ElementType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        throw new IllegalArgumentException("ONNX element type " + code
                + " is not supported: expected one of float, uint8, int8, int32, int64, bool, float16, double");
    }
}

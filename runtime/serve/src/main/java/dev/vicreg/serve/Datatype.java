package dev.vicreg.serve;

import java.nio.ByteBuffer;

/** Element types of tensors, as the Open Inference Protocol calls them. */
enum Datatype {
    UINT8(1),
    FP32(4),
    INT64(8);

    private static final double EXACT = 1L << 53; // whole numbers that a double holds

    private final int bytes;

    Datatype(int bytes) {
        this.bytes = bytes;
    }

    /** Of one element. */
    int bytes() {
        return bytes;
    }

    /**
     * Appends a number.
     *
     * @throws Refusal if the type doesn't hold it
     */
    void put(double value, ByteBuffer to) {
        switch (this) {
            case UINT8 -> to.put((byte) whole(value, 0, 255));
            case INT64 -> to.putLong(whole(value, -EXACT, EXACT));
            default -> {
                float small = (float) value;
                if (!Float.isFinite(small)) {
                    throw Refusal.bad("FP32 data has a number beyond its range");
                }
                to.putFloat(small);
            }
        }
    }

    private long whole(double value, double least, double most) {
        if (value != Math.rint(value) || value < least || value > most) {
            throw Refusal.bad(this + " data has a number that is not whole or beyond its range");
        }
        return (long) value;
    }
}

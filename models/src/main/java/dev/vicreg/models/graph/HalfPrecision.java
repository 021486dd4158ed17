package dev.vicreg.models.graph;

/**
 * The two 16-bit floating-point formats, to and from float32: IEEE 754 binary16 (ONNX's float16: 5 bits of exponent, 10
 * of fraction) and bfloat16 (the upper half of a float32). To 16 bits is rounded to nearest, ties to even.
 */
public final class HalfPrecision {
    private HalfPrecision() {}

    /** The value of a float16; exact. */
    public static float fromFloat16(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >> 10) & 0x1f;
        int fraction = half & 0x3ff;
        if (exponent == 0x1f) { // infinity, or NaN with its payload
            return Float.intBitsToFloat(sign | 0x7f800000 | fraction << 13);
        }
        if (exponent == 0) { // zero, or below the smallest normal number: fraction · 2^-24
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        return Float.intBitsToFloat(sign | (exponent + 112) << 23 | fraction << 13);
    }

    /** The float16 nearest to {@code value}; infinity from 65520 on. */
    public static short toFloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        float magnitude = Math.abs(value);
        if (Float.isNaN(value)) {
            return (short) (sign | 0x7e00);
        }
        if (magnitude >= 65520) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude < 0x1p-14f) { // a multiple of 2^-24; adding 2^-1 leaves exactly that many bits of fraction
            int rounded = Float.floatToRawIntBits(magnitude + 0.5f) - Float.floatToRawIntBits(0.5f);
            return (short) (sign | rounded);
        }
        int shifted = (bits & 0x7fffffff) - (112 << 23);
        int rounded = (shifted + 0xfff + ((shifted >>> 13) & 1)) >>> 13; // carries into the exponent where it must
        return (short) (sign | rounded);
    }

    /** The value of a bfloat16; exact. */
    public static float fromBfloat16(short half) {
        return Float.intBitsToFloat(half << 16);
    }

    /** The bfloat16 nearest to {@code value}. */
    public static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
}

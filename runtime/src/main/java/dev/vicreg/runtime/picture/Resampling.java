package dev.vicreg.runtime.picture;

import java.util.Arrays;

/**
 * Antialiased resize of 8-bit RGB, as Pillow's {@code Image.resize} does it.
 *
 * <p>Two separable passes, rows first. The kernel's support grows with the down-sampling factor, so every source pixel
 * contributes when a picture shrinks. Weights are fixed-point with {@value #PRECISION_BITS} fractional bits, and the
 * result of each pass is rounded and clipped to 8 bits: overshoot of the bicubic kernel is lost between the passes, as
 * in Pillow, and results are the same on every machine.
 */
final class Resampling {
    /** 32 bits less 8 of the sample and 2 of headroom for sums of positive weights above one. */
    private static final int PRECISION_BITS = 32 - 8 - 2;

    private static final int HALF = 1 << (PRECISION_BITS - 1);

    private Resampling() {}

    /**
     * Resizes the window at (x, y) of size w x h to outWidth x outHeight; pixels outside the window have no influence.
     *
     * @param source row-major RGB of a picture that is {@code sourceWidth} pixels wide
     */
    static byte[] resize(
            byte[] source,
            int sourceWidth,
            int x,
            int y,
            int w,
            int h,
            int outWidth,
            int outHeight,
            Interpolation interpolation) {
        byte[] rows = source;
        int rowWidth = sourceWidth;
        int left = x;
        int top = y;
        if (w != outWidth) {
            rows = new byte[Math.multiplyExact(Math.multiplyExact(outWidth, h), 3)];
            Weights weights = Weights.of(w, outWidth, interpolation);
            for (int row = 0; row < h; row++) {
                resizeRow(source, ((y + row) * sourceWidth + x) * 3, rows, row * outWidth * 3, weights);
            }
            rowWidth = outWidth;
            left = 0;
            top = 0;
        }
        byte[] out = new byte[Math.multiplyExact(Math.multiplyExact(outWidth, outHeight), 3)];
        if (h == outHeight) {
            for (int row = 0; row < h; row++) {
                System.arraycopy(rows, ((top + row) * rowWidth + left) * 3, out, row * outWidth * 3, outWidth * 3);
            }
            return out;
        }
        resizeColumns(rows, (top * rowWidth + left) * 3, rowWidth * 3, out, outWidth * 3, outHeight, h, interpolation);
        return out;
    }

    private static void resizeRow(byte[] source, int from, byte[] target, int to, Weights weights) {
        int outWidth = weights.first.length;
        for (int i = 0; i < outWidth; i++) {
            int k = i * weights.stride;
            int at = from + weights.first[i] * 3;
            int red = HALF;
            int green = HALF;
            int blue = HALF;
            for (int n = weights.count[i]; n > 0; n--, at += 3) {
                int weight = weights.fixed[k++];
                red += (source[at] & 255) * weight;
                green += (source[at + 1] & 255) * weight;
                blue += (source[at + 2] & 255) * weight;
            }
            target[to++] = clip(red);
            target[to++] = clip(green);
            target[to++] = clip(blue);
        }
    }

    private static void resizeColumns(
            byte[] source,
            int from,
            int sourceStride,
            byte[] target,
            int rowLength,
            int outHeight,
            int height,
            Interpolation interpolation) {
        Weights weights = Weights.of(height, outHeight, interpolation);
        int[] sums = new int[rowLength];
        for (int row = 0; row < outHeight; row++) {
            Arrays.fill(sums, HALF);
            for (int n = 0; n < weights.count[row]; n++) {
                int weight = weights.fixed[row * weights.stride + n];
                int at = from + (weights.first[row] + n) * sourceStride;
                for (int i = 0; i < rowLength; i++) {
                    sums[i] += (source[at + i] & 255) * weight;
                }
            }
            int to = row * rowLength;
            for (int i = 0; i < rowLength; i++) {
                target[to + i] = clip(sums[i]);
            }
        }
    }

    private static byte clip(int sum) {
        return (byte) Math.max(0, Math.min(255, sum >> PRECISION_BITS));
    }

    /** For every output position: the first source position, how many, and their fixed-point weights. */
    private record Weights(int[] first, int[] count, int[] fixed, int stride) {
        static Weights of(int inSize, int outSize, Interpolation interpolation) {
            double scale = (double) inSize / outSize;
            double filterScale = Math.max(scale, 1.0);
            double support = interpolation.support() * filterScale;
            int stride = (int) Math.ceil(support) * 2 + 1;
            int[] first = new int[outSize];
            int[] count = new int[outSize];
            int[] fixed = new int[Math.multiplyExact(outSize, stride)];
            double[] weights = new double[stride];
            for (int i = 0; i < outSize; i++) {
                double center = (i + 0.5) * scale;
                int from = Math.max(0, (int) (center - support + 0.5));
                int n = Math.min(inSize, (int) (center + support + 0.5)) - from;
                double total = 0;
                for (int j = 0; j < n; j++) {
                    weights[j] = interpolation.weight((j + from - center + 0.5) * (1.0 / filterScale));
                    total += weights[j];
                }
                for (int j = 0; j < n; j++) {
                    double weight = (total == 0 ? weights[j] : weights[j] / total) * (1 << PRECISION_BITS);
                    fixed[i * stride + j] = (int) (weight + (weight < 0 ? -0.5 : 0.5));
                }
                first[i] = from;
                count[i] = n;
            }
            return new Weights(first, count, fixed, stride);
        }
    }
}

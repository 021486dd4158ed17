package dev.vicreg.runtime.picture;

import java.util.Arrays;

/**
 * Antialiased resize of 8-bit RGB, as Pillow's {@code Image.resize} does it.
 *
 * <p>Two separable passes, first along the rows, then along the columns. The kernel's support grows with the
 * down-sampling factor, so every source pixel contributes when a picture shrinks. Weights are fixed-point with {@value
 * #PRECISION_BITS} fractional bits, and the result of each pass is rounded and clipped to 8 bits: overshoot of the
 * bicubic kernel is lost between the passes, as in Pillow, and results are the same on every machine.
 *
 * <p>A pass adds up whole lines of samples, each an int array of its own: a loop that the JVM turns into vector
 * instructions, as it does not with offsets into one large array (JDK 17). The first pass gets its lines, the columns, by
 * transposing a strip of rows at a time.
 */
final class Resampling {
    /** 32 bits less 8 of the sample and 2 of headroom for sums of positive weights above one. */
    private static final int PRECISION_BITS = 32 - 8 - 2;

    private static final int HALF = 1 << (PRECISION_BITS - 1);

    /** Rows at a time: bounds the memory beside a large picture, and keeps the strip in the cache. */
    private static final int STRIP = 32;

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
        int[][] rows = w == outWidth
                ? rows(source, (y * sourceWidth + x) * 3, sourceWidth * 3, w, h)
                : resizedRows(
                        source, (y * sourceWidth + x) * 3, sourceWidth * 3, h, Weights.of(w, outWidth, interpolation));
        if (h != outHeight) {
            int[][] resized = new int[outHeight][outWidth * 3];
            combine(rows, outWidth * 3, Weights.of(h, outHeight, interpolation), resized);
            rows = resized;
        }
        byte[] out = new byte[Math.multiplyExact(outHeight, outWidth * 3)];
        int to = 0;
        for (int[] row : rows) {
            for (int sample : row) {
                out[to++] = (byte) sample;
            }
        }
        return out;
    }

    /** The window as it is, [height][width, 3]. */
    private static int[][] rows(byte[] source, int from, int stride, int width, int height) {
        int[][] rows = new int[height][width * 3];
        for (int y = 0; y < height; y++) {
            for (int i = 0; i < width * 3; i++) {
                rows[y][i] = source[from + y * stride + i] & 255;
            }
        }
        return rows;
    }

    /** The window with its rows resized, [height][out width, 3]. */
    private static int[][] resizedRows(byte[] source, int from, int stride, int height, Weights weights) {
        int outWidth = weights.first.length;
        int[][] rows = new int[height][outWidth * 3];
        int[][] columns = new int[weights.inSize][STRIP * 3];
        int[][] resized = new int[outWidth][STRIP * 3];
        for (int top = 0; top < height; top += STRIP) {
            int count = Math.min(STRIP, height - top);
            for (int y = 0; y < count; y++) {
                int at = from + (top + y) * stride;
                for (int[] column : columns) {
                    column[y * 3] = source[at] & 255;
                    column[y * 3 + 1] = source[at + 1] & 255;
                    column[y * 3 + 2] = source[at + 2] & 255;
                    at += 3;
                }
            }
            combine(columns, count * 3, weights, resized);
            for (int y = 0; y < count; y++) {
                int[] row = rows[top + y];
                for (int x = 0; x < outWidth; x++) {
                    row[x * 3] = resized[x][y * 3];
                    row[x * 3 + 1] = resized[x][y * 3 + 1];
                    row[x * 3 + 2] = resized[x][y * 3 + 2];
                }
            }
        }
        return rows;
    }

    /** Each output line is the weighted sum of some input lines, clipped to 0–255. */
    private static void combine(int[][] lines, int length, Weights weights, int[][] out) {
        for (int i = 0; i < out.length; i++) {
            Arrays.fill(out[i], 0, length, HALF);
            for (int n = 0; n < weights.count[i]; n++) {
                addScaled(out[i], lines[weights.first[i] + n], weights.fixed[i * weights.stride + n], length);
            }
            clip(out[i], length);
        }
    }

    private static void addScaled(int[] sums, int[] line, int weight, int length) {
        for (int i = 0; i < length; i++) {
            sums[i] += line[i] * weight;
        }
    }

    private static void clip(int[] sums, int length) {
        for (int i = 0; i < length; i++) {
            sums[i] = Math.max(0, Math.min(255, sums[i] >> PRECISION_BITS));
        }
    }

    /** For every output position: the first source position, how many, and their fixed-point weights. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Weights(int inSize, int[] first, int[] count, int[] fixed, int stride) {
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
            return new Weights(inSize, first, count, fixed, stride);
        }
    }
}

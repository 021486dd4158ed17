package dev.vicreg.runtime.picture;

import java.util.Arrays;

/**
 * Antialiased resize of 8-bit samples, each channel by itself, as Pillow's {@code Image.resize} does it.
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
     * One axis of a resize.
     *
     * @param start of the source window
     * @param size of the source window; what is outside has no influence
     * @param resized what it is brought to, however large: only what is asked for is computed
     * @param from the first of the resized places that are asked for
     * @param count how many of them
     */
    record Axis(int start, int size, long resized, long from, int count) {
        /** All of it. */
        static Axis whole(int start, int size, int resized) {
            return new Axis(start, size, resized, 0, resized);
        }

        boolean isResized() {
            return resized != size;
        }
    }

    /**
     * Resizes a window.
     *
     * @param source row-major samples of a picture that is {@code sourceWidth} pixels wide, {@code channels} for each
     * @return row-major samples of {@code horizontal.count} by {@code vertical.count} pixels
     */
    static byte[] resize(
            byte[] source, int sourceWidth, int channels, Axis horizontal, Axis vertical, Interpolation interpolation) {
        Weights down = vertical.isResized() ? Weights.of(vertical, interpolation) : null;
        int top = vertical.start + (down == null ? (int) vertical.from : down.low);
        int height = down == null ? vertical.count : down.span;
        int[][] rows = horizontal.isResized()
                ? resizedRows(source, sourceWidth, channels, horizontal, top, height, interpolation)
                : rows(source, sourceWidth, channels, horizontal, top, height);
        if (down != null) {
            int[][] resized = new int[vertical.count][horizontal.count * channels];
            combine(rows, horizontal.count * channels, down, resized);
            rows = resized;
        }
        byte[] out = new byte[Math.multiplyExact(vertical.count, horizontal.count * channels)];
        int to = 0;
        for (int[] row : rows) {
            for (int sample : row) {
                out[to++] = (byte) sample;
            }
        }
        return out;
    }

    /** What is asked for of the window as it is, [height][count, channels]. */
    private static int[][] rows(byte[] source, int sourceWidth, int channels, Axis axis, int top, int height) {
        int[][] rows = new int[height][axis.count * channels];
        for (int y = 0; y < height; y++) {
            int from = ((top + y) * sourceWidth + axis.start + (int) axis.from) * channels;
            for (int i = 0; i < rows[y].length; i++) {
                rows[y][i] = source[from + i] & 255;
            }
        }
        return rows;
    }

    /** The window with its rows resized, [height][count, channels]. */
    private static int[][] resizedRows(
            byte[] source, int sourceWidth, int channels, Axis axis, int top, int height, Interpolation interpolation) {
        Weights weights = Weights.of(axis, interpolation);
        int[][] rows = new int[height][axis.count * channels];
        int[][] columns = new int[weights.span][STRIP * channels];
        int[][] resized = new int[axis.count][STRIP * channels];
        for (int done = 0; done < height; done += STRIP) {
            int count = Math.min(STRIP, height - done);
            for (int y = 0; y < count; y++) {
                int at = ((top + done + y) * sourceWidth + axis.start + weights.low) * channels;
                for (int[] column : columns) {
                    for (int c = 0; c < channels; c++) {
                        column[y * channels + c] = source[at++] & 255;
                    }
                }
            }
            combine(columns, count * channels, weights, resized);
            for (int y = 0; y < count; y++) {
                int[] row = rows[done + y];
                for (int x = 0; x < axis.count; x++) {
                    System.arraycopy(resized[x], y * channels, row, x * channels, channels);
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

    /**
     * For every output position: the first source position, how many, and their fixed-point weights.
     *
     * @param low the lowest source position of all, from which {@code first} is counted
     * @param span from there to behind the highest
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Weights(int low, int span, int[] first, int[] count, int[] fixed, int stride) {
        static Weights of(Axis axis, Interpolation interpolation) {
            double scale = axis.size / (double) axis.resized;
            double filterScale = Math.max(scale, 1.0);
            double support = interpolation.support() * filterScale;
            int stride = (int) Math.ceil(support) * 2 + 1;
            int[] first = new int[axis.count];
            int[] count = new int[axis.count];
            int[] fixed = new int[Math.multiplyExact(axis.count, stride)];
            double[] weights = new double[stride];
            for (int i = 0; i < axis.count; i++) {
                double center = (axis.from + i + 0.5) * scale;
                int from = Math.max(0, (int) (center - support + 0.5));
                int n = Math.min(axis.size, (int) (center + support + 0.5)) - from;
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
            int low = first[0]; // both ends move up from one output position to the next
            int last = axis.count - 1;
            for (int i = 0; i <= last; i++) {
                first[i] -= low;
            }
            return new Weights(low, first[last] + count[last], first, count, fixed, stride);
        }
    }
}

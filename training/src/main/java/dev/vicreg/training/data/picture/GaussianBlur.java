package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;

/**
 * Gaussian blur by three box blurs in each direction, as Pillow's {@code ImageFilter.GaussianBlur(radius)} where radius
 * is the standard deviation.
 *
 * <p>The box has a fractional radius: whole pixels up to {@code reach} at full weight, one more at each end at a part of
 * it, so that the variance of three of them is the wanted one (Gwosdek et al., Theoretical foundations of Gaussian
 * convolution by extended box filtering, 2011). Pixels beyond the border repeat the border. Weights are fixed-point
 * with 24 fractional bits, each pass is rounded to 8 bits.
 */
final class GaussianBlur {
    private static final int PASSES = 3;
    private static final int PRECISION_BITS = 24;
    private static final int HALF = 1 << (PRECISION_BITS - 1);

    private final int reach;
    private final int inner; // weight of a pixel inside the reach
    private final int outer; // weight of the pixel beyond, at each end

    private GaussianBlur(double sigma) {
        float radius = boxRadius((float) sigma);
        reach = (int) radius;
        inner = (int) ((1 << PRECISION_BITS) / (radius * 2 + 1));
        outer = ((1 << PRECISION_BITS) - (reach * 2 + 1) * inner) / 2;
    }

    /**
     * The blurred picture.
     *
     * @param sigma standard deviation in pixels; 0 returns the picture itself
     */
    static Picture apply(Picture picture, double sigma) {
        if (sigma == 0) {
            return picture;
        }
        GaussianBlur blur = new GaussianBlur(sigma);
        byte[] samples = picture.samples();
        int channels = picture.channels();
        int width = picture.width();
        int height = picture.height();
        // Each pass works across lines: first over the columns, that is along the rows, then over the rows.
        int[][] columns = new int[width][height * channels];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int[] column : columns) {
                for (int c = 0; c < channels; c++) {
                    column[y * channels + c] = samples[at++] & 255;
                }
            }
        }
        int[][] rows = blur.blurred(transposed(blur.blurred(columns), channels));
        byte[] out = new byte[samples.length];
        int to = 0;
        for (int[] row : rows) {
            for (int sample : row) {
                out[to++] = (byte) sample;
            }
        }
        return new Picture(width, height, channels, out);
    }

    /** [width][height, channels] → [height][width, channels]. */
    private static int[][] transposed(int[][] columns, int channels) {
        int[][] rows = new int[columns[0].length / channels][columns.length * channels];
        for (int y = 0; y < rows.length; y++) {
            int[] row = rows[y];
            for (int x = 0; x < columns.length; x++) {
                int[] column = columns[x];
                for (int c = 0; c < channels; c++) {
                    row[x * channels + c] = column[y * channels + c];
                }
            }
        }
        return rows;
    }

    private static float boxRadius(float sigma) {
        float variance = sigma * sigma / PASSES;
        float length = (float) Math.sqrt(12.0 * variance + 1.0);
        float whole = (float) Math.floor((length - 1.0) / 2.0);
        float fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        return whole + fraction / (6 * (variance - (whole + 1) * (whole + 1)));
    }

    /** Three boxes across the lines, which are overwritten. */
    private int[][] blurred(int[][] lines) {
        int[][] from = lines;
        int[][] to = new int[lines.length][lines[0].length];
        for (int pass = 0; pass < PASSES; pass++) {
            box(from, to);
            int[][] written = to;
            to = from;
            from = written;
        }
        return from;
    }

    private void box(int[][] from, int[][] to) {
        int last = from.length - 1;
        int[] sums = new int[from[0].length]; // of the window that ends one line before the current one's
        for (int k = -reach - 1; k < reach; k++) {
            add(sums, from[clamp(k, last)]);
        }
        for (int line = 0; line <= last; line++) {
            int[] before = from[clamp(line - reach - 1, last)];
            int[] after = from[clamp(line + reach + 1, last)];
            add(sums, from[clamp(line + reach, last)]);
            subtract(sums, before);
            weigh(sums, before, after, to[line]);
        }
    }

    // Loops over arrays of their own, without offsets: these are what the JVM vectorises.

    private static void add(int[] sums, int[] line) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += line[i];
        }
    }

    private static void subtract(int[] sums, int[] line) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] -= line[i];
        }
    }

    private void weigh(int[] sums, int[] before, int[] after, int[] out) {
        int in = inner;
        int end = outer;
        for (int i = 0; i < sums.length; i++) {
            // Reaches 255 << 24: the int is used as unsigned, hence >>>.
            out[i] = (sums[i] * in + (before[i] + after[i]) * end + HALF) >>> PRECISION_BITS;
        }
    }

    private static int clamp(int line, int last) {
        return Math.max(0, Math.min(last, line));
    }
}

package dev.vicreg.training.data;

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

    /** @param sigma standard deviation in pixels; 0 returns the picture itself */
    static Picture apply(Picture picture, double sigma) {
        if (sigma == 0) {
            return picture;
        }
        GaussianBlur blur = new GaussianBlur(sigma);
        byte[] from = picture.rgb();
        byte[] spare = new byte[from.length];
        byte[] to = new byte[from.length];
        for (int pass = 0; pass < 2 * PASSES; pass++) {
            if (pass < PASSES) {
                blur.rows(from, to, picture.width() * 3);
            } else {
                blur.columns(from, to, picture.width() * 3, picture.height());
            }
            byte[] written = to;
            to = pass == 0 ? spare : from; // the first source belongs to the picture
            from = written;
        }
        return new Picture(picture.width(), picture.height(), from);
    }

    private static float boxRadius(float sigma) {
        float variance = sigma * sigma / PASSES;
        float length = (float) Math.sqrt(12.0 * variance + 1.0);
        float whole = (float) Math.floor((length - 1.0) / 2.0);
        float fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        return whole + fraction / (6 * (variance - (whole + 1) * (whole + 1)));
    }

    // Sums reach 255 << 24: they use the int as unsigned, hence >>> below.

    private void rows(byte[] from, byte[] to, int stride) {
        for (int row = 0; row < from.length; row += stride) {
            for (int channel = 0; channel < 3; channel++) {
                int first = row + channel;
                int last = row + stride - 3 + channel;
                int sum = 0; // of the window that ends one pixel before the current one's
                for (int k = -reach - 1; k < reach; k++) {
                    sum += from[clamp(first + 3 * k, first, last)] & 255;
                }
                for (int at = first; at <= last; at += 3) {
                    int before = from[clamp(at - 3 * (reach + 1), first, last)] & 255;
                    sum += (from[clamp(at + 3 * reach, first, last)] & 255) - before;
                    int after = from[clamp(at + 3 * (reach + 1), first, last)] & 255;
                    to[at] = (byte) ((sum * inner + (before + after) * outer + HALF) >>> PRECISION_BITS);
                }
            }
        }
    }

    private void columns(byte[] from, byte[] to, int stride, int height) {
        int lastRow = (height - 1) * stride;
        int[] sums = new int[stride];
        for (int k = -reach - 1; k < reach; k++) {
            int row = clamp(k * stride, 0, lastRow);
            for (int i = 0; i < stride; i++) {
                sums[i] += from[row + i] & 255;
            }
        }
        for (int row = 0; row <= lastRow; row += stride) {
            int before = clamp(row - (reach + 1) * stride, 0, lastRow);
            int entering = clamp(row + reach * stride, 0, lastRow);
            int after = clamp(row + (reach + 1) * stride, 0, lastRow);
            for (int i = 0; i < stride; i++) {
                int leaving = from[before + i] & 255;
                int sum = sums[i] + (from[entering + i] & 255) - leaving;
                sums[i] = sum;
                to[row + i] =
                        (byte) ((sum * inner + (leaving + (from[after + i] & 255)) * outer + HALF) >>> PRECISION_BITS);
            }
        }
    }

    private static int clamp(int at, int first, int last) {
        return Math.max(first, Math.min(last, at));
    }
}

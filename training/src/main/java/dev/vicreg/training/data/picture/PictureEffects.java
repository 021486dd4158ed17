package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;

/**
 * The photometric steps of the augmentation, each a pure function of a picture and its parameters.
 *
 * <p>Arithmetic is Pillow's, down to rounding (ImageEnhance, {@code Image.blend}, the 8-bit HSV conversion, ImageOps),
 * since the recipes whose figures we compare with were run on it. Enhancement factors: 1 leaves the picture unchanged,
 * 0 gives the degenerate one (black, flat grey, greyscale), above 1 extrapolates and clips.
 *
 * <p>Alpha is left as it is, but turned with its picture. What is about colours does nothing where there aren't three.
 */
final class PictureEffects {
    /**
     * Which of the levels v, p, q, t red, green and blue have in each sextant of the colour circle (Smith 1978): shifts
     * of 0, 8, 16 or 24, a byte for each channel. A table, as branches on the hue cannot be predicted.
     */
    private static final int[] SEXTANTS = {
        0x00_18_08, 0x10_00_08, 0x08_00_18, 0x08_10_00, 0x18_08_00, 0x00_08_10, 0x00_18_08
    };

    private PictureEffects() {}

    /** {@code ImageEnhance.Brightness}: towards black. */
    static Picture brightness(Picture picture, double factor) {
        return mapped(picture, blendTable(0, (float) factor));
    }

    /**
     * {@code ImageEnhance.Contrast}: towards the picture's mean grey, rounded to 8 bits. Where there are no three colours
     * that is the mean over all channels.
     */
    static Picture contrast(Picture picture, double factor) {
        byte[] samples = picture.samples();
        int channels = picture.channels();
        int colours = picture.colours();
        boolean rgb = colours == Picture.COLOURS;
        long sum = 0;
        for (int i = 0; i < samples.length; i += channels) {
            if (rgb) {
                sum += Picture.grey(samples, i);
            } else {
                for (int c = 0; c < colours; c++) {
                    sum += samples[i + c] & 255;
                }
            }
        }
        long values = (long) samples.length / channels * (rgb ? 1 : colours);
        int mean = (int) ((double) sum / values + 0.5);
        return mapped(picture, blendTable(mean, (float) factor));
    }

    /** {@code ImageEnhance.Color}: towards the greyscale picture. */
    static Picture saturation(Picture picture, double factor) {
        if (picture.colours() != Picture.COLOURS) {
            return picture;
        }
        float alpha = (float) factor;
        byte[] samples = picture.samples();
        byte[] out = samples.clone();
        for (int i = 0; i < samples.length; i += picture.channels()) {
            int grey = Picture.grey(samples, i);
            out[i] = blend(grey, samples[i] & 255, alpha);
            out[i + 1] = blend(grey, samples[i + 1] & 255, alpha);
            out[i + 2] = blend(grey, samples[i + 2] & 255, alpha);
        }
        return with(picture, out);
    }

    /**
     * Turns the hue in 8-bit HSV, as torchvision does on Pillow pictures.
     *
     * @param shift added to the hue modulo 256; the whole circle is 255 steps
     */
    static Picture hue(Picture picture, int shift) {
        if (picture.colours() != Picture.COLOURS) {
            return picture;
        }
        byte[] samples = picture.samples();
        byte[] out = samples.clone();
        for (int i = 0; i < samples.length; i += picture.channels()) {
            shiftHue(samples[i] & 255, samples[i + 1] & 255, samples[i + 2] & 255, shift, out, i);
        }
        return with(picture, out);
    }

    /** {@code ImageOps.grayscale}, in three equal channels: ITU-R 601-2 luma in 16-bit fixed point. */
    static Picture greyscale(Picture picture) {
        if (picture.colours() != Picture.COLOURS) {
            return picture;
        }
        byte[] samples = picture.samples();
        byte[] out = samples.clone();
        for (int i = 0; i < samples.length; i += picture.channels()) {
            byte grey = (byte) Picture.grey(samples, i);
            out[i] = grey;
            out[i + 1] = grey;
            out[i + 2] = grey;
        }
        return with(picture, out);
    }

    /** {@code ImageOps.solarize}: samples of {@code threshold} and above are inverted. */
    static Picture solarise(Picture picture, int threshold) {
        byte[] table = new byte[256];
        for (int v = 0; v < 256; v++) {
            table[v] = (byte) (v < threshold ? v : 255 - v);
        }
        return mapped(picture, table);
    }

    /** {@code ImageOps.mirror}: left and right exchanged. */
    static Picture mirror(Picture picture) {
        byte[] samples = picture.samples();
        byte[] out = new byte[samples.length];
        int channels = picture.channels();
        int stride = picture.width() * channels;
        for (int row = 0; row < samples.length; row += stride) {
            for (int x = 0; x < stride; x += channels) {
                int from = row + stride - channels - x;
                for (int c = 0; c < channels; c++) {
                    out[row + x + c] = samples[from + c];
                }
            }
        }
        return with(picture, out);
    }

    private static void shiftHue(int r, int g, int b, int shift, byte[] out, int at) {
        int max = Math.max(r, Math.max(g, b));
        int min = Math.min(r, Math.min(g, b));
        int range = max - min;
        int saturation = range == 0 ? 0 : (int) ((float) range / max * 255.0);
        if (saturation == 0) { // no hue to turn
            out[at] = (byte) max;
            out[at + 1] = (byte) max;
            out[at + 2] = (byte) max;
            return;
        }
        int hue = (hueOf(r, g, b, max, range) + shift) & 255;
        double position = hue * 6.0 / 255.0; // 0 … 6, sextants of the circle
        int sextant = (int) position;
        float within = (float) (position - sextant);
        float purity = (float) (saturation / 255.0);
        int p = (int) (max * (1.0 - purity) + 0.5);
        int q = (int) (max * (1.0 - purity * within) + 0.5);
        int t = (int) (max * (1.0 - purity * (1.0 - within)) + 0.5);
        int levels = max | (p << 8) | (q << 16) | (t << 24);
        int order = SEXTANTS[sextant];
        out[at] = (byte) (levels >>> (order >> 16));
        out[at + 1] = (byte) (levels >>> (order >> 8)); // a shift counts modulo 32
        out[at + 2] = (byte) (levels >>> order);
    }

    private static int hueOf(int r, int g, int b, int max, int range) {
        float sixths;
        if (r == max) {
            sixths = (float) (max - b) / range - (float) (max - g) / range;
        } else if (g == max) {
            sixths = (float) (2.0 + (float) (max - r) / range - (float) (max - b) / range);
        } else {
            sixths = (float) (4.0 + (float) (max - g) / range - (float) (max - r) / range);
        }
        double turn = sixths / 6.0 + 1.0;
        float hue = (float) (turn >= 1.0 ? turn - 1.0 : turn);
        return (int) (hue * 255.0);
    }

    private static byte[] blendTable(int degenerate, float alpha) {
        byte[] table = new byte[256];
        for (int v = 0; v < 256; v++) {
            table[v] = blend(degenerate, v, alpha);
        }
        return table;
    }

    /** Truncated, not rounded; single precision. */
    private static byte blend(int degenerate, int sample, float alpha) {
        float blended = degenerate + alpha * (sample - degenerate);
        return (byte) Math.max(0, Math.min(255, (int) blended));
    }

    private static Picture mapped(Picture picture, byte[] table) {
        byte[] samples = picture.samples();
        byte[] out = new byte[samples.length];
        for (int i = 0; i < samples.length; i++) {
            out[i] = table[samples[i] & 255];
        }
        if (picture.hasAlpha()) {
            for (int i = picture.channels() - 1; i < samples.length; i += picture.channels()) {
                out[i] = samples[i];
            }
        }
        return with(picture, out);
    }

    private static Picture with(Picture picture, byte[] samples) {
        return new Picture(picture.width(), picture.height(), picture.channels(), samples);
    }
}

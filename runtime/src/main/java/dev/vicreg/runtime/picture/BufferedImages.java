package dev.vicreg.runtime.picture;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.WritableRaster;

/** Conversion between {@link BufferedImage} and {@link Picture}. */
final class BufferedImages {
    private BufferedImages() {}

    /** @throws IllegalArgumentException if samples are of more than 16 bits or floating point: no scale is known */
    static Picture toPicture(BufferedImage image, int channels) {
        if (channels > 4) {
            return allSamples(image, channels);
        }
        int width = image.getWidth();
        int height = image.getHeight();
        int kept = channels % 2 == 0 ? 4 : 3; // with alpha or laid over white
        byte[] out = new byte[Math.multiplyExact(Math.multiplyExact(width, height), kept)];
        if (kept == 3 && image.getType() == BufferedImage.TYPE_3BYTE_BGR && ownsWholeArray(image)) {
            byte[] bgr = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
            for (int i = 0; i < out.length; i += 3) {
                out[i] = bgr[i + 2];
                out[i + 1] = bgr[i + 1];
                out[i + 2] = bgr[i];
            }
        } else if (isComponents(image, ColorSpace.TYPE_CMYK)) {
            copyInks(image, kept, out);
        } else if (hasPlainSamples(image)) {
            copySamples(image, kept, out);
        } else {
            copyConverted(image, kept, out);
        }
        return new Picture(width, height, kept, out).withChannels(channels);
    }

    /** The samples as they are, of an image that has as many as that. */
    private static Picture allSamples(BufferedImage image, int channels) {
        ColorModel model = image.getColorModel();
        int bands = image.getRaster().getNumBands();
        if (bands != channels || !isComponents(image, model.getColorSpace().getType())) {
            throw new IllegalArgumentException("a picture of " + bands + " channels, expected " + channels);
        }
        int width = image.getWidth();
        byte[] out = new byte[Math.multiplyExact(Math.multiplyExact(width, image.getHeight()), channels)];
        int[] row = new int[width * channels];
        int to = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRaster().getPixels(0, y, width, 1, row);
            for (int i = 0; i < row.length; i++) {
                out[to++] = (byte) to8Bits(row[i], model.getComponentSize(i % channels));
            }
        }
        return new Picture(width, image.getHeight(), channels, out);
    }

    static BufferedImage fromPicture(Picture picture) {
        BufferedImage image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_3BYTE_BGR);
        byte[] bgr = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
        byte[] rgb = picture.rgb();
        for (int i = 0; i < rgb.length; i += 3) {
            bgr[i] = rgb[i + 2];
            bgr[i + 1] = rgb[i + 1];
            bgr[i + 2] = rgb[i];
        }
        return image;
    }

    private static boolean ownsWholeArray(BufferedImage image) {
        WritableRaster raster = image.getRaster();
        return raster.getParent() == null
                && raster.getDataBuffer().getSize() == image.getWidth() * image.getHeight() * 3;
    }

    /**
     * Grey or RGB samples of 8 or 16 bits, alpha not premultiplied. {@code BufferedImage.getRGB} is not used for these:
     * it takes grey for linear light and brightens it, and runs every pixel of a picture with an ICC profile through
     * colour management.
     */
    private static boolean hasPlainSamples(BufferedImage image) {
        return !image.isAlphaPremultiplied()
                && (isComponents(image, ColorSpace.TYPE_GRAY) || isComponents(image, ColorSpace.TYPE_RGB));
    }

    private static boolean isComponents(BufferedImage image, int space) {
        ColorModel model = image.getColorModel();
        if (!(model instanceof ComponentColorModel) || model.getColorSpace().getType() != space) {
            return false;
        }
        if (model.getTransferType() != DataBuffer.TYPE_BYTE && model.getTransferType() != DataBuffer.TYPE_USHORT) {
            throw new IllegalArgumentException("a picture of samples that are signed, floating point or of more than"
                    + " 16 bits, expected whole numbers of 8 or 16; convert it");
        }
        return true;
    }

    /** Of printed pictures, in Pillow's arithmetic, without a colour profile. */
    private static void copyInks(BufferedImage image, int kept, byte[] out) {
        ColorModel model = image.getColorModel();
        int bands = model.getNumComponents();
        int[] row = new int[image.getWidth() * bands];
        int to = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRaster().getPixels(0, y, image.getWidth(), 1, row);
            for (int at = 0; at < row.length; at += bands) {
                int noBlack = 255 - to8Bits(row[at + 3], model.getComponentSize(3));
                for (int c = 0; c < 3; c++) {
                    out[to + c] = inked(noBlack, to8Bits(row[at + c], model.getComponentSize(c)));
                }
                if (kept == 4) {
                    out[to + 3] = (byte) 255;
                }
                to += kept;
            }
        }
    }

    /** What is left of a colour under its ink, 0 to 255; {@code noBlack} is 255 less the black ink. */
    static byte inked(int noBlack, int ink) {
        int product = ink * noBlack + 128;
        return (byte) Math.max(0, noBlack - ((product + (product >> 8)) >> 8));
    }

    private static void copySamples(BufferedImage image, int kept, byte[] out) {
        ColorModel model = image.getColorModel();
        boolean hasAlpha = model.getTransparency() != Transparency.OPAQUE && model.hasAlpha();
        int channels = model.getNumColorComponents();
        int bands = model.getNumComponents();
        int width = image.getWidth();
        int[] row = new int[width * bands];
        int to = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRaster().getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int at = x * bands;
                int alpha = hasAlpha ? to8Bits(row[at + channels], model.getComponentSize(channels)) : 255;
                for (int c = 0; c < 3; c++) {
                    int band = channels == 3 ? c : 0;
                    int sample = to8Bits(row[at + band], model.getComponentSize(band));
                    out[to++] = kept == 4 ? (byte) sample : overWhite(sample, alpha);
                }
                if (kept == 4) {
                    out[to++] = (byte) alpha;
                }
            }
        }
    }

    private static void copyConverted(BufferedImage image, int kept, byte[] out) {
        int width = image.getWidth();
        int[] row = new int[width];
        int to = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRGB(0, y, width, 1, row, 0, width);
            for (int argb : row) {
                int alpha = argb >>> 24;
                for (int shift = 16; shift >= 0; shift -= 8) {
                    int sample = argb >> shift & 255;
                    out[to++] = kept == 4 ? (byte) sample : overWhite(sample, alpha);
                }
                if (kept == 4) {
                    out[to++] = (byte) alpha;
                }
            }
        }
    }

    private static int to8Bits(int sample, int bits) {
        if (bits == 8) {
            return sample;
        }
        return bits > 8 ? sample >> (bits - 8) : sample * 255 / ((1 << bits) - 1);
    }

    static byte overWhite(int sample, int alpha) {
        return (byte) (alpha == 255 ? sample : (sample * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

package dev.vicreg.runtime.picture;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.IntPredicate;
import javax.imageio.ImageReader;

/**
 * JPEG files of four components: CMYK, as prepress programs write it, or YCCK. The JDK's reader gives their samples but
 * no picture.
 *
 * <p>Converted as libjpeg and Pillow do, without a colour profile, so that the result does not depend on the profiles
 * that a machine has installed. Files with Adobe's APP14 marker hold inverted samples (255 is no ink); its transform 2
 * says YCCK (Adobe Technical Note 5116).
 */
final class CmykJpeg {
    private static final int NO_ADOBE_MARKER = -1;
    private static final int YCCK = 2;

    private CmykJpeg() {}

    /** Whether the file is a JPEG of four components. */
    static boolean matches(byte[] file) {
        int frame = segment(file, CmykJpeg::startsFrame);
        return frame > 0 && frame + 9 < file.length && file[frame + 9] == 4;
    }

    /** SOF0 to SOF15; the multiples of four above SOF0 are no frames. */
    private static boolean startsFrame(int marker) {
        return marker == 0xC0 || (marker > 0xC0 && marker <= 0xCF && marker % 4 != 0);
    }

    /**
     * The picture, not yet turned upright.
     *
     * @param reader its input set to the file
     */
    static Picture read(ImageReader reader, byte[] file) throws IOException {
        Raster raster = reader.readRaster(0, null);
        int transform = adobeTransform(file);
        byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(raster.getWidth(), raster.getHeight()), 3)];
        int[] row = new int[raster.getWidth() * 4];
        int to = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, raster.getWidth(), 1, row);
            for (int at = 0; at < row.length; at += 4) {
                if (transform == YCCK) {
                    toCmyk(row, at);
                }
                int noBlack = transform == NO_ADOBE_MARKER ? 255 - row[at + 3] : row[at + 3];
                for (int c = 0; c < 3; c++) {
                    int ink = transform == NO_ADOBE_MARKER ? row[at + c] : 255 - row[at + c];
                    rgb[to++] = (byte) (noBlack - (ink * noBlack + 127) / 255);
                }
            }
        }
        return new Picture(raster.getWidth(), raster.getHeight(), rgb);
    }

    /** JFIF's YCbCr to RGB, then each to its complement. */
    private static void toCmyk(int[] samples, int at) {
        double luma = samples[at];
        double cb = samples[at + 1] - 128.0;
        double cr = samples[at + 2] - 128.0;
        samples[at] = complement(luma + 1.402 * cr);
        samples[at + 1] = complement(luma - 0.344136 * cb - 0.714136 * cr);
        samples[at + 2] = complement(luma + 1.772 * cb);
    }

    private static int complement(double sample) {
        return (int) Math.max(0, Math.min(255, Math.rint(255 - sample)));
    }

    private static int adobeTransform(byte[] file) {
        int at = segment(file, marker -> marker == 0xEE);
        boolean isAdobe =
                at > 0 && at + 15 < file.length && ByteBuffer.wrap(file).getInt(at + 4) == 0x41646F62;
        return isAdobe ? file[at + 15] : NO_ADOBE_MARKER;
    }

    /** Offset of the first segment with such a marker before the first scan, or -1. */
    private static int segment(byte[] file, IntPredicate wanted) {
        if (file.length < 4 || (file[0] & 255) != 0xFF || (file[1] & 255) != 0xD8) {
            return -1;
        }
        int at = 2;
        while (at + 4 <= file.length && (file[at] & 255) == 0xFF) {
            int marker = file[at + 1] & 255;
            if (wanted.test(marker)) {
                return at;
            }
            if (marker == 0xDA) {
                return -1;
            }
            at += 2 + (((file[at + 2] & 255) << 8) | (file[at + 3] & 255));
        }
        return -1;
    }
}

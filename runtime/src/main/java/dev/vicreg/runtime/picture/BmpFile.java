package dev.vicreg.runtime.picture;

import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What writers of BMP files leave out: the file's size, and an alpha that their headers promise. */
final class BmpFile {
    private static final int SIZE_AT = 2;

    private BmpFile() {}

    static boolean matches(byte[] file) {
        return file.length > 26 && file[0] == 'B' && file[1] == 'M';
    }

    /**
     * The file with its size in its header, where the JDK's reader needs it and many writers leave another number.
     *
     * @throws IOException if it is shorter than its pixels
     */
    static byte[] sized(byte[] file) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        boolean uncompressed = file.length > 34 && header.getInt(14) >= 40 && header.getInt(30) % 3 == 0; // RGB, masks
        if (uncompressed) {
            long rowBytes = ((long) header.getInt(18) * header.getShort(28) + 31) / 32 * 4;
            long needed = (header.getInt(10) & 0xFFFFFFFFL) + rowBytes * Math.abs((long) header.getInt(22));
            if (needed > file.length) {
                throw new IOException(
                        "the file is truncated (its picture takes " + needed + " bytes, found " + file.length + ")");
            }
        }
        byte[] sized = file.clone();
        ByteBuffer.wrap(sized).order(ByteOrder.LITTLE_ENDIAN).putInt(SIZE_AT, file.length);
        return sized;
    }

    /** The picture; without its alpha where that is 0 everywhere, so that nothing would be seen: none was written. */
    static BufferedImage opaque(BufferedImage image) {
        WritableRaster alpha = image.getAlphaRaster();
        if (alpha == null) {
            return image;
        }
        int[] row = new int[image.getWidth()];
        for (int y = 0; y < image.getHeight(); y++) {
            for (int value : alpha.getSamples(0, y, row.length, 1, 0, row)) {
                if (value != 0) {
                    return image;
                }
            }
        }
        BufferedImage opaque = new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            opaque.setRGB(0, y, row.length, 1, image.getRGB(0, y, row.length, 1, null, 0, row.length), 0, row.length);
        }
        return opaque;
    }
}

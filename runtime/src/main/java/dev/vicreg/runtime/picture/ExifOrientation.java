package dev.vicreg.runtime.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a camera was held, as the EXIF orientation tag (0x0112) says, in the order of its values 1 to 8.
 *
 * <p>Found in a JPEG's APP1 segment, a PNG's eXIf chunk or a WebP's EXIF chunk. Whatever cannot be understood counts as
 * upright: a damaged tag is no reason to refuse a picture.
 */
enum ExifOrientation {
    UPRIGHT(false, false, false),
    MIRRORED(false, true, false),
    UPSIDE_DOWN(false, true, true),
    MIRRORED_UPSIDE_DOWN(false, false, true),
    TRANSPOSED(true, false, false),
    TURNED_LEFT(true, false, true),
    TRANSVERSED(true, true, true),
    TURNED_RIGHT(true, true, false);

    private static final int TAG = 0x0112;

    private final boolean swapsAxes;
    private final boolean flipsColumns;
    private final boolean flipsRows;

    /** Source pixel of an upright (x, y): axes swapped first, then source columns or rows counted from the far end. */
    ExifOrientation(boolean swapsAxes, boolean flipsColumns, boolean flipsRows) {
        this.swapsAxes = swapsAxes;
        this.flipsColumns = flipsColumns;
        this.flipsRows = flipsRows;
    }

    static ExifOrientation of(byte[] file) {
        try {
            ByteBuffer in = ByteBuffer.wrap(file);
            if (in.remaining() < 12) {
                return UPRIGHT;
            }
            if (in.getShort(0) == (short) 0xFFD8) {
                return inJpeg(in);
            }
            if (in.getLong(0) == 0x89504E470D0A1A0AL) {
                return inChunks(in, 8, 0x65584966, false);
            }
            if (in.getInt(0) == 0x52494646 && in.getInt(8) == 0x57454250) { // RIFF, WEBP
                return inChunks(in, 12, 0x45584946, true);
            }
            return UPRIGHT;
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            return UPRIGHT; // offsets that leave the file
        }
    }

    Picture applyTo(Picture picture) {
        if (this == UPRIGHT) {
            return picture;
        }
        int width = swapsAxes ? picture.height() : picture.width();
        int height = swapsAxes ? picture.width() : picture.height();
        byte[] source = picture.rgb();
        byte[] out = new byte[source.length];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int column = swapsAxes ? y : x;
                int row = swapsAxes ? x : y;
                column = flipsColumns ? picture.width() - 1 - column : column;
                row = flipsRows ? picture.height() - 1 - row : row;
                int from = (row * picture.width() + column) * 3;
                out[to++] = source[from];
                out[to++] = source[from + 1];
                out[to++] = source[from + 2];
            }
        }
        return new Picture(width, height, out);
    }

    private static ExifOrientation inJpeg(ByteBuffer in) {
        int at = 2;
        while ((in.get(at) & 255) == 0xFF) {
            int marker = in.get(at + 1) & 255;
            if (marker == 0xDA || marker == 0xD9) { // scan or end: EXIF comes before
                break;
            }
            int length = in.getShort(at + 2) & 0xFFFF;
            if (marker == 0xE1 && in.getInt(at + 4) == 0x45786966) { // APP1, "Exif"
                return inTiff(in.slice(at + 10, length - 8));
            }
            at += 2 + length;
        }
        return UPRIGHT;
    }

    private static ExifOrientation inChunks(ByteBuffer in, int start, int wanted, boolean riff) {
        in.order(riff ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int at = start;
        while (at + 8 <= in.limit()) {
            int length = in.getInt(riff ? at + 4 : at);
            int type = riff ? Integer.reverseBytes(in.getInt(at)) : in.getInt(at + 4);
            if (type == wanted) {
                // Some writers keep JPEG's "Exif\0\0" before the TIFF header.
                int prefix = in.get(at + 8) == 'E' ? 6 : 0;
                return inTiff(in.slice(at + 8 + prefix, length - prefix));
            }
            if (length < 0) {
                return UPRIGHT;
            }
            at = Math.addExact(at, Math.addExact(length, riff ? 8 + (length & 1) : 12));
        }
        return UPRIGHT;
    }

    private static ExifOrientation inTiff(ByteBuffer tiff) {
        tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int directory = tiff.getInt(4);
        int entries = tiff.getShort(directory) & 0xFFFF;
        for (int i = 0; i < entries; i++) {
            int entry = directory + 2 + 12 * i;
            if ((tiff.getShort(entry) & 0xFFFF) == TAG) {
                int value = tiff.getShort(entry + 8) & 0xFFFF;
                return value >= 1 && value <= 8 ? values()[value - 1] : UPRIGHT;
            }
        }
        return UPRIGHT;
    }
}

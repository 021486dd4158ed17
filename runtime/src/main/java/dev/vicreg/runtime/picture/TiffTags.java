package dev.vicreg.runtime.picture;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The numbers in the first directory of a TIFF file, or of EXIF metadata, which have its form (TIFF 6.0, section 2). */
final class TiffTags {
    /** What a tag is worth that isn't there. */
    static final long NONE = -1;

    private static final int COMPRESSION = 259;
    private static final int SAMPLES_PER_PIXEL = 277;

    private TiffTags() {}

    static boolean matches(byte[] file) {
        int magic = file.length > 8 ? ByteBuffer.wrap(file).getInt(0) : 0;
        return magic == 0x49492A00 || magic == 0x4D4D002A;
    }

    /**
     * A tag's first value.
     *
     * @param tiff from its header on; offsets count from position 0
     * @throws IndexOutOfBoundsException if offsets leave the buffer
     */
    static long of(ByteBuffer tiff, int tag) {
        ByteBuffer in = tiff.duplicate().order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int directory = in.getInt(4);
        int entries = in.getShort(directory) & 0xFFFF;
        for (int i = 0; i < entries; i++) {
            int entry = directory + 2 + 12 * i;
            if ((in.getShort(entry) & 0xFFFF) == tag) {
                return switch (in.getShort(entry + 2)) { // the value's type
                    case 1 -> in.get(entry + 8) & 255;
                    case 4 -> in.getInt(entry + 8) & 0xFFFFFFFFL;
                    default -> in.getShort(entry + 8) & 0xFFFF;
                };
            }
        }
        return NONE;
    }

    /**
     * Refuses what the JDK's reader reads wrongly.
     *
     * @throws IOException if the file is a TIFF whose pictures are coded as JPEG with more than three components
     */
    static void requireReadable(byte[] file) throws IOException {
        if (matches(file)) {
            ByteBuffer tiff = ByteBuffer.wrap(file);
            long compression = of(tiff, COMPRESSION);
            if ((compression == 6 || compression == 7) && of(tiff, SAMPLES_PER_PIXEL) > 3) {
                throw new IOException("a TIFF file of more than three components coded as JPEG; convert it");
            }
        }
    }
}

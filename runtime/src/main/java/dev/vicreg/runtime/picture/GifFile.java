package dev.vicreg.runtime.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Where a GIF file's first frame lies (GIF89a specification, 1990); the JDK's reader gives the frame alone. */
final class GifFile {
    private static final int EXTENSION = 0x21;
    private static final int FRAME = 0x2C;

    private GifFile() {}

    static boolean matches(byte[] file) {
        return file.length > 3 && file[0] == 'G' && file[1] == 'I' && file[2] == 'F' && file[3] == '8';
    }

    /** The canvas; null where the file ends before its first frame, which readers tell of. */
    @Nullable
    static Canvas canvas(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int at = 13;
        if (file.length > at && (file[10] & 0x80) != 0) {
            at += 3 << ((file[10] & 7) + 1); // the colours
        }
        while (at + 10 <= file.length) {
            switch (file[at] & 255) {
                case FRAME -> {
                    return new Canvas(uint16(in, 6), uint16(in, 8), uint16(in, at + 1), uint16(in, at + 3));
                }
                case EXTENSION -> {
                    at += 2;
                    while (at < file.length && file[at] != 0) { // blocks, and an empty one
                        at += 1 + (file[at] & 255);
                    }
                    at++;
                }
                default -> {
                    return null;
                }
            }
        }
        return null;
    }

    private static int uint16(ByteBuffer in, int at) {
        return in.getShort(at) & 0xFFFF;
    }
}

package dev.vicreg.runtime.natives;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes shared objects that hold nothing but the names of what they need. */
final class TestElf {
    private static final int HEADER = 64;
    private static final int SEGMENT = 56;
    private static final int STRINGS = HEADER + 2 * SEGMENT;
    private static final long ADDRESS = 0x10000; // where the file is mapped, apart from its offsets

    private TestElf() {}

    /** A library in a folder that is made where it isn't there. */
    static Path write(Path file, String... needed) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes(needed));
    }

    static byte[] bytes(String... needed) {
        var strings = new ByteArrayOutputStream();
        strings.write(0);
        List<Integer> names = new ArrayList<>();
        for (String name : needed) {
            names.add(strings.size());
            strings.writeBytes((name + "\0").getBytes(StandardCharsets.UTF_8));
        }
        int dynamic = STRINGS + strings.size();
        int dynamicBytes = 16 * (needed.length + 3);
        var file = ByteBuffer.allocate(dynamic + dynamicBytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        file.putShort(16, (short) 3)
                .putShort(18, (short) 62)
                .putLong(32, HEADER)
                .putShort(56, (short) 2);
        segment(file, HEADER, 1, 0, file.capacity());
        segment(file, HEADER + SEGMENT, 2, dynamic, dynamicBytes);
        file.position(STRINGS).put(strings.toByteArray());
        names.forEach(at -> file.putLong(1).putLong(at));
        file.putLong(5).putLong(ADDRESS + STRINGS).putLong(10).putLong(strings.size());
        return file.array();
    }

    private static void segment(ByteBuffer file, int at, int type, long offset, long size) {
        file.putInt(at, type)
                .putLong(at + 8, offset)
                .putLong(at + 16, ADDRESS + offset)
                .putLong(at + 32, size);
    }
}

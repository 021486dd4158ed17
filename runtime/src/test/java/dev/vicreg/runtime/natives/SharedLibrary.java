package dev.vicreg.runtime.natives;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a shared library is called by the loader of its platform, and what it loads itself: of 64-bit ELF (System V ABI,
 * chapter 5), Mach-O (Apple's mach-o/loader.h) and PE (Microsoft's PE format) files.
 *
 * @param name by which others ask for it; empty where the file doesn't say (PE: its export directory)
 * @param loads the names that it asks for
 */
record SharedLibrary(String name, List<String> loads) {
    static SharedLibrary of(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return switch (file.getInt(0)) {
            case 0x464c457f -> elf(file);
            case 0xfeedfacf -> machO(file);
            default -> pe(file);
        };
    }

    private static String text(ByteBuffer file, int at) {
        int end = at;
        while (file.get(end) != 0) {
            end++;
        }
        return new String(file.array(), at, end - at, StandardCharsets.UTF_8);
    }

    private static SharedLibrary elf(ByteBuffer file) {
        int segments = (int) file.getLong(32);
        int count = Short.toUnsignedInt(file.getShort(56));
        for (int i = 0; i < count; i++) {
            int segment = segments + 56 * i;
            if (file.getInt(segment) == 2) { // PT_DYNAMIC
                return elf(file, segments, count, (int) file.getLong(segment + 8));
            }
        }
        throw new IllegalArgumentException("no dynamic section");
    }

    private static SharedLibrary elf(ByteBuffer file, int segments, int count, int dynamic) {
        long strings = 0;
        for (int at = dynamic; file.getLong(at) != 0; at += 16) {
            strings = file.getLong(at) == 5 ? file.getLong(at + 8) : strings; // DT_STRTAB
        }
        long offset = -1;
        for (int i = 0; i < count; i++) {
            int segment = segments + 56 * i;
            long start = file.getLong(segment + 16);
            if (file.getInt(segment) == 1 && strings >= start && strings < start + file.getLong(segment + 32)) {
                offset = file.getLong(segment + 8) + strings - start; // PT_LOAD
            }
        }
        String name = "";
        var loads = new ArrayList<String>();
        for (int at = dynamic; file.getLong(at) != 0; at += 16) {
            int place = (int) (offset + file.getLong(at + 8));
            if (file.getLong(at) == 1) { // DT_NEEDED
                loads.add(text(file, place));
            } else if (file.getLong(at) == 14) { // DT_SONAME
                name = text(file, place);
            }
        }
        return new SharedLibrary(name, loads);
    }

    private static SharedLibrary machO(ByteBuffer file) {
        String name = "";
        var loads = new ArrayList<String>();
        int at = 32;
        for (int i = 0; i < file.getInt(16); i++) {
            int command = file.getInt(at);
            if (command == 0xd) { // LC_ID_DYLIB
                name = text(file, at + file.getInt(at + 8));
            } else if (command == 0xc || command == 0x80000018) { // LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB
                loads.add(text(file, at + file.getInt(at + 8)));
            }
            at += file.getInt(at + 4);
        }
        return new SharedLibrary(name, loads);
    }

    private static SharedLibrary pe(ByteBuffer file) {
        int header = file.getInt(0x3c);
        if (file.getShort(0) != 0x5a4d || file.getInt(header) != 0x4550) {
            throw new IllegalArgumentException("neither ELF nor Mach-O nor PE");
        }
        int directories = header + 24 + 112; // of a 64-bit image: exports, then imports
        int exports = file.getInt(directories);
        String name =
                exports == 0 ? "" : text(file, place(file, header, file.getInt(place(file, header, exports) + 12)));
        var loads = new ArrayList<String>();
        int imports = place(file, header, file.getInt(directories + 8));
        for (int at = imports; file.getInt(at + 12) != 0; at += 20) {
            loads.add(text(file, place(file, header, file.getInt(at + 12))));
        }
        return new SharedLibrary(name, loads);
    }

    /** Where in the file lies what is loaded at an address of the image. */
    private static int place(ByteBuffer file, int header, int address) {
        int sections = header + 24 + Short.toUnsignedInt(file.getShort(header + 20));
        for (int i = 0; i < Short.toUnsignedInt(file.getShort(header + 6)); i++) {
            int section = sections + 40 * i;
            int start = file.getInt(section + 12);
            if (address >= start && address < start + file.getInt(section + 16)) {
                return file.getInt(section + 20) + address - start;
            }
        }
        throw new IllegalArgumentException("no section holds address " + address);
    }
}

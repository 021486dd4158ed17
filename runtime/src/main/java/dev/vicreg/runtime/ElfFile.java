package dev.vicreg.runtime;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Reads which libraries a shared object of Linux needs: the DT_NEEDED entries of its dynamic section (64-bit ELF). */
final class ElfFile {
    private static final int MAGIC = 0x464c457f; // 0x7f 'E' 'L' 'F', little-endian
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int SECTION_HEADER_BYTES = 64;
    private static final int DYNAMIC_ENTRY_BYTES = 16;
    private static final int SHT_DYNAMIC = 6;
    private static final long DT_NULL = 0;
    private static final long DT_NEEDED = 1;

    private ElfFile() {}

    /**
     * The names that the dynamic loader will look for, in the file's order, e.g. {@code libcudart.so.13}.
     *
     * @throws IOException if the file can't be read or is no 64-bit little-endian ELF file with section headers
     */
    static List<String> needed(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer header = read(channel, file, 0, 64);
            if (header.getInt(0) != MAGIC || header.get(4) != CLASS_64 || header.get(5) != LITTLE_ENDIAN) {
                throw new IOException(file + " is no 64-bit little-endian ELF file");
            }
            long sections = header.getLong(40);
            int count = Short.toUnsignedInt(header.getShort(60));
            ByteBuffer table = read(channel, file, sections, count * SECTION_HEADER_BYTES);
            for (int i = 0; i < count; i++) {
                int at = i * SECTION_HEADER_BYTES;
                if (table.getInt(at + 4) == SHT_DYNAMIC) {
                    ByteBuffer entries =
                            read(channel, file, table.getLong(at + 24), Math.toIntExact(table.getLong(at + 32)));
                    int names = table.getInt(at + 40) * SECTION_HEADER_BYTES; // sh_link: its string table
                    ByteBuffer strings =
                            read(channel, file, table.getLong(names + 24), Math.toIntExact(table.getLong(names + 32)));
                    return names(entries, strings);
                }
            }
            return List.of();
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            throw new IOException(file + " is a damaged ELF file: " + e.getMessage(), e);
        }
    }

    private static List<String> names(ByteBuffer entries, ByteBuffer strings) {
        var names = new ArrayList<String>();
        for (int at = 0; at + DYNAMIC_ENTRY_BYTES <= entries.limit(); at += DYNAMIC_ENTRY_BYTES) {
            long tag = entries.getLong(at);
            if (tag == DT_NULL) {
                break;
            }
            if (tag == DT_NEEDED) {
                int start = Math.toIntExact(entries.getLong(at + 8));
                int end = start;
                while (strings.get(end) != 0) {
                    end++;
                }
                byte[] name = new byte[end - start];
                strings.get(start, name);
                names.add(new String(name, StandardCharsets.UTF_8));
            }
        }
        return names;
    }

    private static ByteBuffer read(FileChannel channel, Path file, long at, int bytes) throws IOException {
        if (at < 0 || bytes < 0 || at + bytes > channel.size()) {
            throw new EOFException(file + " is a damaged ELF file: it ends before byte " + (at + bytes));
        }
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw new EOFException(file + " ends early");
            }
        }
        return buffer.flip();
    }
}

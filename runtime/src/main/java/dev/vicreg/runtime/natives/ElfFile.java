package dev.vicreg.runtime.natives;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads which libraries a shared object of Linux needs, as the dynamic loader does: the DT_NEEDED entries of the segment
 * PT_DYNAMIC (64-bit ELF, System V ABI, chapter 5).
 */
final class ElfFile {
    private static final int MAGIC = 0x464c457f; // 0x7f 'E' 'L' 'F', little-endian
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int HEADER_BYTES = 64;
    private static final int SEGMENT_BYTES = 56;
    private static final int DYNAMIC_ENTRY_BYTES = 16;
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final long DT_NULL = 0;
    private static final long DT_NEEDED = 1;
    private static final long DT_STRTAB = 5;
    private static final long DT_STRSZ = 10;
    private static final int MOST_BYTES = 1 << 24; // of one table: far more than any library has

    /** Opens the file from its start, wherever it lies. */
    interface Source {
        InputStream open() throws IOException;
    }

    private final String name;
    private final Source source;

    private ElfFile(String name, Source source) {
        this.name = name;
        this.source = source;
    }

    /**
     * The names that the dynamic loader will look for, in the file's order, e.g. {@code libcudart.so.13}.
     *
     * @throws IOException if the file can't be read or is no 64-bit little-endian ELF file
     */
    static List<String> needed(Path file) throws IOException {
        return needed(file.toString(), () -> Files.newInputStream(file));
    }

    /** The same of a file that may lie in a jar: read a few times, unpacked nowhere. */
    static List<String> needed(String name, Source source) throws IOException {
        try {
            return new ElfFile(name, source).needed();
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            throw new IOException(name + " is a damaged ELF file: " + e.getMessage(), e);
        }
    }

    private List<String> needed() throws IOException {
        ByteBuffer header = read(0, HEADER_BYTES);
        if (header.getInt(0) != MAGIC || header.get(4) != CLASS_64 || header.get(5) != LITTLE_ENDIAN) {
            throw new IOException(name + " is no 64-bit little-endian ELF file");
        }
        int count = Short.toUnsignedInt(header.getShort(56));
        ByteBuffer segments = read(header.getLong(32), (long) count * SEGMENT_BYTES);
        for (int at = 0; at < segments.limit(); at += SEGMENT_BYTES) {
            if (segments.getInt(at) == PT_DYNAMIC) {
                ByteBuffer entries = read(segments.getLong(at + 8), segments.getLong(at + 32));
                long names = offset(segments, value(entries, DT_STRTAB));
                return names(entries, read(names, value(entries, DT_STRSZ)));
            }
        }
        return List.of();
    }

    /** Where in the file lies what is mapped to an address. */
    private long offset(ByteBuffer segments, long address) throws IOException {
        for (int at = 0; at < segments.limit(); at += SEGMENT_BYTES) {
            long start = segments.getLong(at + 16);
            if (segments.getInt(at) == PT_LOAD && address >= start && address - start < segments.getLong(at + 32)) {
                return segments.getLong(at + 8) + address - start;
            }
        }
        throw new IOException(name + " is a damaged ELF file: no segment holds address " + address);
    }

    private long value(ByteBuffer entries, long wanted) throws IOException {
        for (int at = 0; at + DYNAMIC_ENTRY_BYTES <= entries.limit(); at += DYNAMIC_ENTRY_BYTES) {
            if (entries.getLong(at) == wanted) {
                return entries.getLong(at + 8);
            }
        }
        throw new IOException(name + " is a damaged ELF file: its dynamic section has no entry " + wanted);
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
                byte[] text = new byte[end - start];
                strings.get(start, text);
                names.add(new String(text, StandardCharsets.UTF_8));
            }
        }
        return names;
    }

    private ByteBuffer read(long at, long bytes) throws IOException {
        if (at < 0 || bytes < 0 || bytes > MOST_BYTES) {
            throw new IOException(name + " is a damaged ELF file: " + bytes + " bytes at " + at);
        }
        try (InputStream in = source.open()) {
            in.skipNBytes(at);
            byte[] read = in.readNBytes((int) bytes);
            if (read.length == bytes) {
                return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
            }
        } catch (EOFException e) {
            // told below
        }
        throw new EOFException(name + " is a damaged ELF file: it ends before byte " + (at + bytes));
    }
}

package dev.vicreg.runtime.search;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * The form of an index's file, little-endian: a head, then five sections, each of which ends where the next one begins.
 *
 * <pre>
 *   0  8 bytes  VICREGIX
 *   8  int      version, 1
 *  12  int      dimension D
 *  16  int      count N
 *  20  int      CRC-32C of all bytes from 128 on
 *  24  5 longs  ends of the sections, of which the last is the file's size
 * 124  int      CRC-32C of the bytes 0 to 123
 * 128  vectors      N × D float32 of length 1, or zeros
 *      entries      N of: long size, 32 bytes SHA-256, int length, path in UTF-8
 *      description  JSON in UTF-8: model, checksum, data, manifest
 *      pictures     nothing, or N + 1 longs, offsets from behind them, and N JPEG files, each of which may be empty
 *      graph        nothing, or int of the vector where a search begins, int M, N × M ints, neighbours, -1 for none
 * </pre>
 *
 * @param count N
 * @param dimension D
 * @param ends of the sections, in their order
 */
record IndexFile(int count, int dimension, long[] ends) {
    static final int HEAD = 128;
    static final int CHECKSUM = 32; // bytes of SHA-256
    static final int ENTRY = Long.BYTES + CHECKSUM + Integer.BYTES; // and its path
    private static final int MOST_DIMENSION = 1 << 24;

    /** Sections, in their order. */
    enum Section {
        VECTORS(0),
        ENTRIES(1),
        DESCRIPTION(2),
        PICTURES(3),
        GRAPH(4);

        private final int place;

        Section(int place) {
            this.place = place;
        }
    }

    private static final byte[] MAGIC = "VICREGIX".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int HEAD_SUM = HEAD - Integer.BYTES;
    private static final long MAPPED = 1L << 30; // at a time, for the sum

    long start(Section section) {
        return section.place == 0 ? HEAD : ends[section.place - 1];
    }

    long size(Section section) {
        return ends[section.place] - start(section);
    }

    /**
     * A section's bytes, which the system reads as they are needed.
     *
     * @throws IOException if they are more than a buffer has places
     */
    ByteBuffer map(FileChannel channel, Section section, Path name) throws IOException {
        long size = size(section);
        if (size > Integer.MAX_VALUE) {
            throw new IOException("Cannot use " + name + ": " + section.name().toLowerCase(Locale.ROOT) + " of " + size
                    + " bytes, expected at most " + Integer.MAX_VALUE + "; split the data into several indexes");
        }
        return channel.map(FileChannel.MapMode.READ_ONLY, start(section), size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The head's bytes.
     *
     * @param sum CRC-32C of the sections
     */
    ByteBuffer head(int sum) {
        ByteBuffer head = ByteBuffer.allocate(HEAD).order(ByteOrder.LITTLE_ENDIAN);
        head.put(MAGIC).putInt(VERSION).putInt(dimension).putInt(count).putInt(sum);
        for (long end : ends) {
            head.putLong(end);
        }
        return head.putInt(HEAD_SUM, sum(head.slice(0, HEAD_SUM))).rewind();
    }

    private static int sum(ByteBuffer bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }

    /**
     * What the file's head says, once all of it is known to be what was written.
     *
     * @throws IOException if it is no index, of another version, cut off or damaged: says which, in one line
     */
    static IndexFile read(FileChannel channel, Path name) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEAD).order(ByteOrder.LITTLE_ENDIAN);
        while (head.hasRemaining() && channel.read(head, head.position()) >= 0) {
            // goes on until it is full, or the file ends
        }
        if (!Arrays.equals(MAGIC, Arrays.copyOf(head.array(), MAGIC.length))) {
            throw new IOException(name + " is no index of vectors, expected one as ./vicreg index writes it");
        }
        int version = head.getInt(8);
        if (version != VERSION) {
            throw new IOException(name + " is an index of version " + version + ", expected " + VERSION
                    + "; use the version that wrote it, or build it anew with ./vicreg index");
        }
        if (head.hasRemaining() || sum(head.slice(0, HEAD_SUM)) != head.getInt(HEAD_SUM)) {
            throw damaged(name, "its head is cut off or changed");
        }
        long[] ends = new long[Section.values().length];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = head.getLong(24 + i * Long.BYTES);
        }
        IndexFile file = new IndexFile(head.getInt(16), head.getInt(12), ends);
        long size = ends[ends.length - 1];
        if (channel.size() != size) {
            throw damaged(name, "it has " + channel.size() + " bytes, expected " + size);
        }
        if (sum(channel, size) != head.getInt(20)) {
            throw damaged(name, "its content is not what was written");
        }
        file.requireSense(name);
        return file;
    }

    /** Sums can be made for any content: what a reader relies on is checked as well. */
    private void requireSense(Path name) throws IOException {
        boolean ordered = ends[0] >= HEAD;
        for (int i = 1; i < ends.length; i++) {
            ordered &= ends[i] >= ends[i - 1];
        }
        boolean counted = count >= 1 && dimension >= 1 && dimension <= MOST_DIMENSION;
        long graph = size(Section.GRAPH);
        boolean fits = counted
                && ordered
                && size(Section.VECTORS) == (long) count * dimension * Float.BYTES
                && size(Section.ENTRIES) >= (long) count * ENTRY
                && (size(Section.PICTURES) == 0 || size(Section.PICTURES) >= (count + 1L) * Long.BYTES)
                && (graph == 0 || graph >= 2L * Integer.BYTES);
        if (!fits) {
            throw damaged(name, "its sections contradict its head");
        }
    }

    private static int sum(FileChannel channel, long size) throws IOException {
        CRC32C sum = new CRC32C();
        for (long from = HEAD; from < size; from += MAPPED) {
            sum.update(channel.map(FileChannel.MapMode.READ_ONLY, from, Math.min(MAPPED, size - from)));
        }
        return (int) sum.getValue();
    }

    static IOException damaged(Path name, String why) {
        return new IOException(
                "Cannot use " + name + ": " + why + "; copy it again, or build it anew with ./vicreg index");
    }
}

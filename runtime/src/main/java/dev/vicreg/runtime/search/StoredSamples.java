package dev.vicreg.runtime.search;

import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;

/** The samples of an index as they lie in its file: names, sizes, checksums and small pictures. Immutable; thread-safe. */
final class StoredSamples {
    private final Path file;
    private final RandomAccessFile
            opened; // not as a channel, which an interrupted thread closes for all; guarded by itself
    private final IndexFile form;
    private final ByteBuffer entries;
    private final int[] places; // of each entry, in the section

    /**
     * Of a file whose form is known.
     *
     * @param file that messages name
     * @param opened stays the caller's
     * @throws IOException if the entries are none
     */
    StoredSamples(Path file, RandomAccessFile opened, IndexFile form) throws IOException {
        this.file = file;
        this.opened = opened;
        this.form = form;
        entries = form.map(opened.getChannel(), IndexFile.Section.ENTRIES, file);
        places = new int[form.count()];
        int place = 0;
        for (int i = 0; i < places.length; i++) {
            places[i] = place;
            place += IndexFile.ENTRY;
            int path = place <= entries.limit() ? entries.getInt(place - Integer.BYTES) : -1;
            if (path < 0 || path > entries.limit() - place) {
                throw IndexFile.damaged(file, "its entries end too soon");
            }
            place += path;
        }
    }

    /**
     * An entry's bytes.
     *
     * @throws IllegalArgumentException if its size or checksum is none
     */
    static byte[] bytes(SearchIndex.Entry entry) {
        if (!entry.checksum().matches("[0-9a-fA-F]{" + 2 * IndexFile.CHECKSUM + "}") || entry.size() < 0) {
            throw new IllegalArgumentException(entry.path() + " has " + entry.size() + " bytes and the checksum "
                    + entry.checksum() + ", expected 0 or more and a SHA-256 in 64 hexadecimal digits");
        }
        byte[] path = entry.path().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(IndexFile.ENTRY + path.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(entry.size())
                .put(HexFormat.of().parseHex(entry.checksum()))
                .putInt(path.length)
                .put(path)
                .array();
    }

    SearchIndex.Entry entry(int index) {
        int place = places[index];
        byte[] checksum = new byte[IndexFile.CHECKSUM];
        entries.get(place + Long.BYTES, checksum);
        return new SearchIndex.Entry(
                path(index), entries.getLong(place), HexFormat.of().formatHex(checksum));
    }

    String path(int index) {
        int place = places[index] + Long.BYTES + IndexFile.CHECKSUM;
        byte[] path = new byte[entries.getInt(place)];
        entries.get(place + Integer.BYTES, path);
        return new String(path, StandardCharsets.UTF_8);
    }

    boolean havePictures() {
        return form.size(IndexFile.Section.PICTURES) > 0;
    }

    /**
     * A small JPEG of a sample, of an index that has pictures; empty where it has none.
     *
     * @throws IOException if it can't be read, or the file has been shortened meanwhile
     */
    byte[] picture(int index) throws IOException {
        long start = form.start(IndexFile.Section.PICTURES);
        ByteBuffer offsets = read(start + (long) index * Long.BYTES, 2 * Long.BYTES);
        long from = offsets.getLong(0);
        long size = offsets.getLong(Long.BYTES) - from;
        long data = start + (form.count() + 1L) * Long.BYTES;
        if (from < 0
                || size < 0
                || size > Integer.MAX_VALUE
                || from > form.start(IndexFile.Section.GRAPH) - data - size) {
            throw IndexFile.damaged(file, "its pictures lie outside of it");
        }
        return read(data + from, (int) size).array();
    }

    private ByteBuffer read(long from, int size) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        synchronized (opened) {
            try {
                opened.seek(from);
                opened.readFully(bytes.array());
            } catch (EOFException e) {
                throw IndexFile.damaged(file, "it has become shorter than it was");
            }
        }
        return bytes;
    }
}

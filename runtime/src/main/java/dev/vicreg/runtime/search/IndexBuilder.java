package dev.vicreg.runtime.search;

import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes an index, vector by vector. Nothing stands under its name before {@link #publish}, and what stood there stays until
 * then. Not thread-safe.
 */
public final class IndexBuilder implements Closeable {
    /** The most vectors that get a graph, whose file section is read by ints; more are searched exactly. */
    public static final int MOST_LINKED = (Integer.MAX_VALUE - Links.HEAD) / (NeighbourGraph.DEGREE * Integer.BYTES);

    /** Bytes of all entries, which a Java array holds. */
    private static final int MOST_ENTRIES = Integer.MAX_VALUE - 8;

    private final Path target;
    private final int mostEntries;
    private final int dimension;
    private final SearchIndex.Description description;
    private final AtomicFile file;
    private final CRC32C sum = new CRC32C();
    private final ByteBuffer row;
    private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
    private @Nullable Pictures pictures;
    private long position = IndexFile.HEAD;
    private int count;

    /** Told how far the graph of an approximate search is, which takes long. */
    public interface Watch {
        /** So many vectors of all are linked. Called by several threads. */
        default void linked(int done, int of) {}

        /** Whether to leave it: the index is then searched exactly. */
        default boolean isStopRequested() {
            return false;
        }
    }

    private IndexBuilder(
            Path target, int dimension, SearchIndex.Description description, AtomicFile file, int mostEntries)
            throws IOException {
        this.target = target;
        this.mostEntries = mostEntries;
        this.dimension = dimension;
        this.description = description;
        this.file = file;
        this.row = ByteBuffer.allocate(dimension * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.channel().position(position);
    }

    /**
     * Starts an index of vectors of {@code dimension} values.
     *
     * @throws IOException if it can't be written there
     */
    public static IndexBuilder create(Path target, int dimension, SearchIndex.Description description)
            throws IOException {
        return create(target, dimension, description, MOST_ENTRIES);
    }

    static IndexBuilder create(Path target, int dimension, SearchIndex.Description description, int mostEntries)
            throws IOException {
        AtomicFile file = AtomicFile.create(target);
        return new IndexBuilder(target, dimension, description, file, mostEntries);
    }

    /** Whether {@link #publish} gives so many vectors a graph, if jvector is on the class path. */
    public static boolean links(int count, int approximateFrom) {
        return count >= approximateFrom && count <= MOST_LINKED;
    }

    /**
     * Appends a sample.
     *
     * @param vector [dimension], of any length
     * @param picture a small JPEG of it; empty for none
     * @throws IllegalArgumentException if the vector has another dimension or a value that is not finite, or the entry's
     *     size or checksum is none; nothing is appended then
     * @throws IOException if it can't be written, or all names take more bytes than an index holds
     */
    public void add(SearchIndex.Entry entry, float[] vector, byte[] picture) throws IOException {
        SearchIndex.requireVector(vector, dimension, entry.path());
        byte[] fields = StoredSamples.bytes(entry);
        if (fields.length > mostEntries - entries.size()) {
            throw new IOException("Cannot write " + target + ": the names of more than " + count
                    + " samples take more than " + mostEntries + " bytes; split the data into several indexes");
        }
        row.clear();
        row.asFloatBuffer().put(Embeddings.normalised(vector));
        write(row);
        entries.writeBytes(fields);
        if (picture.length > 0 && pictures == null) {
            pictures = new Pictures(TemporaryFolder.beside(target), count);
        }
        if (pictures != null) {
            pictures.add(picture);
        }
        count++;
    }

    /** Samples so far. */
    public int size() {
        return count;
    }

    /**
     * Completes the file and gives it its name.
     *
     * @param approximateFrom so many vectors or more, up to {@link #MOST_LINKED}, get a graph by which they are searched
     *     approximately, if jvector is on the class path
     * @throws IllegalStateException if there are no vectors
     */
    public void publish(int approximateFrom, Watch watch) throws IOException {
        if (count == 0) {
            throw new IllegalStateException("no vectors for " + target + ", expected one or more");
        }
        try {
            long[] ends = new long[IndexFile.Section.values().length];
            ends[0] = position;
            write(ByteBuffer.wrap(entries.toByteArray()));
            ends[1] = position;
            write(ByteBuffer.wrap(description.toJson().getBytes(StandardCharsets.UTF_8)));
            ends[2] = position;
            if (pictures != null) {
                pictures.copy();
            }
            ends[3] = position;
            if (links(count, approximateFrom) && SearchIndex.hasJvector()) {
                MappedVectors vectors = new MappedVectors(file.channel(), IndexFile.HEAD, count, dimension);
                NeighbourGraph.write(vectors, watch, this::write);
            }
            ends[4] = position;
            ByteBuffer head = new IndexFile(count, dimension, ends).head((int) sum.getValue());
            while (head.hasRemaining()) {
                file.channel().write(head, head.position());
            }
            file.publish();
        } catch (IOException e) {
            throw new IOException("Cannot write " + target + ": " + e.getMessage(), e);
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        sum.update(bytes.duplicate());
        position += bytes.remaining();
        while (bytes.hasRemaining()) {
            file.channel().write(bytes);
        }
    }

    /** Removes what was not published. */
    @Override
    public void close() throws IOException {
        if (pictures != null) {
            pictures.close();
        }
        file.close();
    }

    /** Small pictures on their way to the end of the file. */
    private final class Pictures implements Closeable {
        private final TemporaryFolder folder;
        private final FileChannel channel;
        private long[] offsets = new long[1024]; // of the first of those that are there, and where each ends
        private int known;

        /** @param before samples without a picture */
        Pictures(TemporaryFolder folder, int before) throws IOException {
            this.folder = folder;
            this.channel = FileChannel.open(
                    folder.path().resolve("pictures"),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            for (int i = 0; i <= before; i++) {
                end(0);
            }
        }

        private void end(long offset) {
            if (known == offsets.length) {
                offsets = Arrays.copyOf(offsets, 2 * known);
            }
            offsets[known++] = offset;
        }

        void add(byte[] picture) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(picture);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            end(channel.position());
        }

        void copy() throws IOException {
            ByteBuffer table = ByteBuffer.allocate(known * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            table.asLongBuffer().put(offsets, 0, known);
            IndexBuilder.this.write(table);
            ByteBuffer part = ByteBuffer.allocate(1 << 16);
            channel.position(0);
            while (channel.read(part.clear()) >= 0) {
                IndexBuilder.this.write(part.flip());
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
            folder.close();
        }
    }
}

package dev.vicreg.training.data.source;

import dev.vicreg.runtime.file.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file of a data set, wherever it lies: in a folder, an archive or memory. Thread-safe. */
public final class DataFile {
    private static final Logger log = LoggerFactory.getLogger(DataFile.class);
    /** No picture that may be decoded needs more. */
    static final int MAX_SIZE = 256 << 20;
    /** So many first bytes tell what a file is. */
    private static final int HEAD = 12;

    private final String name;
    private final long size;
    private final Content content;
    private volatile byte @Nullable [] head; // once it was asked for

    interface Content {
        InputStream open() throws IOException;
    }

    /**
     * A file.
     *
     * @param name relative to the data set, with {@code /} between folders; used as a name only, never to open a path
     * @param size in bytes
     * @param content opened as often as needed, from any thread
     */
    DataFile(String name, long size, Content content) {
        this.name = name;
        this.size = size;
        this.content = content;
    }

    /** Relative to the data set, with {@code /} between folders. */
    public String name() {
        return name;
    }

    /** In bytes. */
    public long size() {
        return size;
    }

    /** Whether the name ends so, in capitals or small letters. */
    public boolean endsWith(String ending) {
        return name.toLowerCase(Locale.ROOT).endsWith(ending);
    }

    /**
     * Its first 12 bytes, or all of a shorter file; none of one that cannot be read, which is told here, and again by
     * whoever takes it for a sample. It is opened for them once, however many ask.
     */
    public byte[] head() {
        byte[] known = head;
        if (known == null) {
            try {
                known = firstBytes(HEAD);
            } catch (IOException e) {
                log.warn("{}", e.getMessage());
                known = new byte[0];
            }
            head = known;
        }
        return known.clone();
    }

    /** All of it. */
    public byte[] read() throws IOException {
        return read(MAX_SIZE);
    }

    /**
     * All of it.
     *
     * @param limit a larger file is refused
     */
    public byte[] read(int limit) throws IOException {
        byte[] bytes = size > limit ? new byte[0] : firstBytes(limit + 1);
        if (size > limit || bytes.length > limit) { // an archive may lie about sizes, so both are looked at
            throw new IOException("cannot read " + name + ": more than " + (limit >> 20) + " MiB");
        }
        return bytes;
    }

    /** At most so many bytes from its start. */
    private byte[] firstBytes(int count) throws IOException {
        try (InputStream in = content.open()) {
            return in.readNBytes(count);
        } catch (IOException | RuntimeException e) { // damaged archives make their reader throw what it stumbles over
            throw new IOException("cannot read " + name + ": " + Reason.of(e), e);
        }
    }

    public String baseName() {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    /** The folders the file lies in, without the last slash; empty at the top. */
    public String folder() {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    /** The file itself, or, by the same name, what is in it where that ends in {@code .gz}. */
    public DataFile gunzipped() {
        return name.endsWith(".gz") ? new DataFile(name, size, () -> new GZIPInputStream(content.open())) : this;
    }

    DataFile renamed(String newName) {
        return new DataFile(newName, size, content);
    }

    /** Whether these bytes begin so. */
    public static boolean startsWith(byte[] head, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (i >= head.length || (head[i] & 255) != bytes[i]) {
                return false;
            }
        }
        return true;
    }
}

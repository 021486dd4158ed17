package dev.vicreg.training.data.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/**
 * A file of a data set, wherever it lies: in a folder, an archive or memory.
 *
 * @param name relative to the data set, with {@code /} between folders; used as a name only, never to open a path
 * @param size in bytes
 * @param content opened as often as needed, from any thread
 */
public record SourceFile(String name, long size, Content content) {
    /** No picture that may be decoded needs more. */
    private static final int MAX_SIZE = 256 << 20;

    interface Content {
        InputStream open() throws IOException;
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
    public byte[] firstBytes(int count) throws IOException {
        try (InputStream in = content.open()) {
            return in.readNBytes(count);
        } catch (IOException e) {
            throw new IOException("cannot read " + name + ": " + e, e); // the JDK's message may be a bare path
        }
    }

    public String baseName() {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    /** The folders the file lies in, without the last slash; empty at the top. */
    public String folder() {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    /** The file itself, or what is in it where the name ends in {@code .gz}, without that ending. */
    public SourceFile gunzipped() {
        return name.endsWith(".gz")
                ? new SourceFile(name.substring(0, name.length() - 3), size, () -> new GZIPInputStream(content.open()))
                : this;
    }

    public SourceFile renamed(String newName) {
        return new SourceFile(newName, size, content);
    }

    /** Told by name; what has another name may still be a picture by content. */
    public static boolean isPictureName(String name) {
        return name.toLowerCase(Locale.ROOT).matches(".*\\.(jpe?g|png|bmp|gif|webp)");
    }

    /** Told by the first 12 bytes: JPEG, PNG, GIF, BMP or WebP. */
    public static boolean isPictureContent(byte[] head) {
        return startsWith(head, 0xFF, 0xD8, 0xFF)
                || startsWith(head, 0x89, 'P', 'N', 'G')
                || startsWith(head, 'G', 'I', 'F', '8')
                || (startsWith(head, 'B', 'M') && head.length > 9 && head[6] == 0 && head[8] == 0)
                || (startsWith(head, 'R', 'I', 'F', 'F') && head.length > 11 && head[8] == 'W' && head[11] == 'P');
    }

    public static boolean startsWith(byte[] head, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (i >= head.length || (head[i] & 255) != bytes[i]) {
                return false;
            }
        }
        return true;
    }
}

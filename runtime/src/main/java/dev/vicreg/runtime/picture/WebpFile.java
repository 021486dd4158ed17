package dev.vicreg.runtime.picture;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of a WebP file (RFC 9649): its first frame as a file of its own, and the frame's place on the canvas.
 *
 * <p>A reader of single pictures then suffices, and nothing in the file but the coded picture matters to it.
 */
final class WebpFile {
    private static final int HEADER = 12;
    private static final int CHUNK_HEADER = 8;
    private static final int FRAME_HEADER = 16;
    private static final int VP8X = fourCc("VP8X");
    private static final int ANMF = fourCc("ANMF");
    private static final int ALPHA_FLAG = 0x10;

    private final ByteBuffer file;
    private @Nullable Canvas canvas; // of an animation
    private @Nullable Chunk frame; // its first
    private @Nullable ByteBuffer exif;
    private @Nullable ByteBuffer xmp;

    private record Chunk(int name, int start, int length) {}

    private WebpFile(byte[] file) {
        this.file = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    static boolean matches(byte[] file) {
        ByteBuffer head = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        return file.length >= HEADER && head.getInt(0) == fourCc("RIFF") && head.getInt(8) == fourCc("WEBP");
    }

    /**
     * Reads the chunks.
     *
     * @throws IOException if the file is shorter than it says, or damaged
     */
    static WebpFile of(byte[] file) throws IOException {
        WebpFile webp = new WebpFile(file);
        long announced = 8 + (webp.file.getInt(4) & 0xFFFFFFFFL);
        if (announced > file.length) {
            throw new IOException(
                    "the file is truncated (its header announces " + announced + " bytes, found " + file.length + ")");
        }
        webp.readChunks((int) announced);
        return webp;
    }

    private void readChunks(int end) throws IOException {
        int width = 0;
        int height = 0;
        for (int at = HEADER; at + CHUNK_HEADER <= end; ) {
            Chunk chunk = chunk(at, end);
            ByteBuffer content = file.slice(chunk.start, chunk.length).order(ByteOrder.LITTLE_ENDIAN);
            if (chunk.name == VP8X && chunk.length >= 10) {
                width = uint24(content, 4) + 1;
                height = uint24(content, 7) + 1;
            } else if (chunk.name == ANMF && frame == null) {
                if (chunk.length < FRAME_HEADER) {
                    throw new IOException("its first frame takes " + chunk.length + " bytes, expected more");
                }
                frame = chunk;
                canvas = new Canvas(width, height, 2 * uint24(content, 0), 2 * uint24(content, 3));
            } else if (chunk.name == fourCc("EXIF") && exif == null) {
                exif = content;
            } else if (chunk.name == fourCc("XMP ") && xmp == null) {
                xmp = content;
            }
            at = next(chunk);
        }
    }

    private Chunk chunk(int at, int end) throws IOException {
        long length = file.getInt(at + 4) & 0xFFFFFFFFL;
        if (length > end - at - CHUNK_HEADER) {
            throw new IOException("the file is truncated (a chunk ends " + (at + CHUNK_HEADER + length - end)
                    + " bytes behind its end)");
        }
        return new Chunk(file.getInt(at), at + CHUNK_HEADER, (int) length);
    }

    private static int next(Chunk chunk) {
        return chunk.start + chunk.length + (chunk.length & 1); // chunks are padded to even lengths
    }

    /** The orientation that its metadata tell. */
    ExifOrientation orientation() {
        return ExifOrientation.of(exif, xmp);
    }

    /** Where the picture lies on an animation's canvas; null where it is all there is. */
    @Nullable
    Canvas canvas() {
        return canvas;
    }

    /** The file, or of an animation a file with its first frame alone. */
    byte[] bytes() throws IOException {
        Chunk first = frame;
        if (first == null) {
            return file.array();
        }
        ByteArrayOutputStream chunks = new ByteArrayOutputStream();
        int end = first.start + first.length;
        for (int at = first.start + FRAME_HEADER; at + CHUNK_HEADER <= end; ) {
            Chunk part = chunk(at, end);
            if (part.name == fourCc("ALPH")) { // a picture with alpha begins with a header that says so
                ByteBuffer header = ByteBuffer.allocate(CHUNK_HEADER + 10).order(ByteOrder.LITTLE_ENDIAN);
                header.putInt(VP8X).putInt(10).putInt(ALPHA_FLAG);
                chunks.writeBytes(header.put(file.array(), first.start + 6, 6).array()); // width and height less one
            }
            if (part.name == fourCc("ALPH") || part.name == fourCc("VP8 ") || part.name == fourCc("VP8L")) {
                chunks.write(file.array(), at, CHUNK_HEADER + part.length);
                chunks.write(new byte[part.length & 1], 0, part.length & 1);
            }
            at = next(part);
        }
        ByteBuffer alone = ByteBuffer.allocate(HEADER + chunks.size()).order(ByteOrder.LITTLE_ENDIAN);
        alone.putInt(fourCc("RIFF")).putInt(4 + chunks.size()).putInt(fourCc("WEBP"));
        return alone.put(chunks.toByteArray()).array();
    }

    private static int uint24(ByteBuffer in, int at) {
        return (in.getShort(at) & 0xFFFF) | ((in.get(at + 2) & 255) << 16);
    }

    private static int fourCc(String name) {
        return name.charAt(0) | name.charAt(1) << 8 | name.charAt(2) << 16 | name.charAt(3) << 24;
    }
}

package dev.vicreg.training.data.source;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An array in NumPy's file format (NEP 1, versions 1 to 3) of floats, whole numbers or bytes in row-major order, opened: what
 * stands before the values is known, and the values can be read once. Not thread-safe.
 */
public final class NpyFile implements Closeable {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int BLOCK = 1 << 16;
    private static final int MAX_HEADER = 1 << 20;
    private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*('[^']*'|\\[.*?\\])");
    private static final Pattern FORTRAN = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([^)]*)\\)");

    static boolean matches(byte[] head) {
        return head.length >= MAGIC.length && Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    /**
     * What stands before the values.
     *
     * @param type as NumPy has it, such as {@code <f4}
     * @param length in bytes
     */
    public record Header(int[] shape, String type, int length) {
        /** Whether the values are whole numbers of 32 or 64 bits. */
        public boolean holdsIds() {
            return type.matches("[<>=]i[48]");
        }

        /** Whether the values are 0–255 unsigned. */
        public boolean holdsBytes() {
            return type.equals("|u1");
        }

        private int bytes() {
            return type.charAt(2) - '0';
        }

        private ByteOrder order() {
            return type.charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        }
    }

    /** Takes a value from a block and keeps it at a place. */
    private interface Taker {
        void take(ByteBuffer block, int place) throws IOException;
    }

    private final Path path;
    private final long size;
    private final InputStream in; // what comes next are the values
    private final Header header;

    private NpyFile(Path path, InputStream in) throws IOException {
        this.path = path;
        this.in = in;
        size = Files.size(path);
        header = header(in, path.toString());
    }

    /**
     * Opens a file, which the caller closes.
     *
     * @throws IOException if it is no such file
     */
    public static NpyFile open(Path path) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(path), BLOCK);
        try {
            return new NpyFile(path, in);
        } catch (Throwable e) { // whatever it is, and thrown on
            in.close();
            throw e;
        }
    }

    /** Where the file is. */
    public Path path() {
        return path;
    }

    /** What stands before the values. */
    public Header header() {
        return header;
    }

    /** The array's axes; shared, not to be changed. */
    public int[] shape() {
        return header.shape;
    }

    /**
     * Reads the whole array, in row-major order, float64 rounded to float32, and closes the file.
     *
     * @throws IOException if it is damaged or of another type: says which
     */
    public float[] floats() throws IOException {
        if (!header.type.matches("[<>=]f[48]")) {
            throw new IOException(path + " holds values of type '" + header.type
                    + "', expected float32 or float64; save it with array.astype(numpy.float32)");
        }
        float[] values = new float[count()];
        boolean single = header.bytes() == Float.BYTES;
        forEach((block, i) -> values[i] = single ? block.getFloat() : (float) block.getDouble());
        return values;
    }

    /**
     * Reads the values of an array of float32 or float64 as they are, by their place in row-major order, and closes the
     * file.
     *
     * @throws IOException if it is damaged or of another type: says which
     */
    public IntToDoubleFunction exact() throws IOException {
        if (!header.type.matches("[<>=]f8")) {
            float[] values = floats();
            return place -> values[place];
        }
        double[] values = new double[count()];
        forEach((block, i) -> values[i] = block.getDouble());
        return place -> values[place];
    }

    /**
     * Reads an array [N,T] of whole numbers, and closes the file.
     *
     * @throws IOException if it is damaged, of another type, or holds a number that is no id: says where
     */
    public int[][] ids() throws IOException {
        if (!header.holdsIds()) {
            throw new IOException(path + " holds values of type '" + header.type
                    + "', expected int32 or int64; save ids with array.astype(numpy.int64)");
        }
        int width = header.shape[1];
        int[][] ids = new int[count() / Math.max(1, width)][width];
        boolean single = header.bytes() == Integer.BYTES;
        forEach((block, i) -> {
            long id = single ? block.getInt() : block.getLong();
            if (id < 0 || id > Integer.MAX_VALUE) {
                throw new IOException(path + ": row " + (i / width + 1) + ", place " + (i % width + 1) + " is " + id
                        + ", expected an id of 0 or more and below 2^31");
            }
            ids[i / width][i % width] = (int) id;
        });
        return ids;
    }

    /**
     * Reads a whole array of bytes, in row-major order, and closes the file.
     *
     * @throws IOException if it is damaged or of another type: says which
     */
    public byte[] bytes() throws IOException {
        if (!header.holdsBytes()) {
            throw new IOException(path + " holds values of type '" + header.type
                    + "', expected uint8; save it with array.astype(numpy.uint8)");
        }
        try (in) {
            return in.readNBytes(count());
        }
    }

    private int count() throws IOException {
        double most = Integer.MAX_VALUE - 8;
        double count = Arrays.stream(header.shape).asDoubleStream().reduce(1, (a, b) -> a * b); // exact up to 2^53
        if (count > most) {
            throw new IOException(path + " is too large or damaged: an array of " + Arrays.toString(header.shape)
                    + ", expected at most 2^31 values; split it");
        }
        long bytes = ((long) count) * header.bytes();
        long found = size - header.length;
        if (found != bytes) {
            throw new IOException(path + " is damaged: an array of " + Arrays.toString(header.shape) + " takes " + bytes
                    + " bytes, found " + found);
        }
        return (int) count;
    }

    private void forEach(Taker taker) throws IOException {
        try (in) {
            int count = count();
            for (int done = 0; done < count; ) {
                int part = Math.min(BLOCK / header.bytes(), count - done);
                ByteBuffer block =
                        ByteBuffer.wrap(in.readNBytes(part * header.bytes())).order(header.order());
                for (int i = 0; i < part; i++) {
                    taker.take(block, done++);
                }
            }
        }
    }

    /** Idempotent. */
    @Override
    public void close() throws IOException {
        in.close();
    }

    private static Header header(InputStream in, String name) throws IOException {
        byte[] head = in.readNBytes(8);
        if (head.length < 8 || !matches(head)) {
            throw new IOException(name + " is no NumPy file: expected it to begin with \\x93NUMPY");
        }
        int width = head[6] == 1 ? 2 : 4; // of the header's length, by version
        byte[] size = in.readNBytes(width);
        ByteBuffer sizes = ByteBuffer.wrap(Arrays.copyOf(size, 4)).order(ByteOrder.LITTLE_ENDIAN);
        int length = sizes.getInt();
        if (head[6] < 1 || head[6] > 3 || size.length < width || length < 1 || length > MAX_HEADER) {
            throw new IOException(name + " is damaged: its header is of version " + head[6] + " and " + length
                    + " bytes, expected version 1 to 3");
        }
        byte[] bytes = in.readNBytes(length);
        String text = new String(bytes, StandardCharsets.UTF_8);
        String type = find(DESCR, text);
        String fortran = find(FORTRAN, text);
        String shape = find(SHAPE, text);
        if (bytes.length < length || type == null || fortran == null || shape == null) {
            throw new IOException(name + " is damaged: its header is '"
                    + text.replaceAll("\\s+", " ").strip() + "', expected descr," + " fortran_order and shape");
        }
        if (!type.matches("'([<>=][fi][48]|\\|u1)'")) {
            throw new IOException(name + " holds values of type " + type
                    + ", expected float32 or float64 for vectors and signals, int32 or int64 for ids, uint8 for pictures;"
                    + " save it with array.astype(numpy.float32), or numpy.int64 for ids");
        }
        if (fortran.equals("True")) {
            throw new IOException(name + " is in column-major order; save it with numpy.ascontiguousarray(array)");
        }
        return new Header(sizes(shape, name), type.substring(1, 4), 8 + width + length);
    }

    private static @Nullable String find(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : null;
    }

    private static int[] sizes(String text, String name) throws IOException {
        try {
            return Arrays.stream(text.split(","))
                    .map(String::strip)
                    .filter(part -> !part.isEmpty())
                    .mapToInt(Integer::parseUnsignedInt)
                    .toArray();
        } catch (NumberFormatException e) {
            throw new IOException(name + " is damaged: its shape is (" + text + ")", e);
        }
    }
}

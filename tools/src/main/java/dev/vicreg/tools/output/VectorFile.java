package dev.vicreg.tools.output;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.AtomicFile;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/**
 * Writes vectors one after another into a .npy or .csv file, and beside it NAME.paths.txt with the name of the picture
 * that each row belongs to. Nothing stands under the final names before {@link #publish}. Not thread-safe.
 */
public final class VectorFile implements Closeable {
    /** NumPy's format 1.0 pads its header so that the data start at a multiple of 64. */
    private static final int NPY_HEADER = 128;

    private final Path target;
    private final int dimension;
    private final boolean csv;
    private final AtomicFile vectors;
    private final AtomicFile paths;
    private final Writer names;
    private final ByteBuffer row;
    private long rows;

    private VectorFile(Path target, int dimension, AtomicFile vectors, AtomicFile paths) {
        this.target = target;
        this.dimension = dimension;
        this.csv = hasEnding(target, ".csv");
        this.row = ByteBuffer.allocate(dimension * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        this.vectors = vectors;
        this.paths = paths;
        this.names = new BufferedWriter(Channels.newWriter(paths.channel(), StandardCharsets.UTF_8));
    }

    /**
     * Starts a file; its ending decides the format.
     *
     * @param target ends in .npy (float32, C order, little endian) or .csv (a header line, then path and values)
     * @throws IllegalArgumentException if it ends otherwise
     * @throws IOException if it, or the file of names beside it, cannot be written there
     */
    public static VectorFile create(Path target, int dimension) throws IOException {
        requireWritable(target);
        List<AtomicFile> started = new ArrayList<>();
        try {
            started.add(AtomicFile.create(target));
            started.add(AtomicFile.create(pathsFile(target)));
            VectorFile file = new VectorFile(target, dimension, started.get(0), started.get(1));
            file.writeFully(file.csv ? file.csvHeader() : ByteBuffer.allocate(NPY_HEADER));
            return file;
        } catch (IOException e) {
            for (AtomicFile each : started) {
                each.close();
            }
            throw e;
        }
    }

    /**
     * Refuses a file that {@link #create} would refuse, before anything is computed.
     *
     * @throws IllegalArgumentException if it ends in neither .npy nor .csv
     * @throws IOException if it, or the file of names beside it, is a folder, or their own folder is missing
     */
    public static void requireWritable(Path target) throws IOException {
        if (!hasEnding(target, ".npy") && !hasEnding(target, ".csv")) {
            throw new SettingException("--out must end in .npy or .csv, found " + target);
        }
        AtomicFile.requireWritable(target);
        AtomicFile.requireWritable(pathsFile(target));
    }

    private static boolean hasEnding(Path target, String ending) {
        return target.toString().toLowerCase(Locale.ROOT).endsWith(ending);
    }

    /** The file of names that lies beside a file of vectors: {@code vectors.paths.txt} for {@code vectors.npy}. */
    public static Path pathsFile(Path target) {
        String name = String.valueOf(target.getFileName());
        return target.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".paths.txt");
    }

    /** Appends a vector and the name of its picture. */
    public void add(String name, float[] vector) throws IOException {
        if (vector.length != dimension) {
            throw new IllegalArgumentException(
                    target + ": expected a vector of " + dimension + " values, found " + vector.length);
        }
        if (csv) {
            writeFully(ByteBuffer.wrap(csvLine(name, vector).getBytes(StandardCharsets.UTF_8)));
        } else {
            row.clear();
            row.asFloatBuffer().put(vector);
            writeFully(row);
        }
        names.write(name.replace("\n", "\\n") + "\n"); // one line a row, whatever the file is called
        rows++;
    }

    /** Completes both files, forces them to the disk and gives them their names: both, or after a failure neither. */
    public void publish() throws IOException {
        if (!csv) {
            vectors.channel().position(0);
            writeFully(npyHeader());
        }
        names.flush();
        AtomicFile.publish(paths, vectors);
    }

    /** Removes what was written if it was not published. */
    @Override
    public void close() throws IOException {
        vectors.close();
        paths.close();
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            vectors.channel().write(bytes);
        }
    }

    /** Format 1.0: magic, version, length of the text, the text padded with blanks and ended by a line feed. */
    private ByteBuffer npyHeader() {
        int textLength = NPY_HEADER - 10;
        String text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + rows + ", " + dimension + "), }";
        ByteBuffer header = ByteBuffer.allocate(NPY_HEADER).order(ByteOrder.LITTLE_ENDIAN);
        header.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0);
        header.putShort((short) textLength).put(text.getBytes(StandardCharsets.US_ASCII));
        while (header.position() < NPY_HEADER - 1) {
            header.put((byte) ' ');
        }
        return header.put((byte) '\n').flip();
    }

    private ByteBuffer csvHeader() {
        StringJoiner line = new StringJoiner(",", "", "\n");
        line.add("path");
        for (int i = 0; i < dimension; i++) {
            line.add("e" + i);
        }
        return ByteBuffer.wrap(line.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String csvLine(String name, float[] vector) {
        StringJoiner line = new StringJoiner(",", "", "\n");
        line.add(name.matches(".*[\",\r\n].*") ? '"' + name.replace("\"", "\"\"") + '"' : name);
        for (float value : vector) {
            line.add(Float.toString(value));
        }
        return line.toString();
    }
}

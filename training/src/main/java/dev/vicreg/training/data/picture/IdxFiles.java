package dev.vicreg.training.data.picture;

import dev.vicreg.training.data.source.DataFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * IDX files as MNIST and its successors use them, plain or gzipped: a big-endian header (two zero bytes, type 8 for
 * bytes, the number of dimensions, the dimensions), then the samples. Pictures are [number, height, width] or [number,
 * height, width, channels]; labels [number] lie in a file of their own beside, {@code train-labels-idx1-ubyte} for {@code
 * train-images-idx3-ubyte}. Source: <a href="http://yann.lecun.com/exdb/mnist/">The MNIST database</a>.
 */
public final class IdxFiles {
    private static final int BYTES = 8;

    private IdxFiles() {}

    /** Whether the file starts as an IDX file of pictures. */
    public static boolean matches(DataFile file) {
        return startsAs(file, 3, 4);
    }

    public static boolean isTest(DataFile file) {
        return file.baseName().startsWith("t10k") || file.baseName().startsWith("test");
    }

    /**
     * The pictures of these files, with the labels that lie beside them.
     *
     * @param pictureFiles those files to read
     * @param channels in which pictures are decoded
     */
    public static RawPictures read(List<DataFile> pictureFiles, List<DataFile> allFiles, int channels)
            throws IOException {
        List<RawPictures.Block> blocks = new ArrayList<>();
        int classes = 0;
        for (DataFile file : pictureFiles) {
            RawPictures.Block block = block(file, allFiles);
            blocks.add(block);
            classes = Math.max(classes, Arrays.stream(block.labels()).max().orElse(-1) + 1);
        }
        return new RawPictures(blocks, RawPictures.numbers(classes), channels);
    }

    private static boolean startsAs(DataFile file, int... dimensions) {
        byte[] head = file.gunzipped().head();
        return Arrays.stream(dimensions).anyMatch(count -> DataFile.startsWith(head, 0, 0, BYTES, count));
    }

    private static RawPictures.Block block(DataFile file, List<DataFile> files) throws IOException {
        byte[] data = file.gunzipped().read(RawPictures.MAX_FILE);
        int start = 4 + 4 * data[3];
        int[] shape = {0, 0, 0, 1}; // number, height, width, channels
        for (int d = 0; d < data[3] && data.length >= start; d++) {
            shape[d] = ByteBuffer.wrap(data).getInt(4 + 4 * d);
        }
        long stride = (long) shape[1] * shape[2] * shape[3];
        boolean plausible = shape[1] > 0 && shape[2] > 0 && (shape[3] == 1 || shape[3] == 3);
        if (!plausible || stride > Integer.MAX_VALUE || shape[0] * stride != data.length - start) {
            throw new IOException(file.name() + ": expected bytes for grey or RGB pictures of shape "
                    + Arrays.toString(shape) + " (number, height, width, channels) as its header says, found "
                    + (data.length - start) + " bytes; the file is damaged or truncated");
        }
        int[] labels = labels(file.name(), files, shape[0]);
        return new RawPictures.Block(
                file.name(), data, start, (int) stride, shape[2], shape[1], shape[3], false, labels, isTest(file));
    }

    private static int[] labels(String pictures, List<DataFile> files, int count) throws IOException {
        String wanted = unpacked(pictures.replace("images", "labels").replaceAll("idx[34]", "idx1"));
        int[] labels = new int[count];
        Arrays.fill(labels, -1);
        for (DataFile file : files) {
            if (unpacked(file.name()).equals(wanted) && startsAs(file, 1)) {
                byte[] data = file.gunzipped().read(RawPictures.MAX_FILE);
                if (data.length != 8 + count) {
                    throw new IOException(file.name() + ": expected " + count + " labels, one for each picture of "
                            + pictures + ", found " + (data.length - 8));
                }
                for (int i = 0; i < count; i++) {
                    labels[i] = data[8 + i] & 255;
                }
                break;
            }
        }
        return labels;
    }

    private static String unpacked(String name) {
        return name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    }
}

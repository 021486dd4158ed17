package dev.vicreg.training.data.picture;

import dev.vicreg.training.data.source.DataFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The binary version of CIFAR-10 and CIFAR-100: records of a label byte (CIFAR-100: coarse, then fine) and a red, a
 * green and a blue plane of 32x32. Source: <a href="https://www.cs.toronto.edu/~kriz/cifar.html">the authors' page</a>.
 */
public final class CifarBinary {
    private static final int SIDE = 32;
    private static final int SAMPLES = 3 * SIDE * SIDE;

    private CifarBinary() {}

    public static boolean matches(DataFile file) {
        return file.baseName().matches("(data_batch_\\d+|test_batch|train|test)\\.bin");
    }

    public static boolean isTest(DataFile file) {
        return file.baseName().startsWith("test");
    }

    /**
     * The pictures of these files.
     *
     * @param batches those files to read; CIFAR-10 and CIFAR-100 must not be mixed
     * @param channels in which pictures are decoded
     */
    public static RawPictures read(List<DataFile> batches, List<DataFile> allFiles, int channels) throws IOException {
        boolean hundred = isHundred(batches.get(0));
        List<RawPictures.Block> blocks = new ArrayList<>();
        for (DataFile batch : batches) {
            if (isHundred(batch) != hundred) {
                throw new IOException(batches.get(0).name() + " is CIFAR-" + (hundred ? 100 : 10) + " and "
                        + batch.name() + " is not; name one of the sets");
            }
            blocks.add(block(batch, hundred));
        }
        return new RawPictures(blocks, classNames(allFiles, batches.get(0).folder(), hundred ? 100 : 10), channels);
    }

    private static boolean isHundred(DataFile file) {
        return !file.baseName().contains("batch");
    }

    private static RawPictures.Block block(DataFile file, boolean hundred) throws IOException {
        int labelBytes = hundred ? 2 : 1;
        int classes = hundred ? 100 : 10;
        int stride = labelBytes + SAMPLES;
        byte[] data = file.read(RawPictures.MAX_FILE);
        if (data.length == 0 || data.length % stride != 0) {
            throw new IOException(file.name() + ": expected records of " + stride + " bytes as in CIFAR-" + classes
                    + ", found " + data.length + " bytes; the file is damaged or truncated");
        }
        int[] labels = new int[data.length / stride];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = data[i * stride + labelBytes - 1] & 255;
            if (labels[i] >= classes) {
                throw new IOException(file.name() + ": expected labels below " + classes + ", found " + labels[i]
                        + " at picture " + i + "; the file is damaged");
            }
        }
        return new RawPictures.Block(file.name(), data, labelBytes, stride, SIDE, SIDE, 3, true, labels, isTest(file));
    }

    private static List<String> classNames(List<DataFile> files, String folder, int classes) throws IOException {
        String wanted = classes == 10 ? "batches.meta.txt" : "fine_label_names.txt";
        for (DataFile file : files) {
            if (file.baseName().equals(wanted) && file.folder().equals(folder)) {
                List<String> names = new String(file.read(), StandardCharsets.UTF_8)
                        .lines()
                        .filter(line -> !line.isBlank())
                        .toList();
                if (names.size() == classes) {
                    return names;
                }
            }
        }
        return RawPictures.numbers(classes);
    }
}

package dev.vicreg.training.data.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.TestPictures;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** CIFAR's binary version and IDX files, as folders, archives and single files. */
class RawPicturesTest {
    private static final String CIFAR_CLASSES = "plane\ncar\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";

    @TempDir
    Path folder;

    @Test
    void cifar10IsReadFromAFolder() throws IOException {
        writeCifar10();
        try (Dataset<Picture> train = open("/train");
                Dataset<Picture> test = open("/test")) {
            assertEquals(5, train.size());
            assertEquals("data_batch_2.bin#1", train.name(4));
            assertEquals(List.of(0, 1, 2, 3, 4), labels(train));
            assertEquals("bird", train.labelNames().get(2));
            assertEquals(TestPictures.noise(32, 32, 4), train.sample(4));
            assertEquals(List.of(7), labels(test));
        }
    }

    @Test
    void cifar10IsReadFromItsArchive() throws IOException {
        writeCifar10();
        Path archive = folder.resolve("cifar-10-binary.tar.gz");
        try (TarArchiveOutputStream tar =
                new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(archive)))) {
            for (String name : List.of("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin", "batches.meta.txt")) {
                TarArchiveEntry entry = new TarArchiveEntry("cifar-10-batches-bin/" + name);
                entry.setSize(Files.size(folder.resolve(name)));
                tar.putArchiveEntry(entry);
                Files.copy(folder.resolve(name), tar);
                tar.closeArchiveEntry();
            }
        }
        try (Dataset<Picture> all = TestPictures.open(archive.toString(), Selection.ALL);
                Dataset<Picture> test = TestPictures.open(archive + "!/test", Selection.ALL)) {
            assertEquals(6, all.size());
            assertEquals("horse", test.labelNames().get(test.label(0)));
        }
    }

    @Test
    void cifar100HasFineLabels() throws IOException {
        byte[] record = cifarRecord(1, 99, TestPictures.noise(32, 32, 3));
        Files.write(folder.resolve("train.bin"), record);
        try (Dataset<Picture> set = open("")) {
            assertEquals(List.of(99), labels(set));
            assertEquals(100, set.labelNames().size());
            assertEquals(TestPictures.noise(32, 32, 3), set.sample(0));
        }
    }

    @Test
    void damagedCifarBatchIsAnError() throws IOException {
        Files.write(folder.resolve("test_batch.bin"), new byte[3000]);
        IOException e = assertThrows(IOException.class, () -> open(""));
        assertEquals(
                "test_batch.bin: expected records of 3073 bytes as in CIFAR-10, found 3000 bytes;"
                        + " the file is damaged or truncated",
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".gz"})
    void idxPicturesFindTheirLabels(String ending) throws IOException {
        writeIdx("train", ending, 3);
        writeIdx("t10k", ending, 2);
        try (Dataset<Picture> all = open("");
                Dataset<Picture> train = open("/train");
                Dataset<Picture> test = open("/test");
                Dataset<Picture> file = open("/train-images-idx3-ubyte" + ending)) {
            assertEquals(5, all.size());
            assertEquals(List.of(0, 2, 4), labels(train));
            assertEquals(List.of("0", "1", "2", "3", "4"), train.labelNames());
            assertEquals(List.of(0, 2), labels(test));
            assertEquals(labels(train), labels(file));
            Picture second = file.sample(1);
            assertEquals("5x4", second.width() + "x" + second.height());
            assertEquals(20, second.rgb()[0]);
            assertEquals(20, second.rgb()[2]);
            assertEquals(39, second.rgb()[second.rgb().length - 1]);
        }
    }

    @Test
    void labelsOfAnotherNumberAreAnError() throws IOException {
        writeIdx("train", "", 3);
        Files.write(folder.resolve("train-labels-idx1-ubyte"), new byte[] {0, 0, 8, 1, 0, 0, 0, 1, 5});
        String message =
                String.valueOf(assertThrows(IOException.class, () -> open("")).getMessage());
        assertTrue(message.contains("expected 3 labels"), message);
    }

    @Test
    void truncatedIdxFileIsAnError() throws IOException {
        writeIdx("train", "", 3);
        Path file = folder.resolve("train-images-idx3-ubyte");
        Files.write(file, java.util.Arrays.copyOf(Files.readAllBytes(file), 40));
        String message =
                String.valueOf(assertThrows(IOException.class, () -> open("")).getMessage());
        assertTrue(message.contains("[3, 4, 5, 1]") && message.contains("truncated"), message);
    }

    private Dataset<Picture> open(String below) throws IOException {
        return TestPictures.open(folder + below, Selection.ALL);
    }

    private static List<Integer> labels(Dataset<Picture> set) {
        return IntStream.range(0, set.size()).mapToObj(set::label).toList();
    }

    private void writeCifar10() throws IOException {
        writeBatch("data_batch_1.bin", 0, 1, 2);
        writeBatch("data_batch_2.bin", 3, 4);
        writeBatch("test_batch.bin", 7);
        Files.writeString(folder.resolve("batches.meta.txt"), CIFAR_CLASSES);
    }

    private void writeBatch(String name, int... labels) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int label : labels) {
            out.write(cifarRecord(-1, label, TestPictures.noise(32, 32, label)));
        }
        Files.write(folder.resolve(name), out.toByteArray());
    }

    private static byte[] cifarRecord(int coarse, int label, Picture picture) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (coarse >= 0) {
            out.write(coarse);
        }
        out.write(label);
        for (int channel = 0; channel < 3; channel++) {
            for (int pixel = 0; pixel < 1024; pixel++) {
                out.write(picture.rgb()[pixel * 3 + channel]);
            }
        }
        return out.toByteArray();
    }

    /** Pictures of 4 rows and 5 columns whose samples count up; label 2i for picture i. */
    private void writeIdx(String part, String ending, int count) throws IOException {
        ByteBuffer pictures = ByteBuffer.allocate(16 + count * 20);
        pictures.putInt(0x803).putInt(count).putInt(4).putInt(5);
        ByteBuffer labels = ByteBuffer.allocate(8 + count);
        labels.putInt(0x801).putInt(count);
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < 20; k++) {
                pictures.put((byte) (i * 20 + k));
            }
            labels.put((byte) (2 * i));
        }
        writeMaybeGzipped(part + "-images-idx3-ubyte" + ending, pictures.array());
        writeMaybeGzipped(part + "-labels-idx1-ubyte" + ending, labels.array());
    }

    private void writeMaybeGzipped(String name, byte[] content) throws IOException {
        OutputStream file = Files.newOutputStream(folder.resolve(name));
        try (OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(file) : file) {
            out.write(content);
        }
    }
}

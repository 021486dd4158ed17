package dev.vicreg.training.data.source;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.TestArrays;
import dev.vicreg.training.data.TestPictures;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.vector.VectorDataset;
import dev.vicreg.training.data.vector.VectorFiles;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How often files are opened to tell what they are and to read them. */
class OpenedOnceTest {
    @TempDir
    Path folder;

    private final Map<String, Integer> openings = new TreeMap<>();

    private DataFile counted(String name, byte[] content) {
        return new DataFile(name, content.length, () -> {
            openings.merge(name, 1, Integer::sum);
            return new ByteArrayInputStream(content);
        });
    }

    private static byte[] png(long seed) {
        return TestPictures.encoded(TestPictures.noise(6, 5, seed), "png");
    }

    @Test
    void aFileIsOpenedOnceToBeToldAndOnceToBeRead() throws IOException {
        List<DataFile> files = new ArrayList<>(List.of(
                counted("a/1.png", png(1)),
                counted("a/2.data", png(2)),
                counted("a/notes.md", "no picture".getBytes(StandardCharsets.UTF_8))));
        DataFiles data = new DataFiles("set", new Container("set", files, false, () -> {}));
        Kind<?> kind = Kinds.of(data);
        assertSame(PictureKind.PICTURES, kind);
        assertEquals(Map.of("a/1.png", 1, "a/2.data", 1, "a/notes.md", 1), openings);
        try (Dataset<?> set = kind.open(data, DataOptions.DEFAULT, Selection.ALL)) {
            assertEquals(2, set.size());
            set.sample(0);
            set.sample(1);
        }
        assertEquals(Map.of("a/1.png", 2, "a/2.data", 2, "a/notes.md", 1), openings);
    }

    @Test
    void anArchiveIsUnpackedOnce() throws IOException {
        Path archive = folder.resolve("set.tar.gz");
        try (TarArchiveOutputStream tar =
                new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(archive)))) {
            byte[] picture = png(1);
            TarArchiveEntry entry = new TarArchiveEntry("a/1.png");
            entry.setSize(picture.length);
            tar.putArchiveEntry(entry);
            tar.write(picture);
            tar.closeArchiveEntry();
        }
        try (Datasets datasets = new Datasets()) {
            assertSame(PictureKind.PICTURES, datasets.kind(archive.toString()));
            Files.delete(archive); // whoever reads it once more fails
            Dataset<?> first = datasets.open(archive.toString(), DataOptions.DEFAULT, Selection.ALL);
            Picture picture = PictureKind.PICTURES.require(first).sample(0);
            assertEquals(TestPictures.noise(6, 5, 1), picture);
            assertSame(first, datasets.open(archive.toString(), DataOptions.DEFAULT, Selection.ALL));
        }
    }

    /** Opens an array that is gone from the folder once its kind is known: whoever opens it once more fails. */
    private <S> Dataset<S> openedOnce(Kind<S> kind, String type, int[] shape, double... values) throws IOException {
        Path file = folder.resolve("array.npy");
        TestArrays.write(file, type, false, shape, values);
        try (Datasets datasets = new Datasets()) {
            assertSame(kind, datasets.kind(file.toString()));
            Files.delete(file);
            return kind.require(datasets.open(file.toString(), DataOptions.DEFAULT, Selection.ALL));
        }
    }

    @Test
    void anArrayIsOpenedOnceToBeToldAndRead() throws IOException {
        Dataset<float[]> vectors = openedOnce(VectorKind.VECTORS, "<f4", new int[] {2, 2}, 1, 2, 3, 4);
        assertArrayEquals(new float[] {3, 4}, vectors.sample(1));
        Dataset<Signal> signals = openedOnce(SignalKind.SIGNALS, "<f4", new int[] {1, 1, 3}, 1, 2, 3);
        assertArrayEquals(new float[] {1, 2, 3}, signals.sample(0).samples()[0]);
        Dataset<int[]> sequences = openedOnce(SequenceKind.SEQUENCES, "<i4", new int[] {1, 2}, 7, 8);
        assertArrayEquals(new int[] {7, 8}, sequences.sample(0));
    }

    @Test
    void anArrayOfNoKindIsClosedWithTheFilesOfItsSet() throws IOException {
        Path file = folder.resolve("array.npy");
        TestArrays.write(file, "<f4", false, new int[] {1, 1, 1, 1}, 1);
        DataFiles data = DataFiles.at(file.toString());
        assertThrows(IOException.class, () -> Kinds.of(data));
        data.close();
        assertThrows(IOException.class, () -> data.array().floats(), "it is closed");
    }

    /** Of a pipe every byte comes once, so whoever opens it once more waits for ever. */
    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // waiting for a pipe is not interrupted
    void aTableIsOpenedOnceWhoeverChoosesItsColumns() throws Exception {
        Path pipe = folder.resolve("pipe.csv");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no named pipes here");
        for (List<String> columns : List.of(List.<String>of(), List.of("height", "width"))) {
            CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
                try {
                    Files.writeString(pipe, "name,height,empty,width\nx,1,,2\ny,3,,4\n", StandardOpenOption.WRITE);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            VectorDataset table = VectorFiles.csv(pipe, new DataOptions(columns, null, 0, 1), Selection.ALL);
            written.get();
            assertEquals(List.of("height", "width"), table.columns());
            assertArrayEquals(new float[] {3, 4}, table.sample(1));
        }
    }

    @Test
    void whatWasReadToFindOutSettingsServesTheTraining() throws IOException {
        Path table = Files.writeString(folder.resolve("t.csv"), "a,b\n1,2\n3,4\n");
        try (Datasets datasets = new Datasets()) {
            Dataset<?> read = datasets.open(table.toString(), DataOptions.DEFAULT, Selection.ALL);
            DataOptions known = new DataOptions(List.of("a", "b"), null, 0, 1);
            datasets.alsoReadAs(known, read);
            Files.delete(table);
            assertSame(read, datasets.open(table.toString(), known, Selection.ALL));
        }
    }
}

package dev.vicreg.training.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.TestPictures;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
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
                counted("a/notes.md", "no picture".getBytes(java.nio.charset.StandardCharsets.UTF_8))));
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

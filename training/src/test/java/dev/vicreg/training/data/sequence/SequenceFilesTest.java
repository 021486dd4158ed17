package dev.vicreg.training.data.sequence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.TestArrays;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Arrays and files of ids, texts in files, folders and archives. */
class SequenceFilesTest {
    @TempDir
    Path folder;

    private static SequenceDataset open(Path path) throws IOException {
        return open(path, DataOptions.DEFAULT);
    }

    private static SequenceDataset open(Path path, DataOptions reading) throws IOException {
        assertEquals(SequenceKind.SEQUENCES, Kinds.of(DataFiles.at(path.toString())));
        return (SequenceDataset) Kinds.open(path.toString(), reading, Selection.ALL);
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    @Test
    void arraysOfBothSizesLoseThePaddingAtTheirEnds() throws IOException {
        Path file = folder.resolve("ids.npy");
        for (String type : List.of("<i4", ">i4", "<i8", ">i8")) {
            TestArrays.write(file, type, false, new int[] {2, 3}, 7, 0, 70_000, 9, 0, 0);
            SequenceDataset data = open(file);
            assertArrayEquals(new int[] {7, 0, 70_000}, data.sample(0));
            assertArrayEquals(new int[] {9}, data.sample(1));
            assertEquals(new SequenceDataset.Summary(3, 70_000), data.summary());
            assertFalse(data.areTexts());
            assertEquals("7 0 70000", data.text(0));
            assertEquals("row 2", data.name(1));
        }
        Files.writeString(folder.resolve("ids.labels.txt"), "10\n2\n");
        TestArrays.write(file, "<i4", false, new int[] {2, 3}, 7, 8, 9, 9, 9, 9);
        SequenceDataset padded = open(file, new DataOptions(List.of(), null, 0, 1, 9));
        assertEquals(1, padded.size()); // a row of padding alone is none
        assertArrayEquals(new int[] {7, 8}, padded.sample(0));
        assertEquals(List.of("10"), padded.labelNames());
    }

    @Test
    void linesOfIdsHaveSpacesOrCommasAndAnyLength() throws IOException {
        Path file = write("a.ids", "\uFEFF1 2\t3\n\n 4,5, 6 ,0 0\n7\n");
        write("a.labels.txt", "x\n\ny\nx\n");
        SequenceDataset data = open(file);
        assertEquals(3, data.size());
        assertArrayEquals(new int[] {1, 2, 3}, data.sample(0));
        assertArrayEquals(new int[] {4, 5, 6}, data.sample(1));
        assertEquals("row 3", data.name(1));
        assertEquals(List.of("x", "y"), data.labelNames());
        assertEquals(1, data.label(1));
        assertEquals(0, data.label(2));
        assertEquals(1, data.skipped());
    }

    @Test
    void textsAreTheirBytes() throws IOException {
        Path file = write("a.txt", "A\u00E9\r\n\n  zwei W\u00F6rter \n");
        SequenceDataset data = open(file);
        assertTrue(data.areTexts());
        // ByT5: byte + 3, then 1
        assertArrayEquals(new int[] {'A' + 3, 0xC3 + 3, 0xA9 + 3, 1}, data.sample(0));
        assertEquals("zwei W\u00F6rter", data.text(1));
        assertEquals("row 3", data.name(1));
    }

    @Test
    void foldersAndArchivesOfTextsHaveClasses() throws IOException {
        write("set/train/a/1.txt", "one\n");
        write("set/train/b/2.TXT", "two");
        write("set/train/b/3.txt", " \n");
        SequenceDataset data = open(folder.resolve("set/train"));
        assertEquals(2, data.size());
        assertEquals(List.of("a", "b"), data.labelNames());
        assertEquals("a/1.txt", data.name(0));
        assertEquals(1, data.label(1));
        assertEquals("one", data.text(0));

        Path zip = folder.resolve("set.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            out.putNextEntry(new ZipEntry("a/1.txt"));
            out.write("one".getBytes(StandardCharsets.UTF_8));
        }
        assertEquals("one", open(zip).text(0));
        assertEquals(data.fingerprint(), open(folder.resolve("set/train")).fingerprint());
        write("set/train/a/1.txt", "One");
        assertNotEquals(data.fingerprint(), open(folder.resolve("set/train")).fingerprint());

        write("set/train/b/4.md", "other");
        assertEquals(
                PictureKind.PICTURES,
                Kinds.of(DataFiles.at(folder.resolve("set/train").toString())));
    }

    @Test
    void oneBadTextOfManyIsSkipped() throws IOException {
        for (int i = 0; i < 120; i++) {
            write("set/a/" + i + ".txt", "text " + i);
        }
        Files.write(folder.resolve("set/a/7.txt"), new byte[] {'a', (byte) 0xE9});
        SequenceDataset data = open(folder.resolve("set"));
        assertEquals(119, data.size());
        assertEquals(1, data.skipped());
        Files.write(folder.resolve("set/a/8.txt"), new byte[] {'a', (byte) 0xE9});
        IOException e = assertThrows(IOException.class, () -> open(folder.resolve("set")));
        assertTrue(e.getMessage().startsWith("2 of the 120 texts in "), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 2\\n3 x\\n|a.ids: line 2 has 'x', expected ids of at most 9 digits",
                "1 -2\\n|line 1 has '-2'",
                "1 2.0\\n|line 1 has '2.0'",
                "1 99999999999999999999999999\\n|line 1 has '99999999999999999999…'",
                "0 0\\n\\n0\\n|a.ids holds no sequences",
                "''|a.ids holds no sequences"
            })
    void badLinesAreRefusedByPlace(String text, String expected) throws IOException {
        refused(expected, write("a.ids", text.replace("\\n", "\n")));
    }

    private static void refused(String expected, Path path) {
        IOException e = assertThrows(IOException.class, () -> open(path));
        assertTrue(e.getMessage().contains(expected) && !e.getMessage().contains("\n"), e.getMessage());
    }

    @Test
    void badFilesAreToldApart() throws IOException {
        Path file = folder.resolve("ids.npy");
        TestArrays.write(file, "<i8", false, new int[] {2, 2}, 1, 2, 3, -1);
        refused("row 2, place 2 is -1, expected an id of 0 or more and below 2^31", file);
        TestArrays.write(file, "<i8", false, new int[] {1, 1}, 1L << 31);
        refused("is 2147483648, expected an id", file);
        TestArrays.write(file, "<i4", false, new int[] {2, 2}, 1, 2, 3);
        refused("takes 16 bytes, found 12", file);
        TestArrays.write(file, "<i4", false, new int[] {0, 2});
        refused("holds no sequences", file);
        Path latin = folder.resolve("latin.txt");
        Files.write(latin, new byte[] {'a', '\n', 'b', (byte) 0xE9, 'b'});
        refused("latin.txt: line 2 is no text in UTF-8", latin);
        Files.write(folder.resolve("b.labels.txt"), new byte[] {'x', '\n', (byte) 0xE9});
        refused("b.labels.txt: line 2 is no text in UTF-8", write("b.ids", "1\n2\n"));
        write("b.labels.txt", "x\n");
        refused("has 1 lines, expected one for each of the 2 samples", write("b.ids", "1\n2\n"));
    }

    @Test
    void whatAnEncoderDoesNotTakeIsNamedWithItsPlace() throws IOException {
        SequenceDataset data = open(write("a.ids", "1 2 3\n4 5 6 7\n"));
        data.requireFor(false, 8, 4);
        data.requireFor(false, 0, 0);
        assertEquals(
                "row 2, place 4: found id 7, the encoder knows ids 0 to 6; make the ids with its own tokenizer",
                message(() -> data.requireFor(false, 7, 4)));
        assertEquals(
                "row 2 has 4 ids, the encoder takes at most 3; train with `length` to have longer sequences cut",
                message(() -> data.requireFor(false, 8, 3)));
        assertEquals("the encoder takes texts, the data are ids", message(() -> data.requireFor(true, 259, 0)));
    }

    private static String message(org.junit.jupiter.api.function.Executable check) {
        return assertThrows(IllegalArgumentException.class, check).getMessage();
    }
}

package dev.vicreg.training.data.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.Logged;
import dev.vicreg.training.data.TestArrays;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Selection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VectorFilesTest {
    @TempDir
    Path folder;

    private Path csv(String text) throws IOException {
        return Files.writeString(folder.resolve("table.csv"), text);
    }

    private static VectorDataset open(Path file, @Nullable String label, String... columns) throws IOException {
        return (VectorDataset)
                Kinds.open(file.toString(), new DataOptions(List.of(columns), label, 0, 1), Selection.ALL);
    }

    private static String refusal(Path file, @Nullable String label, String... columns) {
        return String.valueOf(assertThrows(IOException.class, () -> open(file, label, columns))
                .getMessage());
    }

    @Test
    void columnsOfNumbersAreUsedAndTheLabelIsKeptApart() throws IOException {
        VectorDataset table =
                open(csv("\uFEFFname, size,code,\"a, b\",kind\nx,1.5,10d,-2e3,2\ny,2,11d,0,10\n"), "kind");
        assertEquals(List.of("size", "a, b"), table.columns());
        assertArrayEquals(new float[] {1.5f, -2000}, table.sample(0));
        assertEquals(List.of("2", "10"), table.labelNames());
        assertEquals(1, table.label(1));
        assertEquals("row 2", table.name(1));
        assertEquals(
                VectorKind.VECTORS,
                Kinds.of(DataFiles.at(folder.resolve("table.csv").toString())));
    }

    @Test
    void chosenColumnsComeInTheOrderAskedFor() throws IOException {
        Path file = csv("a,b,c\n1,2,3\n4,5,6\n");
        assertArrayEquals(new float[] {6, 4}, open(file, null, "c", "a").sample(1));
        assertEquals(-1, open(file, null, "c").label(0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a,b\\n1,2\\n3,\\n|row 2, column b is empty",
                "a,b\\n,2\\n3,4\\n|row 1, column a is empty",
                "a,b\\nNA,2\\n3,4\\n|row 1, column a is 'NA'",
                "a,b\\n1,2\\n3,x\\n|row 2, column b is 'x'",
                "a,b\\n1,Infinity\\n|row 1, column b is 'Infinity'",
                "a,b\\n1,2\\n3\\n|row 2 has 1 values, expected 2",
                "a,b\\n1,2,3\\n|row 1 has 3 values, expected 2",
                "a,a\\n1,2\\n|all different",
                "a,b\\n|no column of numbers",
                "a,b\\nx,y\\n|no column of numbers; its columns are a, b",
                "a,b\\n1,\"2\\n|is no CSV file in UTF-8",
            })
    void badTablesAreRefusedByPlace(String text, String expected) throws IOException {
        String message = refusal(csv(text.replace("\\n", "\n")), null);
        assertTrue(message.contains(expected) && !message.contains("\n"), message);
    }

    @Test
    void columnsThatAreMissingOrNoNumbersAreNamed() throws IOException {
        Path file = csv("a,b\n1,red\n");
        assertTrue(refusal(file, null, "a", "z").contains("no column z; it has a, b"));
        assertTrue(refusal(file, null, "b").contains("row 1, column b is 'red', expected a finite number"));
        assertTrue(refusal(file, "class").contains("no label column class"));
        assertThrows(IllegalArgumentException.class, () -> open(file, "a", "a"));
        assertThrows(IllegalArgumentException.class, () -> open(file, null, "a", "a"));
    }

    @Test
    void arraysOfBothSizesAndByteOrdersAreRead() throws IOException {
        Path file = folder.resolve("array.npy");
        for (String type : List.of("<f4", ">f4", "<f8", ">f8")) {
            TestArrays.write(file, type, false, new int[] {2, 3}, 1, 2, 3, 4, 5, 6.5);
            VectorDataset table = open(file, null);
            assertEquals(List.of("0", "1", "2"), table.columns());
            assertArrayEquals(new float[] {4, 5, 6.5f}, table.sample(1));
        }
        Files.writeString(folder.resolve("array.labels.txt"), "b\na\n");
        VectorDataset labelled = open(file, null, "2", "0");
        assertArrayEquals(new float[] {6.5f, 4}, labelled.sample(1));
        assertEquals(List.of("a", "b"), labelled.labelNames());
        assertEquals(1, labelled.label(0));
        assertEquals(List.of("1", "4"), open(file, "0").labelNames());
        assertEquals(List.of("x", "y", "z"), open(file, null, "x", "y", "z").columns());
    }

    @Test
    void badArraysAreToldApart() throws IOException {
        Path file = folder.resolve("array.npy");
        TestArrays.write(file, "<i2", false, new int[] {1, 1}, 1);
        assertTrue(refusal(file, null).contains("type '<i2', expected float32 or float64"));
        TestArrays.write(file, "<f4", true, new int[] {2, 2}, 1, 2, 3, 4);
        assertTrue(refusal(file, null).contains("column-major"));
        TestArrays.write(file, "<f4", false, new int[] {4}, 1, 2, 3, 4);
        assertTrue(refusal(file, null)
                .contains("shape [4], expected bytes [N,H,W,C], [N,C,H,W] or [N,H,W] for pictures, [N,D] for vectors,"
                        + " [N,C,T] for signals"));
        TestArrays.write(file, "<f4", false, new int[] {2, 2}, 1, 2, 3);
        assertTrue(refusal(file, null).contains("takes 16 bytes, found 12"));
        TestArrays.write(file, "<f4", false, new int[] {1, 2}, 1, Double.NaN);
        assertTrue(refusal(file, null).contains("row 1, column 1 is NaN"));
        TestArrays.write(file, "<f4", false, new int[] {2, 2}, 1, 2, 3, 4);
        assertTrue(refusal(file, null, "7").contains("no column 7; it has 0, 1"));
        Files.writeString(folder.resolve("array.labels.txt"), "b\n");
        assertTrue(refusal(file, null).contains("has 1 lines, expected one for each of the 2 samples"));
        TestArrays.write(file, "<f4", false, new int[] {1 << 30, 1 << 30, 1 << 30});
        assertTrue(refusal(file, null).contains("is too large or damaged: an array of [1073741824, 1073741824"));
        Files.writeString(file, "no array at all");
        assertTrue(refusal(file, null).contains("no NumPy file"));
    }

    @Test
    void momentsAreThoseOfTheSelectedRows() throws IOException {
        Path file = csv("a,b\n1000000,7\n1000002,7\n5,1\n");
        VectorDataset table = (VectorDataset) Kinds.open(file.toString(), DataOptions.DEFAULT, new Selection(3, 0));
        assertEquals(1, table.moments().deviation().get(1) - Math.sqrt(8) + 1, 1e-6);
        VectorDataset two =
                new VectorTable(List.of("a", "b"), new float[] {1e6f, 7, 1e6f + 2, 7}, List.of(), Selection.ALL);
        assertEquals(List.of(1_000_001f, 7f), two.moments().mean());
        assertEquals(List.of(1f, 1f), two.moments().deviation()); // the second is constant
        assertNotEquals(table.fingerprint(), two.fingerprint());
    }

    /** Unix seconds: float32 knows steps of 128 there. */
    @Test
    void columnsThatFloat32CannotTellApartAreRefusedForTraining() throws IOException {
        StringBuilder rows = new StringBuilder("time,x\n");
        for (int i = 0; i < 64; i++) {
            rows.append(1_732_700_000L + i).append(',').append(i).append('\n');
        }
        VectorDataset table = open(csv(rows.toString()), null);
        assertEquals(1_732_700_001.0, table.value(1, 0));
        IllegalStateException e = assertThrows(IllegalStateException.class, table::moments);
        assertEquals(
                "column time has values from 1732700000 to 1732700063, where float32, in which networks take them,"
                        + " knows steps of 128 only; subtract the smallest value from it in the file, or choose other"
                        + " `columns`",
                e.getMessage());
        Path array = folder.resolve("array.npy");
        TestArrays.write(array, "<f8", false, new int[] {3, 1}, 5_400_000.01, 5_400_000.02, 5_400_000.03);
        assertThrows(IllegalStateException.class, open(array, null)::moments);
        TestArrays.write(array, "<f8", false, new int[] {2, 1}, 16_777_217, 16_777_217);
        assertEquals(List.of(1f), open(array, null).moments().deviation()); // all the same: nothing is lost
    }

    @Test
    void labelsOfAnArrayOfDoublesStayDifferent() throws IOException {
        Path array = folder.resolve("array.npy");
        TestArrays.write(array, "<f8", false, new int[] {2, 2}, 1, 16_777_216, 2, 16_777_217);
        assertEquals(List.of("16777216", "16777217"), open(array, "1").labelNames());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x\ty\n1\t-2\n",
                "x;y\n1;-2\n",
                "sep=;\nx;y\n1;-2\n",
                "sep=|\r\nx|y\r\n1|-2\r\n",
                "x,y\n1\u00A0,-2\u202F\n"
            })
    void otherSeparatorsAndSpacesAreRead(String text) throws IOException {
        VectorDataset table = open(csv(text), null);
        assertEquals(List.of("x", "y"), table.columns());
        assertArrayEquals(new float[] {1, -2}, table.sample(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"table.csv.gz", "table.tsv.gz", "table.csv"})
    void compressedTablesAreRead(String name) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("x,y\n1,-2\n".getBytes(StandardCharsets.UTF_8));
        }
        assertArrayEquals(new float[] {1, -2}, open(file, null).sample(0));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 100_000}) // within the header that is looked through, and behind it
    void cutOffCompressedTablesAreToldByName(int rows) throws IOException {
        Path file = folder.resolve("cut.csv.gz");
        byte[] whole = gzipped("x,y\n" + "1,-2\n0.5,3.75\n".repeat(rows));
        Files.write(file, Arrays.copyOf(whole, whole.length - 10));
        assertEquals("cannot read " + file + ": the file is truncated", refusal(file, null));
        byte[] other = whole.clone();
        other[10] |= 0x06; // the type of a block that doesn't exist
        Files.write(file, other);
        assertEquals(
                "cannot read " + file + ": its compressed bytes are damaged (invalid block type)", refusal(file, null));
    }

    private static byte[] gzipped(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    @Test
    void otherEncodingsAreToldWithTheRemedy() throws IOException {
        Path file = Files.write(folder.resolve("table.csv"), "a,gr\u00F6\n1,2\n".getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(refusal(file, null).endsWith("save or convert it as UTF-8"), refusal(file, null));
        Files.write(file, "\uFEFFa,b\n1,2\n".getBytes(StandardCharsets.UTF_16LE));
        assertEquals(file + " is in UTF-16, expected UTF-8; save or convert it as UTF-8", refusal(file, null));
        assertTrue(refusal(csv("x;y\n0,5;1,5\n"), null).contains("decimal commas: write decimal points"));
        assertTrue(
                refusal(csv("x,y\n1,2\n\"3,4\n"), null).contains("line 3: a quote that opens there is never closed"));
        assertTrue(refusal(csv("x,y\n"), null).contains("it holds no rows, only a header"));
    }

    @Test
    void columnsWithoutANameAreUsedByNobody() throws IOException {
        Path file = csv(",x,y,\n0,1,2,\n1,3,4,\n");
        assertArrayEquals(new float[] {3, 4}, open(file, null, "x", "y").sample(1));
        assertEquals(List.of("x", "y"), open(file, null).columns());
        assertArrayEquals(
                new float[] {2}, open(csv("a,a,b\n1,1,2\n"), null, "b").sample(0));
        assertTrue(refusal(csv("a,a,b\n1,1,2\n"), null, "a").contains("has several columns a"));
    }

    @Test
    void whatIsLeftOutIsTold() throws IOException {
        String told = Logged.during(() -> open(csv("x,y,kind\n1,missing,a\n2,3,b\n"), null));
        assertTrue(told.contains("WARN") && told.contains("y ('missing' in row 1, but 1 of 2 are numbers)"), told);
        told = Logged.during(() -> open(csv("x,sum,kind\n1,\"1,000\",a\n"), "kind"));
        assertTrue(told.contains("columns left out, as they hold no numbers: [sum ('1,000' in row 1)]"), told);
        told = Logged.during(() -> open(csv("0.5,-1.5,a\n1,2,b\n"), null));
        assertTrue(told.contains("its first line is taken as names of columns, but holds numbers, such as 0.5"), told);
        assertEquals(
                "",
                Logged.during(() -> open(csv("0,1,kind\n1,2,b\n"), "kind"))); // numbered, as tables without names are
    }
}

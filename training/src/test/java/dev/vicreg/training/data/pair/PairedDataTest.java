package dev.vicreg.training.data.pair;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vicreg.training.data.pair.PairedData.By;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PairedDataTest {
    @TempDir
    Path folder;

    private String photos;
    private String sketches;

    /** Samples that are nothing but names; a sample's label is its place modulo 2. */
    private record Named(List<String> names, int skipped) implements ViewSource, Dataset<ViewSource.Sample> {
        static Named of(String... names) {
            return new Named(List.of(names), 0);
        }

        @Override
        public Dataset<?> data() {
            return this;
        }

        @Override
        public ViewType type() {
            return new ViewType(ViewType.Element.UINT8, List.of(1));
        }

        @Override
        public boolean unrelatedViews() {
            return false;
        }

        @Override
        public Sample sample(int index) {
            return (key, into, offset) -> into.put(offset, (byte) index);
        }

        @Override
        public byte[] stored(int index) {
            return new byte[0];
        }

        @Override
        public int size() {
            return names.size();
        }

        @Override
        public String noun() {
            return "pictures";
        }

        @Override
        public String name(int index) {
            return names.get(index);
        }

        @Override
        public int label(int index) {
            return index % 2;
        }

        @Override
        public List<String> labelNames() {
            return List.of("even", "odd");
        }

        @Override
        public String fingerprint() {
            return String.join("+", names);
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void nameFolders() {
        photos = folder.resolve("photos").toString();
        sketches = folder.resolve("sketches").toString();
    }

    private PairedData by(By by, ViewSource a, ViewSource b) throws IOException {
        return PairedData.of(by, a, photos, b, sketches, Selection.ALL);
    }

    private PairedData byFile(String text, ViewSource a, ViewSource b) throws IOException {
        Path file = Files.writeString(folder.resolve("pairs.csv"), text);
        return PairedData.of(file, a, photos, b, sketches, Selection.ALL);
    }

    private String refused(String text) {
        Named a = Named.of("1.jpg", "2.jpg");
        Named b = Named.of("x.png", "y.png");
        return String.valueOf(
                assertThrows(IOException.class, () -> byFile(text, a, b)).getMessage());
    }

    private static List<String> names(PairedData data) {
        return IntStream.range(0, data.size()).mapToObj(data::name).toList();
    }

    @Test
    void namesWithoutEndingsTellWhatBelongsTogether() throws IOException {
        PairedData data = by(By.NAME, Named.of("bird/1.jpg", "bird/2.v2.jpg"), Named.of("bird/2.v2.png", "bird/1.png"));
        assertEquals(List.of("bird/1.jpg with bird/1.png", "bird/2.v2.jpg with bird/2.v2.png"), names(data));
    }

    @Test
    void samplesWithoutPartnerAreCountedAndOneIsNamed() {
        IOException e = assertThrows(
                IOException.class, () -> by(By.NAME, Named.of("1.jpg", "2.jpg", "3.jpg"), Named.of("2.png")));
        assertEquals(
                "pairs go by name without its ending, and 2 of 3 pictures in " + photos
                        + " have no partner, such as 1, 0 of 1 pictures in " + sketches
                        + " have no partner; rename or remove them, use `pair-by` position, or name the pairs in a file"
                        + " with `pairs`",
                e.getMessage());
    }

    @Test
    void aNameTwiceInOneSetIsRefused() {
        IOException e =
                assertThrows(IOException.class, () -> by(By.NAME, Named.of("1.jpg", "1.png"), Named.of("1.png")));
        assertEquals(
                "pairs go by name without its ending, and " + photos
                        + " holds both 1.jpg and 1.png; rename one, or name the pairs in a file with `pairs`",
                e.getMessage());
    }

    @Test
    void positionsNeedSetsOfEqualSizeOfWhichNothingWasLeftOut() throws IOException {
        assertEquals(
                List.of("a.jpg with x.png", "b.jpg with y.png"),
                names(by(By.POSITION, Named.of("a.jpg", "b.jpg"), Named.of("x.png", "y.png"))));
        IOException unequal =
                assertThrows(IOException.class, () -> by(By.POSITION, Named.of("a.jpg", "b.jpg"), Named.of("x.png")));
        assertEquals(
                "pairs of unequal length: 2 pictures in " + photos + ", 1 pictures in " + sketches
                        + "; by position, pairs need as many on either side",
                unequal.getMessage());
        IOException skipped = assertThrows(
                IOException.class, () -> by(By.POSITION, new Named(List.of("a.jpg"), 1), Named.of("x.png")));
        assertEquals(
                "1 pictures in " + photos
                        + " are empty or cannot be decoded, so positions do not tell what belongs together;"
                        + " repair them, or pair by name",
                skipped.getMessage());
    }

    @Test
    void aFileNamesPairsByRelativeAndAbsolutePathsNamesAndRows() throws IOException {
        Named a = Named.of("1.jpg", "2.jpg", "3.jpg", "4, four.jpg");
        Named rows = Named.of("row 1", "row 2", "row 3", "row 4");
        String text = "photo,row\nphotos/2.jpg,1\n" + folder.resolve("photos/1.jpg") + ",row 3\n\n 3.jpg , 2\n"
                + "\"photos/4, four.jpg\",4\n";
        assertEquals(
                List.of("2.jpg with row 1", "1.jpg with row 3", "3.jpg with row 2", "4, four.jpg with row 4"),
                names(byFile(text, a, rows)));
    }

    @Test
    void aFileMayLackAHeaderAndStartWithAByteOrderMark() throws IOException {
        assertEquals(
                List.of("2.jpg with y.png"),
                names(byFile(
                        "\uFEFFphotos/2.jpg,sketches/y.png", Named.of("1.jpg", "2.jpg"), Named.of("x.png", "y.png"))));
    }

    @Test
    void linesOfAFileThatMakeNoPairAreRefusedByNumber() {
        String file = folder.resolve("pairs.csv").toString();
        assertEquals(
                file + ":2: photos/3.jpg is not among the 2 pictures in " + photos
                        + "; paths are relative to the file's folder, names to the data",
                refused("photos/1.jpg,sketches/x.png\nphotos/3.jpg,sketches/y.png\n"));
        assertEquals(
                file + ":1: sketches/z.png is not among the 2 pictures in " + sketches
                        + "; paths are relative to the file's folder, names to the data",
                refused("photos/1.jpg,sketches/z.png\n"));
        assertEquals(
                file + ":3: sketches/x.png of " + sketches + " is in line 2 already; a sample belongs to one pair",
                refused("photo,sketch\nphotos/1.jpg,sketches/x.png\nphotos/2.jpg,sketches/x.png\n"));
        assertEquals(
                file + ":2: expected two samples, one of each side, found 1 values: photos/2.jpg",
                refused("photos/1.jpg,sketches/x.png\nphotos/2.jpg\n"));
        assertEquals(file + ":1: expected two samples, one of each side, found 3 values: a,b,c", refused("a,b,c\n"));
        assertEquals(
                file + " names no pairs: expected lines of two samples, such as photo/1.jpg,sketch/1.png",
                refused("photo,sketch\n"));
        assertEquals(
                file + ":2: ../photos/../../1.jpg is not among the 2 pictures in " + photos
                        + "; paths are relative to the file's folder, names to the data",
                refused("a,b\n../photos/../../1.jpg,x.png\n"));
    }

    @Test
    void aMissingFileOfPairsIsNamed() {
        Path missing = folder.resolve("none.csv");
        IOException e = assertThrows(
                IOException.class,
                () -> PairedData.of(missing, Named.of("1"), photos, Named.of("1"), sketches, Selection.ALL));
        assertEquals("no such file of pairs: " + missing, e.getMessage());
    }

    @Test
    void pairsAreSelectedByTheFirstSidesLabels() throws IOException {
        Named a = Named.of("1.jpg", "2.jpg", "3.jpg", "4.jpg");
        Named b = Named.of("4.png", "3.png", "2.png", "1.png");
        PairedData data = PairedData.of(By.NAME, a, photos, b, sketches, new Selection(0, 1));
        assertEquals(List.of("1.jpg with 1.png", "2.jpg with 2.png"), names(data));
    }

    @Test
    void theFingerprintChangesWithThePairs() throws IOException {
        Named a = Named.of("1.jpg", "2.jpg");
        Named b = Named.of("x.png", "y.png");
        String straight = byFile("1.jpg,x.png\n2.jpg,y.png\n", a, b).fingerprint();
        String crossed = byFile("1.jpg,y.png\n2.jpg,x.png\n", a, b).fingerprint();
        assertNotEquals(straight, crossed);
        assertEquals(straight, by(By.POSITION, a, b).fingerprint());
        assertEquals(a.fingerprint(), new PairedData(a, a).fingerprint());
    }
}

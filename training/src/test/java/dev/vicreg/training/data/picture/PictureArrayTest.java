package dev.vicreg.training.data.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.TestArrays;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Arrays of bytes in NumPy's format. */
class PictureArrayTest {
    @TempDir
    Path folder;

    /** Values 0, 1, 2 … of this shape. */
    private Path array(int... shape) throws IOException {
        Path file = folder.resolve("bands.npy");
        int count = IntStream.of(shape).reduce(1, (a, b) -> a * b);
        TestArrays.write(
                file,
                "|u1",
                false,
                shape,
                IntStream.range(0, count).asDoubleStream().toArray());
        return file;
    }

    private static Dataset<?> open(Path file, int channels) throws IOException {
        return Kinds.open(file.toString(), new DataOptions(List.of(), null, 0, channels), Selection.ALL);
    }

    private static Picture second(Path file, int channels) throws IOException {
        try (Dataset<?> data = open(file, channels)) {
            assertEquals(2, data.size());
            return PictureKind.PICTURES.require(data).sample(1);
        }
    }

    @Test
    void channelsMayStandFirstOrLast() throws IOException {
        byte[] last = new byte[30];
        byte[] first = new byte[30];
        for (int i = 0; i < 30; i++) {
            last[i] = (byte) (30 + i);
            first[i] = (byte) (30 + i % 5 * 6 + i / 5);
        }
        assertEquals(new Picture(3, 2, 5, last), second(array(2, 2, 3, 5), 5));
        assertEquals(new Picture(3, 2, 5, first), second(array(2, 5, 2, 3), 5));
    }

    @Test
    void fewChannelsBecomeTheWantedOnes() throws IOException {
        assertArrayEquals(
                new byte[] {4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7},
                second(array(2, 2, 2), 1).samples());
        assertArrayEquals(new byte[] {2, 2, 2, 3}, second(array(2, 1, 1, 2), 4).samples());
        assertArrayEquals(
                new byte[] {2, 2, 2, -1, 3, 3, 3, -1}, second(array(2, 1, 2), 4).samples());
    }

    @Test
    void classesLieBeside() throws IOException {
        Path file = array(2, 2, 2, 6);
        Files.writeString(folder.resolve("bands.labels.txt"), "wheat\nmaize\n");
        try (Dataset<?> data = open(file, 6)) {
            assertSame(PictureKind.PICTURES, Kinds.of(data));
            assertEquals(List.of("maize", "wheat"), data.labelNames());
            assertEquals(1, data.label(0));
            assertEquals("bands.npy#1", data.name(1));
        }
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        Path file = array(2, 8, 8, 6);
        String refusal = assertThrows(IOException.class, () -> open(file, 1)).getMessage();
        assertTrue(refusal.contains("shape [2, 8, 8, 6], expected [N,H,W,3] or [N,3,H,W]"), refusal);
        Path damaged = Files.write(
                folder.resolve("cut.npy"), Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) - 1));
        assertTrue(assertThrows(IOException.class, () -> open(damaged, 6))
                .getMessage()
                .contains("takes 768 bytes, found 767"));
        Path empty = array(0, 2, 2, 6);
        assertTrue(assertThrows(IOException.class, () -> open(empty, 6))
                .getMessage()
                .contains("holds no pictures"));
        TestArrays.write(file, "|u1", false, new int[] {2, 2}, 1, 2, 3, 4);
        try (DataFiles files = DataFiles.at(file.toString())) {
            assertFalse(PictureKind.PICTURES.isArray(files.array().header()));
        }
    }
}

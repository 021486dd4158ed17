package dev.vicreg.tools.output;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class VectorFileTest {
    @TempDir
    Path folder;

    @Test
    void npyHoldsHeaderAndLittleEndianRows() throws IOException {
        Path file = folder.resolve("v.npy");
        write(file);
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertArrayEquals(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}, Arrays.copyOf(bytes, 8));
        int textLength = buffer.getShort(8);
        assertEquals(0, (10 + textLength) % 64);
        String header = new String(bytes, 10, textLength, StandardCharsets.US_ASCII);
        assertEquals("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", header.strip());
        assertTrue(header.endsWith("\n"));
        assertEquals(128 + 2 * 3 * 4, bytes.length);
        assertEquals(-2.5f, buffer.getFloat(128 + 4));
        assertEquals(6f, buffer.getFloat(128 + 5 * 4));
    }

    @Test
    void csvQuotesNamesThatNeedIt() throws IOException {
        Path file = folder.resolve("v.csv");
        write(file);
        assertEquals(
                List.of("path,e0,e1,e2", "a/1.png,1.0,-2.5,3.0", "\"b, \"\"2\"\".png\",4.0,5.0,6.0"),
                Files.readAllLines(file));
    }

    @Test
    void namesLieBesideInTheOrderOfTheRows() throws IOException {
        write(folder.resolve("v.npy"));
        assertEquals(List.of("a/1.png", "b, \"2\".png"), Files.readAllLines(folder.resolve("v.paths.txt")));
    }

    @Test
    void nothingStaysOfAFileThatWasNotPublished() throws IOException {
        try (VectorFile file = VectorFile.create(folder.resolve("v.npy"), 2)) {
            file.add("a", new float[] {1, 2});
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void otherEndingsAndMissingFoldersAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> VectorFile.create(folder.resolve("v.txt"), 2));
        assertThrows(IOException.class, () -> VectorFile.create(folder.resolve("none/v.npy"), 2));
    }

    @Test
    void foldersInTheirPlacesAreRefusedAndNothingIsPublished() throws IOException {
        Path target = folder.resolve("v.npy");
        try (VectorFile file = VectorFile.create(target, 1)) {
            file.add("a", new float[] {1});
            Files.createDirectory(target);
            assertEquals(
                    "Cannot write " + target + ": it is a folder; name a file",
                    assertThrows(IOException.class, file::publish).getMessage());
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(target), left.toList());
        }
        assertThrows(IOException.class, () -> VectorFile.create(target, 1));
        Files.createDirectory(folder.resolve("w.paths.txt"));
        assertThrows(IOException.class, () -> VectorFile.create(folder.resolve("w.npy"), 1));
    }

    /** Somebody who may write to the folder has put links there, to a file that the user may write to. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void plantedLinksAreNotFollowed(@TempDir Path elsewhere) throws IOException {
        Path victim = Files.writeString(elsewhere.resolve("victim"), "kept");
        long process = ProcessHandle.current().pid();
        List<String> planted = List.of("v.npy", "v.paths.txt", ".v.npy." + process + ".part", ".v.paths.txt.tmp");
        for (String name : planted) {
            Files.createSymbolicLink(folder.resolve(name), victim);
        }
        write(folder.resolve("v.npy"));
        assertEquals("kept", Files.readString(victim));
        assertEquals(List.of("a/1.png", "b, \"2\".png"), Files.readAllLines(folder.resolve("v.paths.txt")));
        assertFalse(Files.isSymbolicLink(folder.resolve("v.npy")));
        assertFalse(Files.isSymbolicLink(folder.resolve("v.paths.txt")));
    }

    private static void write(Path target) throws IOException {
        try (VectorFile file = VectorFile.create(target, 3)) {
            file.add("a/1.png", new float[] {1, -2.5f, 3});
            file.add("b, \"2\".png", new float[] {4, 5, 6});
            file.publish();
        }
    }
}

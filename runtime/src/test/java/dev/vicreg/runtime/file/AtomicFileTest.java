package dev.vicreg.runtime.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private void assertOnly(Path expected) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(expected), files.toList());
        }
    }

    @Test
    void contentReplacesAnOlderFile() throws IOException {
        Path file = folder.resolve("file");
        AtomicFile.write(file, bytes("old and longer"));
        AtomicFile.write(file, bytes("new"));
        assertEquals("new", Files.readString(file));
        assertOnly(file);
    }

    @Test
    void aMissingFolderIsNamed() {
        Path file = folder.resolve("no").resolve("file");
        IOException e = assertThrows(IOException.class, () -> AtomicFile.write(file, bytes("new")));
        assertEquals("Cannot write " + file + ": its folder does not exist; create it first", e.getMessage());
    }

    @Test
    void aFolderInItsPlaceIsNotReplaced() throws IOException {
        Path file = Files.createDirectory(folder.resolve("file"));
        Files.createFile(file.resolve("content"));
        IOException e = assertThrows(IOException.class, () -> AtomicFile.write(file, bytes("new")));
        assertEquals("Cannot write " + file + ": it is a folder; name a file", e.getMessage());
        assertOnly(file);
    }

    /** Somebody who may write to the folder has put links there, to a file that the user may write to. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void linksAreReplacedAndNeverFollowed(@TempDir Path elsewhere) throws IOException {
        Path victim = Files.writeString(elsewhere.resolve("victim"), "kept");
        Path file = folder.resolve("file");
        Files.createSymbolicLink(file, victim);
        AtomicFile.write(file, bytes("new"));
        assertEquals("new", Files.readString(file, StandardCharsets.UTF_8));
        assertFalse(Files.isSymbolicLink(file));
        assertEquals("kept", Files.readString(victim));
        Path planted = Files.createSymbolicLink(AtomicFile.temporaryName(file), victim);
        assertThrows(FileAlreadyExistsException.class, () -> Claim.make(planted));
        AtomicFile.write(file, bytes("newer"));
        assertEquals("kept", Files.readString(victim), "nor taken for a file that was left behind");
    }

    @Test
    void temporaryNamesDiffer() throws IOException {
        Path file = folder.resolve("file");
        try (AtomicFile one = AtomicFile.create(file);
                AtomicFile two = AtomicFile.create(file)) {
            one.channel().write(bytes("one"));
            two.channel().write(bytes("two"));
            two.publish();
            one.publish();
        }
        assertEquals("one", Files.readString(file));
        assertOnly(file);
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aFolderThatMayNotBeWrittenToIsNamed() throws IOException {
        Path file = Files.createDirectory(folder.resolve("no")).resolve("file");
        Files.setPosixFilePermissions(file.getParent(), PosixFilePermissions.fromString("r-xr-xr-x"));
        Assumptions.assumeFalse(Files.isWritable(file.getParent()), "root may write everywhere");
        IOException e = assertThrows(IOException.class, () -> AtomicFile.write(file, bytes("new")));
        assertEquals("Cannot write " + file + ": you may not write to its folder; name another one", e.getMessage());
    }

    @Test
    void filesAreMovedTogether() throws IOException {
        Map<Path, Path> complete = new LinkedHashMap<>();
        for (String name : List.of("a", "b", "c")) {
            complete.put(
                    Files.writeString(folder.resolve(name), "old " + name),
                    Files.writeString(folder.resolve(name + ".tmp"), "new " + name));
        }
        Files.delete(folder.resolve("a")); // the first is new
        AtomicFile.move(complete);
        assertContents(Map.of("a", "new a", "b", "new b", "c", "new c"));
    }

    @Test
    void ofFilesThatCannotAllBeMovedNoneIs() throws IOException {
        Map<Path, Path> complete = new LinkedHashMap<>();
        complete.put(folder.resolve("a"), Files.writeString(folder.resolve("a.tmp"), "new a"));
        complete.put(
                Files.writeString(folder.resolve("b"), "old b"), Files.writeString(folder.resolve("b.tmp"), "new b"));
        complete.put(Files.writeString(folder.resolve("c"), "old c"), folder.resolve("missing"));
        assertThrows(IOException.class, () -> AtomicFile.move(complete));
        assertContents(Map.of("b", "old b", "c", "old c"));
    }

    @Test
    void nothingIsMovedIfOneOfTheNamesIsAFolder() throws IOException {
        Map<Path, Path> complete = new LinkedHashMap<>();
        complete.put(folder.resolve("a"), Files.writeString(folder.resolve("a.tmp"), "new a"));
        complete.put(Files.createDirectory(folder.resolve("b")), folder.resolve("b.tmp"));
        String message =
                assertThrows(IOException.class, () -> AtomicFile.move(complete)).getMessage();
        assertEquals("Cannot write " + folder.resolve("b") + ": it is a folder; name a file", message);
        assertTrue(Files.exists(folder.resolve("a.tmp")));
    }

    private void assertContents(Map<String, String> expected) throws IOException {
        Map<String, String> found = new HashMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                found.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        assertEquals(expected, found);
    }

    /** In a process that may write no more than 64 KiB to a file, which fails in the middle as a full disk does. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aWriteThatFailsHalfWayLeavesTheOldFileAlone() throws IOException, InterruptedException {
        Path file = folder.resolve("file");
        AtomicFile.write(file, bytes("old"));
        Process process = new ProcessBuilder(
                        "bash",
                        "-c",
                        "ulimit -f 64; exec \"$@\"",
                        "bash",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Limited.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertTrue(output.startsWith("Cannot write " + file + " (1000000 bytes): "), output);
        assertArrayEquals("old".getBytes(StandardCharsets.UTF_8), Files.readAllBytes(file));
        assertOnly(file);
    }

    /** The limited process: prints the failure. */
    static final class Limited {
        private Limited() {}

        public static void main(String[] arguments) {
            try {
                AtomicFile.write(Path.of(arguments[0]), ByteBuffer.allocate(1_000_000));
                System.exit(3);
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}

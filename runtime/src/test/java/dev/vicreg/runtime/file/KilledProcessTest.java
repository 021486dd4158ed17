package dev.vicreg.runtime.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process leaves that was killed, and who removes it when. */
class KilledProcessTest {
    private static final String NAME = "model.onnx";

    @TempDir
    Path folder;

    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void killAll() {
        processes.forEach(Process::destroyForcibly);
    }

    @Test
    void whatAKilledProcessLeftGoesAndWhatALivingOneHasStays() throws Exception {
        Process killed = writing();
        Entries dead = left();
        assertEquals(3, dead.all().size(), dead.toString());
        writeAll();
        assertEquals(dead.all(), without(left(), NAME), "as long as it lives");
        Process living = writing();
        killed.destroyForcibly().waitFor();
        writeAll();
        List<Path> after = without(left(), NAME);
        assertEquals(3, after.size(), after.toString());
        assertTrue(after.stream().noneMatch(dead.all()::contains), "only the living one's");
        living.destroyForcibly().waitFor();
        writeAll();
        assertEquals(List.of(), without(left(), NAME));
    }

    /** Of another program's folders of the kind only empty ones can be known to be nobody's, and only after a while. */
    @Test
    void othersFoldersOfTheKindGoOnlyWhereTheyAreEmptyAndOld() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("api7"));
        Path fresh = Files.createDirectory(folder.resolve("api8"));
        Path full = Files.createDirectory(folder.resolve("api9"));
        Path named = Files.createDirectory(folder.resolve("api-notes"));
        Path file = Files.createFile(full.resolve("lib.so"));
        for (Path old : List.of(empty, full, named)) {
            Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        }
        try (TemporaryFolder own = TemporaryFolder.adopt(Files.createDirectory(folder.resolve("api1")), "api")) {
            assertFalse(Files.exists(empty));
            assertTrue(Files.exists(fresh) && Files.exists(file) && Files.exists(named));
            assertTrue(Files.exists(own.path()));
        }
        assertFalse(Files.exists(folder.resolve("api1")));
    }

    private void writeAll() throws IOException {
        AtomicFile.write(folder.resolve(NAME), ByteBuffer.allocate(10));
        TemporaryFolder.beside(folder.resolve(NAME)).close();
        Path made = Files.createTempDirectory(folder, "scratch-");
        TemporaryFolder.adopt(made, "scratch-").close();
    }

    private record Entries(List<Path> all) {}

    private Entries left() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return new Entries(entries.sorted().toList());
        }
    }

    private static List<Path> without(Entries set, String name) {
        return set.all().stream().filter(path -> !path.endsWith(name)).toList();
    }

    private Process writing() throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Writing.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        processes.add(process);
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        assertEquals("ready", lines.readLine());
        return process;
    }

    /** The process to be killed: has a file half written, and two folders with something in them. */
    static final class Writing {
        private Writing() {}

        @SuppressWarnings("resource") // left open: that is what the test is about
        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            AtomicFile.create(folder.resolve(NAME)).channel().write(ByteBuffer.allocate(5));
            Files.createFile(TemporaryFolder.beside(folder.resolve(NAME)).path().resolve("draft"));
            Path made = Files.createTempDirectory(folder, "scratch-");
            Files.createFile(TemporaryFolder.adopt(made, "scratch-").path().resolve("file"));
            System.out.println("ready");
            Thread.sleep(600_000);
        }
    }
}

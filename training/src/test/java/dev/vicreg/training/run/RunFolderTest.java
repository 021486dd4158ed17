package dev.vicreg.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

final class RunFolderTest {
    private static final Metrics.Reader NOBODY = new Metrics.Reader() {
        @Override
        public void values(long step, Map<String, Float> values) {}

        @Override
        public void finding(String fault, Map<String, Float> evidence) {}
    };

    private static final Map<String, Tensor> STATE = Map.of("w", Tensor.of(Shape.of(2), 1, 2));

    @TempDir
    Path root;

    private static void write(Path file) throws IOException {
        CheckpointFile.write(file, STATE);
    }

    private static List<Long> steps(RunFolder folder) throws IOException {
        return folder.saved().stream().map(RunFolder.Saved::step).toList();
    }

    private static List<String> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theNewestCheckpointsAreKept() throws IOException {
        try (RunFolder folder = RunFolder.create(root)) {
            for (long step : new long[] {5, 10, 15, 20}) {
                folder.save(step, RunFolderTest::write, Set.of("w"), 2);
            }
            assertEquals(List.of(15L, 20L), steps(folder));
            assertEquals(STATE, CheckpointFile.read(folder.saved().get(1).file()));
        }
    }

    @Test
    void whatARunWentBackFromIsDeletedWithItsMarkOfTheBest() throws IOException {
        try (RunFolder folder = RunFolder.create(root)) {
            folder.save(5, RunFolderTest::write, Set.of("w"), 2);
            BestCheckpoint best = new BestCheckpoint(10, "rankme", 3);
            folder.save(10, RunFolderTest::write, Set.of("w"), Map.of(), 2, best);
            folder.goOnFrom(10);
            folder.deleteLeft();
            assertEquals(List.of(5L, 10L), steps(folder));
            assertEquals(best, BestCheckpoint.of(root).orElseThrow());
            folder.goOnFrom(5);
            folder.deleteLeft();
            assertEquals(List.of(5L), steps(folder));
            assertTrue(Files.notExists(new RunLayout(root).best()));
        }
    }

    @Test
    void pruningLeavesOtherFoldersAlone() throws IOException {
        Path kept = root.resolve("checkpoints/step-best");
        try (RunFolder folder = RunFolder.create(root)) {
            Files.createDirectories(kept);
            folder.save(1, RunFolderTest::write, Set.of("w"), 1);
            folder.save(2, RunFolderTest::write, Set.of("w"), 1);
        }
        assertEquals(List.of("step-00000002", "step-best"), entries(root.resolve("checkpoints")));
    }

    /** A full disk as ONNX Runtime's writer shows it: no error, half a file. */
    @Test
    void aCheckpointCutShortIsNotPublishedAndTheEarlierOneStays() throws IOException {
        try (RunFolder folder = RunFolder.create(root)) {
            folder.save(1, RunFolderTest::write, Set.of("w"), 1);
            String message = assertThrows(
                            IOException.class,
                            () -> folder.save(
                                    2,
                                    file -> {
                                        write(file);
                                        byte[] bytes = Files.readAllBytes(file);
                                        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
                                    },
                                    Set.of("w"),
                                    1))
                    .getMessage();
            assertTrue(message.contains("step 2") && message.contains("earlier checkpoints are kept"), message);
            assertEquals(1, message.lines().count());
            assertEquals(List.of("step-00000001"), entries(root.resolve("checkpoints")));
        }
    }

    /** A checkpoint may be larger than the heap: its names are compared without its data. */
    @Test
    void savingNeedsNoMemoryForTheData() throws IOException {
        long bytes = 1L << 24;
        try (RunFolder folder = RunFolder.create(root)) {
            folder.save(1, RunFolderTest::write, Set.of("w"), 1);
            com.sun.management.ThreadMXBean thread =
                    (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long[] before = new long[1];
            folder.save(
                    2,
                    file -> {
                        CheckpointFile.write(file, Map.of("w", Tensor.filled(Shape.of(bytes / 4), 0)));
                        before[0] = thread.getCurrentThreadAllocatedBytes();
                    },
                    Set.of("w"),
                    1);
            long allocated = thread.getCurrentThreadAllocatedBytes() - before[0];
            assertTrue(allocated < bytes / 4, allocated + " bytes allocated after the file was written");
        }
    }

    @Test
    void nothingTemporaryStaysWhateverHappens() throws IOException {
        try (RunFolder folder = RunFolder.create(root)) {
            for (Throwable failure : List.of(new OutOfMemoryError("heap"), new IllegalStateException("session"))) {
                RunFolder.Writer writer = file -> {
                    write(file);
                    if (failure instanceof Error error) {
                        throw error;
                    }
                    throw (RuntimeException) failure;
                };
                assertSame(failure, assertThrows(Throwable.class, () -> folder.save(1, writer, Set.of("w"), 1)));
                assertEquals(List.of(), entries(root.resolve("checkpoints")));
            }
        }
    }

    @Test
    void aCheckpointWithoutAParameterIsNotPublished() throws IOException {
        try (RunFolder folder = RunFolder.create(root)) {
            assertThrows(IOException.class, () -> folder.save(1, RunFolderTest::write, Set.of("w", "v"), 1));
            assertEquals(List.of(), steps(folder));
        }
    }

    @Test
    void aFileIsNoRun() throws IOException {
        Path file = Files.createFile(root.resolve("file"));
        assertThrows(NotDirectoryException.class, () -> RunFolder.create(file));
        String message =
                assertThrows(IOException.class, () -> RunFolder.reopen(root)).getMessage();
        assertTrue(
                message.endsWith("is no run: it has no config.json; name the folder that a run was started with"),
                message);
    }

    @Test
    void aRunWhoseStartWasInterruptedIsStartedAgain() throws IOException {
        RunFolder.create(root).close();
        String message =
                assertThrows(IOException.class, () -> RunFolder.reopen(root)).getMessage();
        assertTrue(message.endsWith("since its start was interrupted; start it again, without `resume`"), message);
        RunFolder.create(root).close();
    }

    /** Somebody who may write to the run's folder has put links there. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void plantedLinksAreNotFollowed(@TempDir Path elsewhere) throws IOException {
        Path victim = Files.writeString(elsewhere.resolve("victim"), "kept");
        try (RunFolder folder = RunFolder.create(root)) {
            Path checkpoints = Files.createDirectories(root.resolve("checkpoints"));
            Files.createSymbolicLink(checkpoints.resolve(".step-00000001.tmp"), elsewhere);
            folder.save(1, RunFolderTest::write, Set.of("w"), 1);
            Files.createSymbolicLink(root.resolve("metrics.jsonl"), elsewhere.resolve("made"));
            assertThrows(IOException.class, () -> Metrics.open(folder.metrics(), 0, NOBODY));
        }
        Files.delete(root.resolve(".lock"));
        Files.createSymbolicLink(root.resolve(".lock"), elsewhere.resolve("made"));
        assertThrows(IOException.class, () -> RunFolder.reopen(root));
        assertEquals(List.of("victim"), entries(elsewhere));
        assertEquals("kept", Files.readString(victim));
    }

    /** A folder of the same names that somebody else made is none of ours. */
    @Test
    void onlyAStoppedStartIsRemoved() throws IOException {
        Path artifacts = Files.createDirectories(root.resolve("artifacts"));
        Path file = Files.createFile(artifacts.resolve("checkpoint"));
        assertThrows(FileAlreadyExistsException.class, () -> RunFolder.create(root));
        assertEquals(List.of("artifacts"), entries(root));
        Files.createFile(root.resolve(".lock"));
        Path other = Files.createFile(root.resolve("notes.txt"));
        assertThrows(FileAlreadyExistsException.class, () -> RunFolder.create(root));
        assertTrue(Files.exists(file));
        Files.delete(other);
        try (RunFolder folder = RunFolder.create(root)) {
            assertEquals(List.of(".lock"), entries(folder.root()));
        }
    }
}

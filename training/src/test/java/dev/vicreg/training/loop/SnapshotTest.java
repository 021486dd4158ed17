package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.vicreg.training.run.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
    @TempDir
    Path folder;

    private int written;
    private final RunFolder.Writer writer = file -> Files.writeString(file, "state " + ++written);

    @Test
    void whoeverAsksItIsWrittenOnce() throws IOException {
        Path saved = folder.resolve("saved");
        try (Snapshot state = new Snapshot(writer, folder.resolve("config.json"))) {
            assertEquals("state 1", Files.readString(state.file()));
            assertEquals("state 1", Files.readString(state.file()));
            state.moveTo(saved);
        }
        assertEquals("state 1", Files.readString(saved));
        assertEquals(List.of(saved), entries());
    }

    @Test
    void itIsWrittenInItsPlaceWhereNobodyAskedBefore() throws IOException {
        Path saved = folder.resolve("saved");
        try (Snapshot state = new Snapshot(writer, folder.resolve("config.json"))) {
            state.moveTo(saved);
        }
        assertEquals("state 1", Files.readString(saved));
    }

    @Test
    void nothingIsWrittenOrLeftThatNobodyAskedFor() throws IOException {
        new Snapshot(writer, folder.resolve("config.json")).close();
        assertEquals(0, written);
        assertFalse(Files.exists(folder.resolve("saved")));
        assertEquals(List.of(), entries());
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        }
    }
}

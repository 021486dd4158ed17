package dev.vicreg.tools.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.hadoop.util.TFRecordReader;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.SessionLog;

/** Read back by TensorFlow's own classes: the records with their checksums by one, the messages by the other. */
class EventFileTest {
    @TempDir
    Path folder;

    private static List<Event> read(Path file) throws IOException {
        List<Event> events = new ArrayList<>();
        try (InputStream in = Files.newInputStream(file)) {
            TFRecordReader reader = new TFRecordReader(in, true); // which checks the checksums
            for (byte[] record = reader.read(); record != null; record = reader.read()) {
                events.add(Event.parseFrom(record));
            }
        }
        return events;
    }

    private List<Path> files() throws IOException {
        try (var found = Files.list(folder)) {
            return found.sorted().toList();
        }
    }

    @Test
    void tensorFlowReadsVersionStartAndScalars() throws IOException {
        try (EventFile file = EventFile.create(folder, 1, 1_700_000_000.5)) {
            file.add(1, 1_700_000_001.5, Map.of("train/loss", 22.25f));
            file.add(300_000, 1_700_000_002, Map.of("train/größe", Float.NaN));
        }
        List<Event> events = read(files().get(0));
        assertEquals(4, events.size());
        assertEquals("brain.Event:2", events.get(0).getFileVersion());
        assertEquals(
                SessionLog.SessionStatus.START, events.get(1).getSessionLog().getStatus());
        assertEquals(1, events.get(1).getStep());
        assertEquals(1_700_000_001.5, events.get(2).getWallTime());
        assertEquals("train/loss", events.get(2).getSummary().getValue(0).getTag());
        assertEquals(22.25f, events.get(2).getSummary().getValue(0).getSimpleValue());
        assertEquals(300_000, events.get(3).getStep());
        assertEquals("train/größe", events.get(3).getSummary().getValue(0).getTag());
    }

    @Test
    void aPartThatBeginsInTheSameSecondHasAFileOfItsOwn() throws IOException {
        EventFile.create(folder, 1, 1_700_000_000).close();
        EventFile.create(folder, 5, 1_700_000_000.9).close();
        assertEquals(2, files().size());
        assertEquals(5, read(files().get(1)).get(1).getStep());
        assertNull(files().stream()
                .filter(file -> !file.getFileName().toString().contains("tfevents"))
                .findFirst()
                .orElse(null));
    }
}

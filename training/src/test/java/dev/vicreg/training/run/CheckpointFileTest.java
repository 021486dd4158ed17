package dev.vicreg.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFileTest {
    @TempDir
    Path folder;

    private static Map<String, Tensor> sample() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("encoder.conv1.weight", Tensor.of(Shape.of(2, 1, 1, 3), 1, 2, 3, -4, 5.5f, Float.MIN_VALUE));
        tensors.put("optimizer.step", Tensor.ofLongs(1L << 40));
        tensors.put("scalar", Tensor.scalar(0.25f));
        tensors.put("gewicht.größe", new Tensor(new TensorType(ElementType.UINT8, Shape.of(3)), new byte[] {1, -1, 0}));
        tensors.put("empty", Tensor.of(Shape.of(0, 4)));
        return tensors;
    }

    private Path written() throws IOException {
        Path file = folder.resolve("checkpoint");
        CheckpointFile.write(file, sample());
        return file;
    }

    private String failure(byte[] bytes) throws IOException {
        Path file = Files.write(folder.resolve("damaged"), bytes);
        String message = String.valueOf(
                assertThrows(IOException.class, () -> CheckpointFile.read(file)).getMessage());
        assertFalse(message.contains("\n"), message);
        assertTrue(message.contains(file.toString()), message);
        return message;
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Map<String, Tensor> read = CheckpointFile.read(written());
        assertEquals(sample(), read);
        assertEquals(List.copyOf(sample().keySet()), List.copyOf(read.keySet()));
    }

    @Test
    void typesAreReadWithoutTheData() throws IOException {
        Map<String, TensorType> types = CheckpointFile.types(written());
        assertEquals(List.copyOf(sample().keySet()), List.copyOf(types.keySet()));
        sample().forEach((name, tensor) -> assertEquals(tensor.type(), types.get(name)));
    }

    @Test
    void writingReplacesAndLeavesNoTemporaryFile() throws IOException {
        CheckpointFile.write(written(), Map.of("other", Tensor.scalar(1)));
        assertEquals(Map.of("other", Tensor.scalar(1)), CheckpointFile.read(folder.resolve("checkpoint")));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("checkpoint")), files.toList());
        }
    }

    @Test
    void dataAreAlignedForDirectUse() throws IOException {
        Path file = folder.resolve("checkpoint");
        byte[] marker = "MARK".getBytes(StandardCharsets.ISO_8859_1);
        for (int length = 0; length < 8; length++) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("a".repeat(length + 1), Tensor.of(Shape.of(length), new float[length]));
            tensors.put("x", new Tensor(new TensorType(ElementType.UINT8, Shape.of(4)), marker));
            CheckpointFile.write(file, tensors);
            int at = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).indexOf("MARK");
            assertEquals(0, at % Float.BYTES);
        }
    }

    @Test
    void writingIntoAMissingFolderSaysSo() {
        Path file = folder.resolve("no").resolve("checkpoint");
        IOException e = assertThrows(IOException.class, () -> CheckpointFile.write(file, sample()));
        assertEquals("Cannot write " + file + ": its folder does not exist; create it first", e.getMessage());
    }

    @Test
    void missingFileIsNamed() {
        Path file = folder.resolve("nothing");
        IOException e = assertThrows(IOException.class, () -> CheckpointFile.read(file));
        assertEquals(
                "No checkpoint at " + file + ": expected a file that train or artifacts has written", e.getMessage());
    }

    @Test
    void foreignFilesAreRefused() throws IOException {
        for (String foreign : List.of("", "ODTC", "some text that is long enough", "\0\0\0\0ODTX\0\0\0\0")) {
            String message = failure(foreign.getBytes(StandardCharsets.ISO_8859_1));
            assertTrue(message.contains("is not an ORT Training checkpoint"), message);
        }
    }

    @Test
    void anotherVersionIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(written());
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int root = buffer.getInt(0);
        int layout = root - buffer.getInt(root);
        buffer.putInt(root + buffer.getShort(layout + 4), 7);
        String message = failure(bytes);
        assertTrue(message.contains("version 7: expected version 2"), message);
    }

    @Test
    void everyTruncationIsReportedOrHarmless() throws IOException {
        byte[] bytes = Files.readAllBytes(written());
        int reported = 0;
        for (int length = 0; length < bytes.length; length++) {
            reported += checkDamaged(Arrays.copyOf(bytes, length), true) ? 1 : 0;
        }
        assertTrue(
                reported > bytes.length - 8, "only " + reported + " of " + bytes.length + " truncations were reported");
    }

    @Test
    void flippedBytesNeverDoMoreThanAnIOException() throws IOException {
        byte[] bytes = Files.readAllBytes(written());
        SplittableRandom random = new SplittableRandom(1);
        int reported = 0;
        for (int round = 0; round < 800; round++) {
            byte[] damaged = bytes.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            reported += checkDamaged(damaged, false) ? 1 : 0;
        }
        assertTrue(reported > 200, "only " + reported + " of 800 damaged files were reported");
    }

    /** Whether reading was refused; anything but an IOException fails the test. */
    private boolean checkDamaged(byte[] bytes, boolean sameIfRead) throws IOException {
        // A new file each time: rewriting one makes some file systems wait for the disk.
        Path file = Files.write(Files.createTempFile(folder, "damaged", ""), bytes);
        try {
            Map<String, Tensor> read = CheckpointFile.read(file);
            if (sameIfRead) {
                assertEquals(sample(), read);
            }
            assertEquals(read.keySet(), CheckpointFile.types(file).keySet());
            return false;
        } catch (IOException e) {
            assertThrows(IOException.class, () -> CheckpointFile.types(file));
            assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
            return true;
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void entriesThatShareTheirDataAreRefused() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a", Tensor.filled(Shape.of(500), 1));
        tensors.put("b", Tensor.filled(Shape.of(500), 2));
        Path file = folder.resolve("checkpoint");
        CheckpointFile.write(file, tensors);
        byte[] bytes = Files.readAllBytes(file);
        assertEquals(tensors, CheckpointFile.read(file));
        // Lengthen b, which lies before a, over a's data: both cannot fit into the file.
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 8; at < 1500; at += 4) {
            if (buffer.getInt(at) == 2000) {
                buffer.putInt(at, 3600);
            }
        }
        assertTrue(failure(bytes).contains("damaged: its tensors overlap"));
    }

    @Test
    void shapeThatIsTooLargeToCountIsTold() throws IOException {
        Path file = folder.resolve("checkpoint");
        CheckpointFile.write(file, Map.of("a", Tensor.filled(Shape.of(71, 73), 1)));
        ByteBuffer buffer = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + Long.BYTES <= buffer.limit(); at += 4) {
            if (buffer.getLong(at) == 71 || buffer.getLong(at) == 73) {
                buffer.putLong(at, 1L << 40);
            }
        }
        assertTrue(
                failure(buffer.array())
                        .endsWith(
                                "damaged: entry a: its shape [1099511627776, 1099511627776] has more values than can be counted"));
    }
}

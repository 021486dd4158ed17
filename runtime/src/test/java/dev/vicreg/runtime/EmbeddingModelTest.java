package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class EmbeddingModelTest {
    private static final float[] WHITE = {1, 3, 1};
    private static final float[] RED = {1, -1, 0};

    @TempDir
    Path folder;

    @Test
    void pictureOfAnySizeIsEmbedded() throws IOException {
        try (EmbeddingModel model = load()) {
            assertEquals(3, model.dimension());
            assertEquals("mean-colour", model.manifest().encoder());
            assertArrayEquals(WHITE, model.embed(filled(100, 37, Color.WHITE)), 1e-5f);
            assertArrayEquals(RED, model.embed(filled(3, 5, Color.RED)), 1e-5f);
        }
    }

    @Test
    void listLongerThanBatchKeepsItsOrder() throws IOException {
        try (EmbeddingModel model = load()) {
            int count = model.batchSize() + 3;
            var pictures = new ArrayList<Picture>();
            for (int i = 0; i < count; i++) {
                byte[] rgb = new byte[TestEncoder.IMAGE_SIZE * TestEncoder.IMAGE_SIZE * 3];
                Arrays.fill(rgb, (byte) i);
                pictures.add(new Picture(TestEncoder.IMAGE_SIZE, TestEncoder.IMAGE_SIZE, rgb));
            }
            float[][] embeddings = model.embedPictures(pictures);
            assertEquals(count, embeddings.length);
            for (int i = 0; i < count; i++) {
                assertEquals(i / 255f, embeddings[i][2], 1e-6f);
            }
            assertEquals(0, model.embedPictures(List.of()).length);
        }
    }

    @Test
    void callsFromManyThreadsDoNotDisturbEachOther() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (EmbeddingModel model = load()) {
            var calls = new ArrayList<Callable<float[][]>>();
            for (int i = 0; i < 40; i++) {
                Color color = i % 2 == 0 ? Color.WHITE : Color.RED;
                calls.add(() -> model.embed(List.of(filled(9, 9, color), filled(20, 8, color))));
            }
            List<Future<float[][]>> results = threads.invokeAll(calls);
            for (int i = 0; i < results.size(); i++) {
                for (float[] embedding : results.get(i).get()) {
                    assertArrayEquals(i % 2 == 0 ? WHITE : RED, embedding, 1e-5f);
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void callsUseTheSameMemoryAgain() throws IOException {
        try (EmbeddingModel model = load()) {
            BufferPoolMXBean direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                    .filter(pool -> pool.getName().equals("direct"))
                    .findFirst()
                    .orElseThrow();
            List<BufferedImage> images = List.of(filled(9, 9, Color.RED), filled(4, 4, Color.WHITE));
            model.embed(images);
            long buffers = direct.getCount();
            for (int i = 0; i < 50; i++) {
                model.embed(images);
            }
            assertEquals(buffers, direct.getCount());
        }
    }

    @Test
    void stepsGiveWhatOneCallGives() throws IOException {
        try (EmbeddingModel model = load()) {
            Embedder<Picture> pictures = model.pictures();
            var png = new ByteArrayOutputStream();
            ImageIO.write(filled(20, 30, Color.RED), "png", png);
            Picture decoded = pictures.decode(png.toByteArray(), "red.png");
            assertEquals(20, decoded.width());
            Picture prepared = pictures.prepare(decoded);
            assertEquals(TestEncoder.IMAGE_SIZE, prepared.width());
            assertSame(prepared, pictures.prepare(prepared));
            assertArrayEquals(RED, pictures.embed(List.of(prepared))[0], 1e-5f);
            var e = assertThrows(IllegalArgumentException.class, () -> pictures.embed(List.of(decoded)));
            assertEquals("expected a prepared picture of size 8, found one of 30x20", e.getMessage());
            assertThrows(IOException.class, () -> pictures.decode(new byte[] {1, 2}, "broken.png"));
            var kind = assertThrows(IllegalStateException.class, model::signals);
            assertTrue(String.valueOf(kind.getMessage()).endsWith("takes pictures, not signals"), kind.getMessage());
        }
    }

    @Test
    void aStreamOfFilesIsReadABatchAtATimeInItsOrder() throws IOException {
        Path red = folder.resolve("red.png");
        Path white = folder.resolve("white.png");
        ImageIO.write(filled(20, 30, Color.RED), "png", red.toFile());
        ImageIO.write(filled(9, 9, Color.WHITE), "png", white.toFile());
        Path missing = folder.resolve("no.png");
        try (EmbeddingModel model = load()) {
            int batch = model.batchSize();
            List<Path> files = new ArrayList<>();
            for (int i = 0; i < 2 * batch + 1; i++) {
                files.add(i % 3 == 0 ? red : white);
            }
            files.add(missing);
            var closed = new AtomicBoolean();
            try (Stream<float[]> vectors = model.embedFiles(files.stream().onClose(() -> closed.set(true)))) {
                List<float[]> found = vectors.limit(2L * batch).toList();
                for (int i = 0; i < found.size(); i++) {
                    assertArrayEquals(i % 3 == 0 ? RED : WHITE, found.get(i), 1e-5f);
                }
                assertEquals(2 * batch, found.size());
            }
            assertTrue(closed.get());
            var e = assertThrows(
                    UncheckedIOException.class,
                    () -> model.embedFiles(files.stream()).forEach(vector -> {}));
            assertEquals(
                    missing + ": no such file; expected one of pictures",
                    e.getCause().getMessage());
            assertEquals(0, model.embedFiles(Stream.of()).count());
        }
    }

    @Test
    void filesAndTheirBytesAreEmbedded() throws IOException {
        Path picture = folder.resolve("red.jpg"); // formats are told by content
        ImageIO.write(filled(20, 30, Color.RED), "png", picture.toFile());
        try (EmbeddingModel model = load()) {
            assertArrayEquals(RED, model.embed(picture), 1e-5f);
            assertArrayEquals(RED, model.embed(Files.readAllBytes(picture)), 1e-5f);
            assertEquals(
                    "cannot decode picture (2 bytes): no reader knows its format (first bytes 0102)",
                    refused(() -> model.embed(new byte[] {1, 2})));
            Path missing = folder.resolve("no.png");
            assertEquals(missing + ": no such file; expected one of pictures", refused(() -> model.embed(missing)));
        }
    }

    /** What is read from a file goes the same way whatever the model takes. */
    @Test
    void filesOfOtherKindsAreEmbedded() throws IOException {
        Path file = Files.writeString(folder.resolve("row.txt"), "0.5, -1 2\n");
        Path encoder = TestEncoder.writeVectors(folder.resolve("vectors.onnx"));
        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            assertArrayEquals(new float[] {0.5f, -1, 2}, model.embed(file));
            Path two = Files.writeString(folder.resolve("two.txt"), "0.5 1");
            assertEquals(
                    two + " doesn't fit " + encoder + ": expected vectors of 3 values, found one of 2",
                    refused(() -> model.embed(two)));
        }
    }

    @Test
    void encoderInMemoryIsOpened() throws IOException {
        byte[] file = Files.readAllBytes(TestEncoder.write(folder.resolve("encoder.onnx")));
        try (EmbeddingModel model = EmbeddingModel.load(file)) {
            assertArrayEquals(RED, model.embed(filled(3, 5, Color.RED)), 1e-5f);
        }
        assertEquals(
                "Cannot open model (7 bytes): it is cut off, or no ONNX model; export or copy it again",
                refused(() -> EmbeddingModel.load(new byte[] {8, 10, 58, 100, 1, 2, 3}, Device.CPU, 1)));
        assertEquals(
                "Cannot open model (2 bytes): it is cut off, or no ONNX model; export or copy it again",
                refused(() -> EmbeddingModel.load(new byte[] {8, 10}, Device.CPU, 1)));
    }

    @Test
    void manifestIsReadWithoutASession() throws IOException {
        Path file = TestEncoder.write(folder.resolve("encoder.onnx"));
        assertEquals(TestEncoder.manifest(), Manifest.read(file));
        byte[] bytes = Files.readAllBytes(file);
        Path cut = folder.resolve("cut.onnx");
        for (int length = 1; length < bytes.length; length++) { // wherever it ends: one line
            Files.write(cut, Arrays.copyOf(bytes, length));
            String message = refused(() -> Manifest.read(cut));
            assertTrue(
                    message.contains(cut + ": it is cut off") || message.contains("has no vicreg.manifest"), message);
        }
        Files.writeString(cut, "no model at all");
        assertTrue(refused(() -> Manifest.read(cut)).contains("or no ONNX model"));
        Path foreign = TestEncoder.write(folder.resolve("foreign.onnx"), Map.of("a", "b"), "image", ElementType.UINT8);
        assertTrue(refused(() -> Manifest.read(foreign)).startsWith(foreign + " has no vicreg.manifest"));
        Path missing = folder.resolve("no.onnx");
        assertEquals(missing + ": no such model file; expected an .onnx file", refused(() -> Manifest.read(missing)));
    }

    private static String refused(Executable action) {
        String message = String.valueOf(assertThrows(IOException.class, action).getMessage());
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    @Test
    void closedModelSaysSo() throws IOException {
        EmbeddingModel model = load();
        model.close();
        model.close();
        var e = assertThrows(IllegalStateException.class, () -> model.embed(filled(8, 8, Color.RED)));
        assertTrue(String.valueOf(e.getMessage()).endsWith("is closed"), e.getMessage());
    }

    @Test
    void modelWithoutManifestIsRefused() throws IOException {
        Path file = TestEncoder.write(folder.resolve("foreign.onnx"), Map.of(), "image", ElementType.UINT8);
        assertRefused(file, "has no vicreg.manifest in its metadata");
    }

    @Test
    void fileThatIsCutOffIsRefused() throws IOException {
        byte[] half = {8, 10, 58, 100, 1, 2, 3}; // announces a graph of 100 bytes
        Path file = Files.write(folder.resolve("half.onnx"), half);
        var e = assertThrows(IOException.class, () -> EmbeddingModel.load(file, Device.CPU, 1));
        assertEquals(
                "Cannot open model " + file + ": it is cut off, or no ONNX model; export or copy it again",
                e.getMessage());
    }

    @Test
    void modelWithOtherInputIsRefused() throws IOException {
        Map<String, String> metadata =
                Map.of(Manifest.METADATA_KEY, TestEncoder.manifest().toJson());
        assertRefused(
                TestEncoder.write(folder.resolve("name.onnx"), metadata, "pixels", ElementType.UINT8),
                "has no input 'image'");
        assertRefused(
                TestEncoder.write(folder.resolve("type.onnx"), metadata, "image", ElementType.FLOAT),
                "expected uint8 [-1, 8, 8, 3]");
    }

    @Test
    void brokenManifestsAreRefused() throws IOException {
        String json = TestEncoder.manifest().toJson();
        assertRefused(withManifest("text"), "no JSON of the expected form");
        assertRefused(withManifest("{}"), "no field version");
        assertRefused(withManifest(json.replace("\"formatVersion\": 1", "\"formatVersion\": 5")), "format version 5");
        assertRefused(withManifest(json.replace("\"picture\"", "\"smell\"")), "unknown kind 'smell'");
        assertRefused(withManifest(json.replace("bicubic", "lanczos")), "its manifest is wrong");
    }

    @Test
    void manifestSurvivesJson() throws IOException {
        Manifest manifest = TestEncoder.manifest();
        assertEquals(manifest, Manifest.parse(manifest.toJson(), "test"));
        String newer = manifest.toJson().replace("\"version\"", "\"unknownField\": [1], \"version\"");
        assertEquals(manifest, Manifest.parse(newer, "test"));
    }

    @Test
    void manifestsOfEveryKindSurviveJsonAndAreChecked() throws IOException {
        List<Float> two = List.of(1f, 2f);
        Manifest pictures = TestEncoder.manifest();
        for (Input<?> input :
                List.of(Input.vectors(List.of("a", "b, c"), two, two), Input.signals(8000, 100, two, two, "none"))) {
            Manifest manifest =
                    new Manifest(Manifest.formatVersion(input), "test", "mlp", input, 3, 0, "none", Map.of());
            assertEquals(2, manifest.formatVersion());
            assertEquals(manifest, Manifest.parse(manifest.toJson(), "test"));
            String less = manifest.toJson().replaceFirst("\"mean\": \\[\\s*1.0,", "\"mean\": [");
            String message = String.valueOf(assertThrows(IOException.class, () -> Manifest.parse(less, "test"))
                    .getMessage());
            assertTrue(message.contains("a mean and a deviation for each of its 2"), message);
        }
        // A file of the first format version, as it was written then.
        String first = pictures.toJson();
        assertTrue(first.contains("\"formatVersion\": 1") && first.contains("\"kind\": \"picture\""), first);
    }

    private EmbeddingModel load() throws IOException {
        return EmbeddingModel.load(TestEncoder.write(folder.resolve("encoder.onnx")));
    }

    private Path withManifest(String json) throws IOException {
        Map<String, String> metadata = Map.of(Manifest.METADATA_KEY, json);
        return TestEncoder.write(folder.resolve("broken.onnx"), metadata, "image", ElementType.UINT8);
    }

    private static void assertRefused(Path model, String reason) {
        var e = assertThrows(IOException.class, () -> EmbeddingModel.load(model));
        String message = String.valueOf(e.getMessage());
        assertTrue(message.startsWith(model.toString()) && message.contains(reason), message);
        assertEquals(1, message.lines().count(), message);
    }

    private static BufferedImage filled(int width, int height, Color color) {
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        var graphics = image.createGraphics();
        graphics.setColor(color);
        graphics.fillRect(0, 0, width, height);
        graphics.dispose();
        return image;
    }
}

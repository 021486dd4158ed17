package dev.vicreg.spark;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.sequence.ByteIds;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Encoders with random weights, pictures, and tars of them. */
final class MadeUpFiles {
    private static final int SIZE = 16;
    private static final int WIDTH = 24;
    private static final List<Float> MEAN = List.of(0.5f, 0.4f, 0.3f);
    private static final List<Float> DEVIATION = List.of(0.2f, 0.3f, 0.25f);

    private MadeUpFiles() {}

    /** Two layers of products over all pixels, whose last bits would tell another order of sums. */
    static Path encoder(Path file, int seed) throws IOException {
        var random = new SplittableRandom(seed);
        var ops = new Ops();
        var shape = new Shape(List.of(Dim.symbol("N"), Dim.of(SIZE), Dim.of(SIZE), Dim.of(3)));
        Value image = Value.input("image", new TensorType(ElementType.UINT8, shape));
        Value pixels = ops.flatten(Layers.normalisePictures(ops, image, MEAN, DEVIATION), 1);
        Value hidden = ops.relu(ops.matMul(pixels, weights(ops, random, SIZE * SIZE * 3, 100)));
        Value embedding = ops.matMul(hidden, weights(ops, random, 100, WIDTH));
        var manifest =
                new Manifest(1, "test", "made up", Input.pictures(SIZE, MEAN, DEVIATION), WIDTH, 0, "none", Map.of());
        Graph graph = Graph.of("encoder", List.of(image), Map.of("embedding", embedding));
        return Files.write(file, OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }

    /** The ids as numbers, which texts become where {@code coding} says so. */
    static Path texts(Path file, String coding) throws IOException {
        var shape = new Shape(List.of(Dim.symbol("N"), Dim.of(6)));
        Value ids = Value.input("ids", new TensorType(ElementType.INT64, shape));
        Input<?> input = new Input.Sequences(
                "ids", "sequence", 6, coding, ByteIds.COUNT, ByteIds.PADDING, ByteIds.UNKNOWN, List.of(), true);
        var manifest = new Manifest(Manifest.formatVersion(input), "test", "made up", input, 6, 0, "none", Map.of());
        Graph graph = Graph.of("encoder", List.of(ids), Map.of("embedding", new Ops().cast(ids, ElementType.FLOAT)));
        return Files.write(file, OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }

    private static Value weights(Ops ops, SplittableRandom random, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble() - 0.5);
        }
        return ops.constant(Tensor.of(Shape.of(rows, columns), values));
    }

    /** A picture of blocks of random colours; a larger one takes longer to decode. */
    static byte[] picture(int width, int height, int seed) throws IOException {
        var random = new SplittableRandom(seed);
        int[] colours = random.ints(64).toArray();
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, colours[y * 8 / height * 8 + x * 8 / width] ^ (x * y % 7));
            }
        }
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    static Path write(Path file, byte[] bytes) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes);
    }

    /** A tar with these entries. */
    static Path tar(Path file, Map<String, byte[]> entries) throws IOException {
        Files.createDirectories(file.getParent());
        try (var tar = new TarArchiveOutputStream(Files.newOutputStream(file), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Map.Entry<String, byte[]> each : entries.entrySet()) {
                var entry = new TarArchiveEntry(each.getKey());
                entry.setSize(each.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(each.getValue());
                tar.closeArchiveEntry();
            }
        }
        return file;
    }
}

package dev.vicreg.integration;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.OutputPooling;
import dev.vicreg.runtime.input.Input;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/** Writes encoders whose embedding is the mean colour, and pictures for them. */
final class TestEncoders {
    private static final int SIZE = 8;
    private static final List<Float> MEAN = List.of(0.5f, 0.25f, 0f);
    private static final List<Float> DEVIATION = List.of(0.5f, 0.25f, 1f);

    private TestEncoders() {}

    /** One of our own: uint8 [N,H,W,C], normalised inside. */
    static Path own(Path folder) throws IOException {
        var ops = new Ops();
        Value image = input("image", ElementType.UINT8, SIZE, SIZE, 3);
        Value embedding = ops.reduceMean(Layers.normalisePictures(ops, image, MEAN, DEVIATION), false, 2, 3);
        var manifest =
                new Manifest(1, "test", "mean-colour", Input.pictures(SIZE, MEAN, DEVIATION), 3, 0, "none", Map.of());
        return write(folder.resolve("own.onnx"), image, Map.of("embedding", embedding), manifest);
    }

    /** One of other origin: float32 [N,C,H,W], two outputs, of which the second is pooled. */
    static Path imported(Path folder) throws IOException {
        var ops = new Ops();
        Value pixels = input("pixels", ElementType.FLOAT, 3, SIZE, SIZE);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("other", ops.reduceMean(pixels, false, 1));
        outputs.put("hidden", ops.relu(pixels));
        Input<?> input = Input.pictures("pixels", SIZE, MEAN, DEVIATION, "nchw");
        var manifest = new Manifest(2, "test", "imported", input, 3, 0, "none", Map.of(), "hidden", OutputPooling.MEAN);
        return write(folder.resolve("imported.onnx"), pixels, outputs, manifest);
    }

    private static Value input(String name, ElementType type, int... axes) {
        var shape = new Shape(List.of(Dim.symbol("N"), Dim.of(axes[0]), Dim.of(axes[1]), Dim.of(axes[2])));
        return Value.input(name, new TensorType(type, shape));
    }

    private static Path write(Path file, Value input, Map<String, Value> outputs, Manifest manifest)
            throws IOException {
        Graph graph = Graph.of("encoder", List.of(input), outputs);
        return Files.write(file, OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }

    /** Pictures of several sizes, none alike. */
    static List<Path> pictures(Path folder) {
        return List.of(picture(folder, 8, 8), picture(folder, 31, 17), picture(folder, 9, 40));
    }

    private static Path picture(Path folder, int width, int height) {
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, (x * 37 % 256) << 16 | (y * 53 % 256) << 8 | (x * y + width) % 256);
            }
        }
        Path file = folder.resolve(width + "x" + height + ".png");
        try {
            ImageIO.write(image, "png", file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }
}

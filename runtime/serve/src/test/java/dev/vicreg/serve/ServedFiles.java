package dev.vicreg.serve;

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
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.search.IndexBuilder;
import dev.vicreg.runtime.search.SearchIndex;
import dev.vicreg.runtime.sequence.ByteIds;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/** Small models of every kind whose answers are known, and files for them. */
final class ServedFiles {
    static final int SIZE = 8;
    static final List<String> LABELS = List.of("ant", "bee", "cat");
    private static final List<Float> ZEROS = List.of(0f, 0f, 0f);
    private static final List<Float> ONES = List.of(1f, 1f, 1f);

    private ServedFiles() {}

    /** The mean colour of a picture, 0 to 1, times a factor. */
    static Path colour(Path file, float factor) throws IOException {
        Ops ops = new Ops();
        Value image = input("image", ElementType.UINT8, SIZE, SIZE, 3);
        Value pixels = Layers.normalisePictures(ops, image, ZEROS, ONES);
        Value mean = ops.mul(ops.reduceMean(pixels, false, 2, 3), ops.constant(factor));
        return write(file, image, Map.of("embedding", mean), encoder(Input.pictures(SIZE, ZEROS, ONES), 3));
    }

    /** The logarithm of each value, so not finite for zero. */
    static Path logarithm(Path file) throws IOException {
        return logarithm(file, LABELS);
    }

    /** The same of three columns of these names. */
    static Path logarithm(Path file, List<String> columns) throws IOException {
        Value vector = input("vector", ElementType.FLOAT, 3);
        Input<?> input = Input.vectors(columns, ZEROS, ONES);
        return write(file, vector, Map.of("embedding", new Ops().log(vector)), encoder(input, 3));
    }

    /** The softmax of a vector, and itself. */
    static Path classifier(Path file) throws IOException {
        Ops ops = new Ops();
        Value vector = input("vector", ElementType.FLOAT, 3);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("probabilities", ops.softmax(vector, 1));
        outputs.put("embedding", ops.identity(vector));
        Manifest.Head head = new Manifest.Head(LABELS, 1, "made up", Map.of());
        Manifest manifest = encoder(Input.vectors(LABELS, ZEROS, ONES), 3).withHead("test", 12, head);
        return write(file, vector, outputs, manifest);
    }

    /** A file that takes pictures of any size, and gives how many values each has, and the batch that it is in. */
    static Path anySize(Path file) throws IOException {
        Shape open = new Shape(List.of(Dim.symbol("N"), Dim.symbol("H"), Dim.symbol("W"), Dim.of(3)));
        Value image = Value.input("image", new TensorType(ElementType.UINT8, open));
        Ops ops = new Ops();
        Value ones = ops.mul(ops.cast(image, ElementType.FLOAT), ops.constant(0));
        Value count = ops.unsqueeze(ops.reduceSum(ops.add(ones, ops.constant(1)), false, 1, 2, 3), 1);
        Input.Pictures input = Input.pictures(8, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
        Value all = ops.add(ops.mul(count, ops.constant(0)), ops.reduceSum(count, true, 0));
        Map<String, Value> outputs = Map.of("embedding", ops.concat(1, count, all));
        return write(file, image, outputs, encoder(input.resizedInside(true), 2));
    }

    /** The first four values of a signal. */
    static Path signal(Path file) throws IOException {
        Value signal = input("signal", ElementType.FLOAT, 1, 4);
        Value first = new Ops().reduceMean(signal, false, 1);
        Input<?> input = Input.signals(8000, 4, List.of(0f), List.of(1f), "none");
        return write(file, signal, Map.of("embedding", first), encoder(input, 4));
    }

    /** The first six ids of a text as numbers. */
    static Path text(Path file) throws IOException {
        Value ids = input("ids", ElementType.INT64, 6);
        Value numbers = new Ops().cast(ids, ElementType.FLOAT);
        Input<?> input = new Input.Sequences(
                "ids", "sequence", 6, ByteIds.NAME, ByteIds.COUNT, ByteIds.PADDING, ByteIds.UNKNOWN, List.of(), true);
        return write(file, ids, Map.of("embedding", numbers), encoder(input, 6));
    }

    private static Value input(String name, ElementType type, int... axes) {
        List<Dim> dims = new ArrayList<>(List.of(Dim.symbol("N")));
        for (int axis : axes) {
            dims.add(Dim.of(axis));
        }
        return Value.input(name, new TensorType(type, new Shape(dims)));
    }

    private static Manifest encoder(Input<?> input, int dimension) {
        return new Manifest(Manifest.formatVersion(input), "test", "net", input, dimension, 0, "none", Map.of());
    }

    private static Path write(Path file, Value input, Map<String, Value> outputs, Manifest manifest)
            throws IOException {
        Graph graph = Graph.of("net", List.of(input), outputs);
        return Files.write(file, OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }

    /** An index of vectors, each under the name of its place. */
    static Path index(Path file, Path model, float[]... vectors) throws IOException {
        return pictured(file, model, new byte[0], vectors);
    }

    /** The same with one picture for all; empty for none. */
    static Path pictured(Path file, Path model, byte[] picture, float[]... vectors) throws IOException {
        var description = new SearchIndex.Description(
                model.toString(), FileDigest.sha256(model), "made up", Manifest.read(model));
        try (IndexBuilder builder = IndexBuilder.create(file, vectors[0].length, description)) {
            for (int i = 0; i < vectors.length; i++) {
                String checksum = FileDigest.sha256(new byte[0]);
                builder.add(new SearchIndex.Entry(i + ".png", 0, checksum), vectors[i], picture);
            }
            builder.publish(Integer.MAX_VALUE, new IndexBuilder.Watch() {});
        }
        return file;
    }

    /** A picture of one colour. */
    static byte[] png(int width, int height, Color colour) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, colour.getRGB());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }
}

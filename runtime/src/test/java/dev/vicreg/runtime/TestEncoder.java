package dev.vicreg.runtime;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.input.Input;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes an encoder whose embedding is the mean colour: small, and its answers are known. */
final class TestEncoder {
    static final int IMAGE_SIZE = 8;
    private static final List<Float> MEAN = List.of(0.5f, 0.25f, 0f);
    private static final List<Float> DEVIATION = List.of(0.5f, 0.25f, 1f);

    private TestEncoder() {}

    static Manifest manifest() {
        return new Manifest(
                1,
                "test",
                "mean-colour",
                Input.pictures(IMAGE_SIZE, MEAN, DEVIATION),
                3,
                0,
                "none",
                Map.of("knn-20-0.07", 0.5));
    }

    static Path write(Path file) throws IOException {
        return write(file, Map.of(Manifest.METADATA_KEY, manifest().toJson()), "image", ElementType.UINT8);
    }

    static Path write(Path file, Map<String, String> metadata, String inputName, ElementType inputType)
            throws IOException {
        var ops = new Ops();
        var shape = new Shape(List.of(Dim.symbol("N"), Dim.of(IMAGE_SIZE), Dim.of(IMAGE_SIZE), Dim.of(3)));
        Value image = Value.input(inputName, new TensorType(inputType, shape));
        Value embedding = ops.reduceMean(Layers.normalisePictures(ops, image, MEAN, DEVIATION), false, 2, 3);
        Graph graph = Graph.of("encoder", List.of(image), Map.of("embedding", embedding));
        return Files.write(file, OnnxFile.bytes(graph, metadata));
    }

    /** One whose embedding is the vector itself, of 3 values. */
    static Path writeVectors(Path file) throws IOException {
        var shape = new Shape(List.of(Dim.symbol("N"), Dim.of(3)));
        Value vector = Value.input("vector", new TensorType(ElementType.FLOAT, shape));
        Graph graph = Graph.of("encoder", List.of(vector), Map.of("embedding", new Ops().identity(vector)));
        Input<?> input = Input.vectors(List.of("a", "b", "c"), MEAN, DEVIATION);
        var manifest = new Manifest(2, "test", "vectors", input, 3, 0, "none", Map.of());
        return Files.write(file, OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }
}

package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** On a file whose embedding is the vector itself and whose probabilities are the softmax of that. */
class ClassifierModelTest {
    private static final List<String> LABELS = List.of("ant", "bee", "cat");
    private static final float[] VECTOR = {0, (float) Math.log(2), (float) Math.log(5)};

    @TempDir
    Path folder;

    private static Manifest manifest(List<String> labels) {
        Input<?> input = Input.vectors(List.of("a", "b", "c"), List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
        return new Manifest(2, "test", "vectors", input, 3, 0, "none", Map.of())
                .withHead("test", 12, new Manifest.Head(labels, 1, "made up", Map.of("held-out-accuracy", 0.5)));
    }

    private Path write(Manifest manifest) throws IOException {
        var shape = new Shape(List.of(Dim.symbol("N"), Dim.of(3)));
        Value vector = Value.input("vector", new TensorType(ElementType.FLOAT, shape));
        Ops ops = new Ops();
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("probabilities", ops.softmax(vector, 1));
        outputs.put("embedding", ops.identity(vector));
        Graph graph = Graph.of("classifier", List.of(vector), outputs);
        return Files.write(
                folder.resolve("classifier.onnx"),
                OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }

    @Test
    void classesComeByProbabilityAndTheEmbeddingBesideThem() throws IOException {
        Path row = Files.writeString(folder.resolve("row.txt"), "0 " + VECTOR[1] + " " + VECTOR[2]);
        try (ClassifierModel model = ClassifierModel.load(write(manifest(LABELS)), Device.CPU, 1)) {
            assertEquals(LABELS, model.labels());
            assertEquals(3, model.dimension());
            Classification found = model.classify(row);
            assertEquals("cat", found.label());
            assertEquals(5 / 8f, found.probability(), 1e-6f);
            assertArrayEquals(new float[] {1 / 8f, 2 / 8f, 5 / 8f}, found.probabilities(), 1e-6f);
            assertArrayEquals(VECTOR, found.embedding());
            assertEquals(
                    List.of("cat", "bee"),
                    found.top(2).stream().map(Classification.Score::label).toList());
            assertEquals(3, found.top(9).size());
        }
    }

    @Test
    void batchesKeepTheirOrderAndStepsGiveTheSame() throws IOException {
        try (ClassifierModel model = ClassifierModel.load(Files.readAllBytes(write(manifest(LABELS))), Device.CPU, 2)) {
            int count = model.batchSize() + 2;
            float[][] vectors = new float[count][3];
            for (int i = 0; i < count; i++) {
                vectors[i][i % 3] = 4;
            }
            List<Classification> found = model.classifyVectors(vectors);
            List<Classification> steps = model.vectors().classify(List.of(vectors));
            for (int i = 0; i < count; i++) {
                assertEquals(LABELS.get(i % 3), found.get(i).label());
                assertArrayEquals(found.get(i).probabilities(), steps.get(i).probabilities());
            }
            var kind = assertThrows(IllegalStateException.class, model::pictures);
            assertTrue(String.valueOf(kind.getMessage()).endsWith("takes vectors, not pictures"), kind.getMessage());
        }
    }

    @Test
    void closedModelSaysSo() throws IOException {
        ClassifierModel model = ClassifierModel.load(write(manifest(LABELS)), Device.CPU, 1);
        model.close();
        var closed = assertThrows(IllegalStateException.class, () -> model.classifyVectors(new float[][] {VECTOR}));
        assertTrue(String.valueOf(closed.getMessage()).startsWith("ClassifierModel of "), closed.getMessage());
    }

    @Test
    void encodersAndClassifiersAreNotTakenForEachOther() throws IOException {
        Path classifier = write(manifest(LABELS));
        assertEquals(
                classifier + " is a classifier, expected an encoder: give the encoder that it was made of, or use"
                        + " ./vicreg predict, in Java ClassifierModel",
                refused(() -> EmbeddingModel.load(classifier, Device.CPU, 1)));
        Path encoder = TestEncoder.write(folder.resolve("encoder.onnx"));
        assertEquals(
                encoder
                        + " is an encoder, expected a classifier: ./vicreg classify makes one of it and labelled samples;"
                        + " for vectors use ./vicreg embed, in Java EmbeddingModel",
                refused(() -> ClassifierModel.load(encoder, Device.CPU, 1)));
        Path foreign = TestEncoder.write(folder.resolve("foreign.onnx"), Map.of(), "image", ElementType.UINT8);
        assertEquals(
                foreign
                        + " has no vicreg.manifest in its metadata; expected a classifier as ./vicreg classify writes it",
                refused(() -> ClassifierModel.load(foreign, Device.CPU, 1)));
    }

    @Test
    void fileWithOtherOutputsThanItsManifestSaysIsRefused() throws IOException {
        Path four = write(manifest(List.of("ant", "bee", "cat", "dog")));
        assertTrue(refused(() -> ClassifierModel.load(four, Device.CPU, 1)).contains("output 'probabilities' is"));
        Map<String, String> metadata = Map.of(
                Manifest.METADATA_KEY,
                TestEncoder.manifest().withHead("t", 1, head(LABELS, 1)).toJson());
        Path none = TestEncoder.write(folder.resolve("none.onnx"), metadata, "image", ElementType.UINT8);
        assertTrue(refused(() -> ClassifierModel.load(none, Device.CPU, 1)).contains("has no output 'probabilities'"));
    }

    private static Manifest.Head head(List<String> labels, double temperature) {
        return new Manifest.Head(labels, temperature, "made up", Map.of());
    }

    /** Readers of before there were classifiers compare the version with theirs, at most 4. */
    @Test
    void manifestOfAClassifierHasAVersionThatOlderReadersRefuse() throws IOException {
        Manifest manifest = manifest(LABELS);
        assertEquals(5, manifest.formatVersion());
        assertEquals(12, manifest.parameters());
        assertEquals(manifest, Manifest.parse(manifest.toJson(), "test"));
        assertEquals(manifest, Manifest.read(write(manifest)));
        String json = manifest.toJson();
        assertEquals(
                "f: its manifest has format version 6 (written by test), expected at most 5; use the version that wrote it,"
                        + " or export again",
                refused(() -> Manifest.parse(json.replace("\"formatVersion\": 5", "\"formatVersion\": 6"), "f")));
    }

    @Test
    void headsThatMakeNoSenseAreRefused() {
        String json = manifest(LABELS).toJson();
        assertEquals(
                "f: its manifest is wrong: the temperature -1.0, expected one above 0",
                refused(() -> Manifest.parse(json.replace("\"temperature\": 1.0", "\"temperature\": -1"), "f")));
        assertEquals(
                "f: its manifest is wrong: a classifier of 3 classes, expected at least 2, each of its own name",
                refused(() -> Manifest.parse(json.replace("\"bee\"", "\"ant\""), "f")));
        assertEquals(
                "f: its vicreg.manifest has no field classifier.origin",
                refused(() -> Manifest.parse(json.replace("\"origin\"", "\"other\""), "f")));
    }

    private static String refused(Executable action) {
        String message = String.valueOf(assertThrows(IOException.class, action).getMessage());
        assertEquals(1, message.lines().count(), message);
        return message;
    }
}

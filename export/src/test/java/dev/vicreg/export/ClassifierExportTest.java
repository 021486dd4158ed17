package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.Classification;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.onnx.global.onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifierExportTest {
    private static final List<String> LABELS = List.of("ant", "bee", "cat");
    private static final double TEMPERATURE = 1.7;

    @TempDir
    Path folder;

    private static Manifest.Head head(int classes) {
        return new Manifest.Head(LABELS.subList(0, classes), TEMPERATURE, "made up", Map.of("held-out-accuracy", 0.5));
    }

    private static LinearHead linear(int classes, int dimension) {
        Random random = new Random(1);
        float[][] weights = new float[classes][dimension];
        float[] bias = new float[classes];
        for (int c = 0; c < classes; c++) {
            bias[c] = (float) random.nextGaussian();
            for (int d = 0; d < dimension; d++) {
                weights[c][d] = (float) random.nextGaussian();
            }
        }
        return new LinearHead(weights, bias);
    }

    private ClassifierExport.Result export(Path encoder) throws IOException {
        int dimension = Manifest.read(encoder).dimension();
        return ClassifierExport.export(
                encoder, linear(3, dimension), head(3), "1.2.3", folder.resolve("classifier.onnx"));
    }

    /** An encoder of one matrix product behind {@code front}'s two axes. */
    private Path tiny(Input<?> input, Value fed, Value front) throws IOException {
        int width = Math.toIntExact(front.shape().size(1));
        float[] weights = new float[width * 4];
        Random random = new Random(2);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (random.nextGaussian() / width);
        }
        Value product = new Ops().matMul(front, Value.constant("head.weight", Tensor.of(Shape.of(width, 4), weights)));
        Graph graph = Graph.of("encoder", List.of(fed), Map.of("embedding", product));
        Manifest manifest =
                new Manifest(Manifest.formatVersion(input), "1", "tiny", input, 4, width * 4L, "cafe", Map.of());
        return Files.write(
                folder.resolve("tiny.onnx"),
                OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson()), 17));
    }

    private static Value fed(String name, ElementType type, long... sample) {
        List<Dim> axes = new ArrayList<>(List.of(Dim.symbol("N")));
        for (long size : sample) {
            axes.add(Dim.of(size));
        }
        return Value.input(name, new TensorType(type, new Shape(axes)));
    }

    /** The classifier's outputs are the encoder's embedding, and the head's softmax over the temperature on it. */
    private static void requireHeadOnEmbeddings(float[][] embeddings, List<Classification> found) {
        LinearHead linear = linear(3, embeddings[0].length);
        for (int i = 0; i < embeddings.length; i++) {
            assertArrayEquals(embeddings[i], found.get(i).embedding(), 1e-5f);
            double[] logits = linear.logits(embeddings[i]);
            double sum = 0;
            for (double logit : logits) {
                sum += Math.exp(logit / TEMPERATURE);
            }
            for (int c = 0; c < logits.length; c++) {
                assertEquals(
                        Math.exp(logits[c] / TEMPERATURE) / sum, found.get(i).probabilities()[c], 1e-5);
            }
        }
    }

    @Test
    void pictureClassifierIsEncoderAndHead() throws IOException {
        Path encoder = folder.resolve("encoder.onnx");
        TestRun.write(folder.resolve("run"), 8, "16-16", 1).export(encoder);
        ClassifierExport.Result result = export(encoder);
        assertTrue(result.difference() <= 1e-5, "difference " + result.difference());
        byte[] noise = new byte[40 * 50 * 3];
        new Random(3).nextBytes(noise);
        List<Picture> pictures = List.of(new Picture(50, 40, noise), new Picture(40, 50, noise));
        try (EmbeddingModel embedding = EmbeddingModel.load(encoder, Device.CPU, 1);
                ClassifierModel model = ClassifierModel.load(result.file(), Device.CPU, 1)) {
            requireHeadOnEmbeddings(embedding.embedPictures(pictures), model.classifyPictures(pictures));
        }
    }

    @Test
    void classifierOfVectorsIsEncoderAndHead() throws IOException {
        Value vector = fed("vector", ElementType.FLOAT, 3);
        Path encoder =
                tiny(Input.vectors(List.of("a", "b", "c"), List.of(0f, 1f, 2f), List.of(1f, 2f, 3f)), vector, vector);
        float[][] rows = {{1, 2, 3}, {-4, 0.5f, 9}};
        try (EmbeddingModel embedding = EmbeddingModel.load(encoder, Device.CPU, 1);
                ClassifierModel model = ClassifierModel.load(export(encoder).file(), Device.CPU, 1)) {
            requireHeadOnEmbeddings(embedding.embedVectors(rows), model.classifyVectors(rows));
        }
    }

    @Test
    void classifierOfSignalsIsEncoderAndHead() throws IOException {
        Value signal = fed("signal", ElementType.FLOAT, 2, 8);
        Path encoder = tiny(
                Input.signals(0, 8, List.of(0f, 0f), List.of(1f, 1f), "none"), signal, new Ops().flatten(signal, 1));
        float[][] samples = {{1, -2, 3, -4, 5, -6, 7, -8}, {0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3.5f}};
        List<Signal> signals = List.of(new Signal(samples, 0));
        try (EmbeddingModel embedding = EmbeddingModel.load(encoder, Device.CPU, 1);
                ClassifierModel model = ClassifierModel.load(export(encoder).file(), Device.CPU, 1)) {
            requireHeadOnEmbeddings(embedding.embedSignals(signals), model.classifySignals(signals));
        }
    }

    @Test
    void classifierOfSequencesIsEncoderAndHead() throws IOException {
        Value ids = fed("ids", ElementType.INT64, 5);
        Path encoder = tiny(
                new Input.Sequences("ids", "sequence", 5, "ids", 9, 0, 1, List.of(), true),
                ids,
                new Ops().cast(ids, ElementType.FLOAT));
        long[][] sequences = {{2, 3}, {8, 7, 6, 5, 4}};
        try (EmbeddingModel embedding = EmbeddingModel.load(encoder, Device.CPU, 1);
                ClassifierModel model = ClassifierModel.load(export(encoder).file(), Device.CPU, 1)) {
            requireHeadOnEmbeddings(embedding.embedSequences(sequences), model.classifySequences(sequences));
        }
    }

    @Test
    void fileHasTheEncodersInputBothOutputsAndAManifest() throws IOException {
        Value vector = fed("vector", ElementType.FLOAT, 3);
        Path encoder =
                tiny(Input.vectors(List.of("a", "b", "c"), List.of(0f, 0f, 0f), List.of(1f, 1f, 1f)), vector, vector);
        ClassifierExport.Result result = export(encoder);
        Graph graph = OnnxFile.read(result.file()).graph();
        assertEquals("[vector float[N,3]]", graph.inputs().toString());
        assertEquals(
                List.of("probabilities", "embedding"),
                List.copyOf(graph.outputs().keySet()));
        assertEquals("float[N,3]", graph.output("probabilities").type().toString());
        Manifest manifest = Manifest.read(result.file());
        assertEquals(result.manifest(), manifest);
        assertEquals(head(3), manifest.classifier());
        assertEquals(Manifest.CLASSIFIER_VERSION, manifest.formatVersion());
        assertEquals("1.2.3", manifest.version());
        assertEquals(12 + 3 * 5, manifest.parameters());
        onnx.check_model(result.file().toString(), true, false, false);
        var model = ai.onnx.proto.OnnxMl.ModelProto.parseFrom(Files.readAllBytes(result.file()));
        assertEquals(17, model.getOpsetImport(0).getVersion());
    }

    @Test
    void whatIsNoEncoderOfOurFormIsRefused() throws IOException {
        Value vector = fed("vector", ElementType.FLOAT, 3);
        Input<?> input = Input.vectors(List.of("a", "b", "c"), List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
        Path classifier = export(tiny(input, vector, vector)).file();
        assertEquals(
                classifier + " is a classifier, expected an encoder: give the encoder that it was made of",
                refused(classifier));
        Manifest imported = new Manifest(2, "1", "net", input, 3, 0, "cafe", Map.of(), "hidden", null);
        Graph graph = Graph.of("net", List.of(vector), Map.of("hidden", new Ops().identity(vector)));
        Path original = Files.write(
                folder.resolve("original.onnx"),
                OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, imported.toJson())));
        assertEquals(
                original + " has the form of the file that its network came in, with the output hidden, expected this"
                        + " program's own form; ./vicreg export `run` RUN `fold` writes it",
                refused(original));
    }

    private String refused(Path encoder) {
        Path target = folder.resolve("refused.onnx");
        String message = assertThrows(
                        IOException.class, () -> ClassifierExport.export(encoder, linear(3, 3), head(3), "1", target))
                .getMessage();
        assertFalse(Files.exists(target));
        return message;
    }

    @Test
    void probabilitiesOfAnotherHeadAreNotPublished() {
        Input<?> input = Input.vectors(List.of("a"), List.of(0f), List.of(1f));
        Manifest manifest = new Manifest(2, "1", "net", input, 2, 0, "cafe", Map.of()).withHead("1", 6, head(2));
        LinearHead linear = new LinearHead(new float[][] {{1, 0}, {0, 1}}, new float[] {0, 0});
        float[][] embeddings = {{0, 0}};
        assertEquals(0, ClassifierExport.difference(embeddings, new float[][] {{0.5f, 0.5f}}, linear, manifest), 1e-9);
        for (float[] wrong : new float[][] {{0.5001f, 0.4999f}, {Float.NaN, 0.5f}}) {
            String message = assertThrows(
                            IllegalStateException.class,
                            () -> ClassifierExport.difference(embeddings, new float[][] {wrong}, linear, manifest))
                    .getMessage();
            assertTrue(message.startsWith("Classifier not published: "), message);
        }
    }
}

package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.platform.Fp16Conversions;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.OnnxSummary;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of encoder files of other types, batches and opsets; and of artifacts that don't train. */
class PublishedFormsTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private final SplittableRandom random = new SplittableRandom(7);

    @BeforeAll
    static void makeSamples() {
        for (String kind : List.of("pictures", "vectors", "signals")) {
            Cli.sample(kind, shared.resolve(kind), 2, 1);
        }
    }

    private Value weight(String name, ElementType type, long... shape) {
        int count = Math.toIntExact(Shape.of(shape).elements());
        ByteBuffer data = ByteBuffer.allocate(count * 8).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            float value = (float) random.nextDouble(-0.3, 0.3);
            switch (type) {
                case FLOAT16 -> data.putShort(Fp16Conversions.floatToFp16(value));
                case DOUBLE -> data.putDouble(value);
                default -> data.putFloat(value);
            }
        }
        byte[] bytes = new byte[data.position()];
        data.flip().get(bytes);
        return Value.constant(name, new Tensor(new TensorType(type, Shape.of(shape)), bytes));
    }

    private static Value input(ElementType type, Dim batch, long... sizes) {
        List<Dim> dims = new ArrayList<>(List.of(batch));
        for (long size : sizes) {
            dims.add(Dim.of(size));
        }
        return Value.input("x", new TensorType(type, new Shape(dims)));
    }

    private Path write(Value input, Value output, int opset) throws IOException {
        Graph graph = Graph.of("network", List.of(input), Map.of("features", output));
        return Files.write(folder.resolve("net.onnx"), OnnxFile.bytes(graph, Map.of(), opset));
    }

    private Path rows(ElementType type, Dim batch) throws IOException {
        Ops ops = new Ops();
        Value x = input(type, batch, 160);
        Value hidden = ops.relu(ops.matMul(x, weight("w1", type, 160, 12)));
        return write(x, ops.matMul(hidden, weight("w2", type, 12, 6)), 17);
    }

    private Cli train(Path file, Path data) {
        Cli done = Cli.run(
                "train",
                "--encoder",
                file.toString(),
                "--data",
                data.toString(),
                "--out",
                folder.resolve("run").toString(),
                "--projector",
                "8-8",
                "--batch-size",
                "8",
                "--steps",
                "2",
                "--threads",
                "1");
        assertEquals(0, done.status(), done.err());
        return done;
    }

    private List<String> embedded(Path model, Path data) throws IOException {
        Path out = folder.resolve("vectors.csv");
        Cli done = Cli.run("embed", "--model", model.toString(), "--data", data.toString(), "--out", out.toString());
        assertEquals(0, done.status(), done.err());
        return Files.readAllLines(out);
    }

    private static List<OnnxSummary.Entry> declared(Path file) throws IOException {
        OnnxSummary summary = OnnxFile.summary(file);
        return Stream.of(summary.inputs(), summary.outputs(), summary.initializers())
                .flatMap(List::stream)
                .toList();
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "DOUBLE"})
    void filesOfOtherPrecisionArePublishedInIt(ElementType type) throws IOException {
        Path file = rows(type, Dim.symbol("batch"));
        Cli done = train(file, shared.resolve("vectors/train.csv"));
        assertFalse(done.err().contains("cannot hold"), done.err());
        Path encoder = folder.resolve("run/encoder.onnx");
        assertEquals(declared(file), declared(encoder));
        assertEquals(21, embedded(encoder, shared.resolve("vectors/train.csv")).size());
    }

    /** Export compares the file itself, one sample at a time, with the graph that trained. */
    @Test
    void aBatchOfOneThatReshapesHoldFollowsTheBatch() throws IOException {
        Ops ops = new Ops();
        Value x = input(ElementType.FLOAT, Dim.of(1), 160);
        Value grid = ops.node(
                        OpType.RESHAPE,
                        List.of(x, ops.constant(Tensor.ofLongs(new long[] {1, 10, -1}))),
                        Attributes.NONE)
                .output(0);
        Value hidden = ops.relu(ops.matMul(grid, weight("w1", ElementType.FLOAT, 16, 3)));
        Value flat = ops.node(
                        OpType.RESHAPE,
                        List.of(hidden, ops.constant(Tensor.ofLongs(new long[] {1, 30}))),
                        Attributes.NONE)
                .output(0);
        Path file = write(x, ops.matMul(flat, weight("w2", ElementType.FLOAT, 30, 6)), 17);
        Cli done = train(file, shared.resolve("vectors/train.csv"));
        assertFalse(done.err().contains("cannot hold"), done.err());
        Path encoder = folder.resolve("run/encoder.onnx");
        assertEquals(declared(file), declared(encoder));
        assertAsFolded(encoder, shared.resolve("vectors/train.csv"));
    }

    /** Vectors of an exported file with a fixed batch are those of the same encoder in this project's form. */
    private void assertAsFolded(Path encoder, Path data) throws IOException {
        List<String> vectors = embedded(encoder, data);
        Path folded = folder.resolve("folded.onnx");
        assertEquals(
                0,
                Cli.run("export", "--run", folder.resolve("run").toString(), "--fold", "--out", folded.toString())
                        .status());
        List<String> free = embedded(folded, data);
        assertEquals(free.size(), vectors.size());
        for (int i = 1; i < free.size(); i++) {
            assertArrayEquals(CsvVector.values(free.get(i)), CsvVector.values(vectors.get(i)), 1e-5f);
        }
    }

    @Test
    void aFixedBatchOfOneStaysAndIsFed() throws IOException {
        Path data = shared.resolve("vectors/train.csv");
        Path file = rows(ElementType.FLOAT, Dim.of(1));
        train(file, data);
        Path encoder = folder.resolve("run/encoder.onnx");
        assertEquals(declared(file), declared(encoder));
        assertAsFolded(encoder, data);
    }

    @Test
    void idsOfInt32BesidePositionsTrainAndStayInt32() throws IOException {
        Ops ops = new Ops();
        Dim batch = Dim.symbol("batch");
        Value ids = Value.input("input_ids", new TensorType(ElementType.INT32, new Shape(List.of(batch, Dim.of(6)))));
        Value positions = Value.input("position_ids", new TensorType(ElementType.INT64, ids.shape()));
        Value tokens = ops.add(
                ops.node(OpType.GATHER, List.of(weight("words", ElementType.FLOAT, 9, 5), ids), Attributes.NONE)
                        .output(0),
                ops.node(OpType.GATHER, List.of(weight("places", ElementType.FLOAT, 6, 5), positions), Attributes.NONE)
                        .output(0));
        Graph graph =
                Graph.of("network", List.of(ids, positions), Map.of("features", ops.reduceMean(tokens, false, 1)));
        Path file = Files.write(folder.resolve("net.onnx"), OnnxFile.bytes(graph, Map.of()));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 16; i++) {
            lines.append(1 + random.nextInt(8))
                    .append(' ')
                    .append(1 + random.nextInt(8))
                    .append('\n');
        }
        Path data = Files.writeString(folder.resolve("data.ids"), lines);
        train(file, data);
        Path encoder = folder.resolve("run/encoder.onnx");
        assertEquals(declared(file), declared(encoder));
        Map<String, Value> trained = OnnxFile.read(encoder).initializers();
        float[] words = trained.get("words").constant().floats();
        float[] places = trained.get("places").constant().floats();
        assertFalse(Arrays.equals(
                words,
                OnnxFile.read(file).initializers().get("words").constant().floats()));
        String[] first = lines.toString().lines().findFirst().orElseThrow().split(" ", -1);
        float[] expected = new float[5];
        for (int t = 0; t < 6; t++) {
            int id = t < 2 ? Integer.parseInt(first[t]) : 0;
            for (int d = 0; d < 5; d++) {
                expected[d] += (words[id * 5 + d] + places[t * 5 + d]) / 6;
            }
        }
        assertArrayEquals(expected, CsvVector.values(embedded(encoder, data).get(1)), 1e-6f);

        Cli fedByOthers = Cli.run(
                "artifacts",
                "--encoder",
                file.toString(),
                "--projector",
                "8",
                "--out",
                folder.resolve("artifacts").toString());
        assertEquals(0, fedByOthers.status(), fedByOthers.err());
    }

    @Test
    void waveformsWithoutAnAxisOfChannelsTrain() throws IOException {
        Value x = input(ElementType.FLOAT, Dim.symbol("batch"), 500);
        Path file = write(x, new Ops().matMul(x, weight("w", ElementType.FLOAT, 500, 6)), 17);
        Path data = shared.resolve("signals/train");
        train(file, data);
        Path encoder = folder.resolve("run/encoder.onnx");
        assertEquals(declared(file), declared(encoder));
        float[] own = CsvVector.values(embedded(encoder, data).get(1));
        Path folded = folder.resolve("folded.onnx");
        assertEquals(
                0,
                Cli.run("export", "--run", folder.resolve("run").toString(), "--fold", "--out", folded.toString())
                        .status());
        assertArrayEquals(own, CsvVector.values(embedded(folded, data).get(1)), 1e-5f);
    }

    @Test
    void greyPicturesThatAreNotSquareTrainOwnEncoders() throws IOException {
        Path run = folder.resolve("run");
        String data = shared.resolve("pictures/train").toString();
        List<String> words = new ArrayList<>(List.of("train", "--data", data, "--out", run.toString()));
        words.addAll(List.of("--width", "4", "--image-size", "16x24", "--channels", "1"));
        words.addAll(List.of("--projector", "8", "--batch-size", "8", "--steps", "2", "--checkpoint-every", "1"));
        Cli done = Cli.run(words.toArray(String[]::new));
        assertEquals(0, done.status(), done.err());
        Path encoder = run.resolve("encoder.onnx");
        assertEquals("[N,16,24,1]", OnnxFile.summary(encoder).inputs().get(0).dims());
        assertEquals(11, embedded(encoder, shared.resolve("pictures/test")).size());

        words.add("--resume");
        Cli again = Cli.run(words.toArray(String[]::new));
        assertEquals(0, again.status(), again.err());
        words.set(words.indexOf("16x24"), "24x16");
        Cli refused = Cli.run(words.toArray(String[]::new));
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("image-size"), refused.err());
    }

    @Test
    void picturesAreOfTheFilesChannelsAndProportions() throws Exception {
        Value x = input(ElementType.FLOAT, Dim.symbol("batch"), 1, 12, 20);
        Path file = write(x, new Ops().matMul(new Ops().flatten(x, 1), weight("w", ElementType.FLOAT, 240, 6)), 17);
        Path data = shared.resolve("pictures/train");
        float[] before = CsvVector.values(embedded(file, data).get(1));
        float[] w = OnnxFile.read(file).initializers().get("w").constant().floats();
        Path first;
        try (Stream<Path> files = Files.walk(data)) {
            first = files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
        byte[] grey = Picture.decode(Files.readAllBytes(first), "first")
                .cover(20, 12, Interpolation.BICUBIC)
                .grey();
        float[] expected = new float[6];
        for (int i = 0; i < grey.length; i++) {
            float value = ((grey[i] & 255) / 255f - (0.485f + 0.456f + 0.406f) / 3) / ((0.229f + 0.224f + 0.225f) / 3);
            for (int d = 0; d < 6; d++) {
                expected[d] += value * w[6 * i + d];
            }
        }
        assertArrayEquals(expected, before, 1e-3f);
        train(file, data);
        Path encoder = folder.resolve("run/encoder.onnx");
        assertEquals(declared(file), declared(encoder));
        float[] own = CsvVector.values(embedded(encoder, data).get(1));
        Path folded = folder.resolve("pictures-in.onnx");
        Cli export = Cli.run(
                "export", "--run", folder.resolve("run").toString(), "--picture-input", "--out", folded.toString());
        assertEquals(0, export.status(), export.err());
        assertEquals("[N,12,20,1]", OnnxFile.summary(folded).inputs().get(0).dims());
        assertArrayEquals(own, CsvVector.values(embedded(folded, data).get(1)), 1e-4f);
    }

    @Test
    void whatOnnxRuntimeComputesOtherwiseIsFoldedAndSaidBeforeTheFirstStep() throws IOException {
        Ops ops = new Ops();
        Value x = input(ElementType.FLOAT, Dim.symbol("batch"), 3, 10, 10);
        Value features =
                ops.relu(ops.node(OpType.CONV, List.of(x, weight("w", ElementType.FLOAT, 6, 3, 3, 3)), Attributes.NONE)
                        .output(0));
        Attributes window = Attributes.NONE
                .with("kernel_shape", new long[] {3, 3})
                .with("strides", new long[] {2, 2})
                .with("pads", new long[] {1, 1, 1, 1})
                .with("ceil_mode", 1L)
                .with("count_include_pad", 1L);
        Value pooled = ops.node(OpType.AVERAGE_POOL, List.of(features), window).output(0);
        Path file = write(x, ops.flatten(pooled, 1), 17);
        Cli done = train(file, shared.resolve("pictures/train"));
        String note = "note: net.onnx cannot hold the trained encoder: in ONNX Runtime it differs";
        int said = done.err().indexOf(note);
        assertTrue(said >= 0 && said < done.err().indexOf("train 2/2"), done.err());
        assertEquals(said, done.err().lastIndexOf("note: net.onnx cannot hold"), done.err());
        Path encoder = folder.resolve("run/encoder.onnx");
        assertEquals("embedding", OnnxFile.summary(encoder).outputs().get(0).name());
        assertEquals(11, embedded(encoder, shared.resolve("pictures/test")).size());
        Cli export = Cli.run(
                "export",
                "--run",
                folder.resolve("run").toString(),
                "--out",
                folder.resolve("e.onnx").toString());
        assertEquals(0, export.status(), export.err());
        assertTrue(export.err().contains(note), export.err());
    }

    @Test
    void artifactsThatDoNotTrainAreNotLeftBehind() throws IOException {
        Ops ops = new Ops();
        Value x = input(ElementType.FLOAT, Dim.symbol("batch"), 160);
        Value rows = ops.node(
                        OpType.GATHER,
                        List.of(weight("table", ElementType.FLOAT, 2, 4), ops.cast(x, ElementType.INT64)),
                        Attributes.NONE)
                .output(0);
        Path file = write(x, ops.reduceMean(rows, false, 1), 21);
        Path out = folder.resolve("artifacts");
        String[] words = {
            "artifacts", "--encoder", file.toString(), "--projector", "8", "--batch-size", "8", "--out", out.toString()
        };
        Cli refused = Cli.run(words);
        assertEquals(1, refused.status(), refused.err());
        assertTrue(refused.err().contains("indices element out of data bounds"), refused.err());
        try (Stream<Path> left = Files.list(out)) {
            assertEquals(List.of(), left.toList());
        }
        List<String> untried = new ArrayList<>(List.of(words));
        untried.add("--untried");
        assertEquals(0, Cli.run(untried.toArray(String[]::new)).status());

        Path plain = rows(ElementType.FLOAT, Dim.symbol("batch"));
        Cli done = Cli.run(
                "artifacts",
                "--encoder",
                plain.toString(),
                "--out",
                folder.resolve("plain").toString());
        assertEquals(0, done.status(), done.err());
        assertTrue(done.err().contains("tried: a step on random views took"), done.err());
    }
}

package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.encoder.Mlp;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ONNX files that this project did not write, embedded and evaluated as they are. */
class OtherModelsTest {
    private static final Path FILES = Path.of("../training/src/test/resources/golden/imported");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeSamples() {
        NativeLibraries.load(); // before anyone asks ONNX Runtime for anything
        for (String kind : List.of("pictures", "vectors", "signals")) {
            Cli.sample(kind, shared.resolve(kind), 2, 1);
        }
    }

    private Cli run(Path model, Path data, String... more) {
        List<String> words = new ArrayList<>(List.of("embed", "--model", model.toString(), "--data", data.toString()));
        words.addAll(List.of("--out", folder.resolve("vectors.csv").toString(), "--device", "cpu"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    /** The first sample's vector. */
    private float[] embedded(Path model, Path data, String... more) throws IOException {
        Cli done = run(model, data, more);
        assertEquals(0, done.status(), done.err());
        return CsvVector.values(
                Files.readAllLines(folder.resolve("vectors.csv")).get(1));
    }

    private String refusal(Path model, Path data, String... more) {
        Cli refused = run(model, data, more);
        assertEquals(2, refused.status(), refused.err());
        return refused.err().lines().reduce((before, last) -> last).orElseThrow();
    }

    /** What ONNX Runtime itself gives for inputs, in row-major order. */
    private static float[] direct(Path model, Map<String, OnnxTensor> inputs) throws IOException, OrtException {
        try (OrtSession session = OrtSessions.open(model, Device.CPU, 1);
                OrtSession.Result result = session.run(inputs)) {
            FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] all = new float[values.remaining()];
            values.get(all);
            return all;
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static OnnxTensor floats(float[] values, long... shape) throws OrtException {
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), FloatBuffer.wrap(values), shape);
    }

    private static Value input(String name, ElementType type, Object... sizes) {
        List<Dim> dims = new ArrayList<>();
        for (Object size : sizes) {
            dims.add(size instanceof Integer fixed ? Dim.of(fixed) : Dim.symbol(String.valueOf(size)));
        }
        return Value.input(name, new TensorType(type, new Shape(dims)));
    }

    private Path write(List<Value> inputs, Value output) throws IOException {
        Graph graph = Graph.of("network", inputs, Map.of("features", output));
        return Files.write(folder.resolve("net.onnx"), OnnxFile.bytes(graph, Map.of()));
    }

    /** [3,16,16] of a picture as a network of PyTorch's takes it. */
    private static float[] normalised(Picture picture, float[] mean, float[] std) {
        Picture middle = picture.middle(16, 16, Interpolation.BICUBIC);
        float[] values = new float[3 * 16 * 16];
        for (int i = 0; i < values.length; i++) {
            int channel = i / 256;
            int byteValue = middle.rgb()[i % 256 * 3 + channel] & 0xFF;
            values[i] = (byteValue / 255f - mean[channel]) / std[channel];
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({
        "--preprocess clip, 0.48145466, 0.4578275, 0.40821073, 0.26862954, 0.26130258, 0.27577711",
        "--preprocess minus-one-one, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5",
        "--preprocess imagenet, 0.485, 0.456, 0.406, 0.229, 0.224, 0.225",
        "--mean 0.1_0.2_0.3 --std 1_2_3, 0.1, 0.2, 0.3, 1, 2, 3"
    })
    void picturesAreNormalisedAsAsked(String asked, float r, float g, float b, float sr, float sg, float sb)
            throws IOException, OrtException {
        Path model = FILES.resolve("residual.onnx");
        Path data = shared.resolve("pictures/test");
        float[] found = embedded(model, data, asked.replace('_', ',').split(" "));
        Picture picture = Picture.decode(Files.readAllBytes(first(data)), "first");
        float[] values = normalised(picture, new float[] {r, g, b}, new float[] {sr, sg, sb});
        assertArrayEquals(direct(model, Map.of("input", floats(values, 1, 3, 16, 16))), found, 1e-5f);
    }

    private static Path first(Path data) throws IOException {
        try (var files = Files.walk(data)) {
            return files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
    }

    @Test
    void evaluationTakesAnyFileAsModelAndAsBaseline() throws IOException {
        String model = FILES.resolve("residual.onnx").toString();
        String train = shared.resolve("pictures/train").toString();
        Cli done = Cli.run(
                "eval",
                "--model",
                model,
                "--baseline",
                model,
                "--train",
                train,
                "--test",
                train,
                "--k",
                "3",
                "--preprocess",
                "siglip",
                "--json");
        assertEquals(0, done.status(), done.err());
        JsonNode figures = new ObjectMapper().readTree(done.out());
        assertTrue(figures.path("encoder").isNumber(), figures.toString());
        assertEquals(figures.path("encoder"), figures.path("baseline"));
    }

    @Test
    void picturesOfAnySizeAreOfTheOneAskedFor() throws IOException, OrtException {
        Value pictures = input("pixels", ElementType.FLOAT, "n", "h", "w", 3);
        Ops ops = new Ops();
        Path model = write(List.of(pictures), ops.flatten(ops.reduceMean(pictures, true, 1, 2), 1));
        Path data = shared.resolve("pictures/test");
        assertTrue(refusal(model, data).contains("leaves the size of pictures open: give it with --image-size"));
        float[] found = embedded(model, data, "--input-shape", "16,16,3", "--mean", "0,0,0", "--std", "1,1,1");
        Picture picture =
                Picture.decode(Files.readAllBytes(first(data)), "first").middle(16, 16, Interpolation.BICUBIC);
        double[] sums = new double[3];
        for (int i = 0; i < picture.rgb().length; i++) {
            sums[i % 3] += (picture.rgb()[i] & 0xFF) / 255.0 / 256;
        }
        assertArrayEquals(new float[] {(float) sums[0], (float) sums[1], (float) sums[2]}, found, 1e-6f);
        assertArrayEquals(found, embedded(model, data, "--image-size", "16", "--mean", "0,0,0", "--std", "1,1,1"), 0f);
    }

    @Test
    void idsAreFedInTheirTypeWithWhatFollowsFromThem() throws IOException, OrtException {
        Value ids = input("input_ids", ElementType.INT32, "n", "t");
        Value mask = input("attention_mask", ElementType.INT64, "n", "t");
        Value positions = input("position_ids", ElementType.INT32, "n", "t");
        Ops ops = new Ops();
        Value sum = ops.add(
                ops.mul(ops.cast(ids, ElementType.FLOAT), ops.cast(mask, ElementType.FLOAT)),
                ops.mul(ops.cast(positions, ElementType.FLOAT), 100));
        Value tokens = ops.node(OpType.UNSQUEEZE, List.of(sum, ops.longs(2)), Attributes.NONE)
                .output(0);
        Path model = write(List.of(positions, ids, mask), ops.concat(2, tokens, ops.mul(tokens, 2)));
        Path data = Files.writeString(folder.resolve("data.ids"), "5 6 7\n8 9\n");
        assertTrue(refusal(model, data).contains("--pool"));
        float[] found = embedded(model, data, "--pool", "cls", "--length", "4");
        Map<String, OnnxTensor> fed = Map.of(
                "input_ids",
                        OnnxTensor.createTensor(
                                OrtEnvironment.getEnvironment(),
                                IntBuffer.wrap(new int[] {5, 6, 7, 0}),
                                new long[] {1, 4}),
                "attention_mask",
                        OnnxTensor.createTensor(
                                OrtEnvironment.getEnvironment(),
                                LongBuffer.wrap(new long[] {1, 1, 1, 0}),
                                new long[] {1, 4}),
                "position_ids",
                        OnnxTensor.createTensor(
                                OrtEnvironment.getEnvironment(),
                                IntBuffer.wrap(new int[] {0, 1, 2, 3}),
                                new long[] {1, 4}));
        float[] all = direct(model, fed);
        assertArrayEquals(new float[] {all[0], all[1]}, found);
        float[] mean = embedded(model, data, "--pool", "mean", "--length", "3");
        assertArrayEquals(new float[] {(5 + 106 + 207) / 3f, 2 * (5 + 106 + 207) / 3f}, mean, 1e-4f);

        assertArrayEquals(mean, embedded(model, data, "--pool", "mean", "--length", "5"), 1e-4f);
        float all5 = (5 + 106 + 207 + 300 + 400) / 5f;
        float[] padded = embedded(model, data, "--pool", "padded-mean", "--length", "5");
        assertArrayEquals(new float[] {all5, 2 * all5}, padded, 1e-4f);

        Path texts = Files.writeString(folder.resolve("data.txt"), "a text\n");
        assertTrue(refusal(model, texts, "--pool", "cls").contains("its own tokenizer"));
    }

    @Test
    void waveformsWithoutAnAxisOfChannelsAreFedAsTheyAre() throws IOException, OrtException {
        Value wave = input("wave", ElementType.FLOAT, "n", 500);
        Path model = write(List.of(wave), new Ops().mul(wave, 3));
        Path data = shared.resolve("signals/test");
        float[] found = embedded(model, data);
        Signal signal = Signal.decode(Files.readAllBytes(first(data)), "first").mono();
        float[] middle = signal.middle(500, new float[1])[0];
        assertArrayEquals(direct(model, Map.of("wave", floats(middle, 1, 500))), found);
    }

    @Test
    void aTableGoesInAsItIsInTheFilesTypeAndBatches() throws IOException, OrtException {
        Path data = shared.resolve("vectors/test.csv");
        Path plain = Networks.write(folder.resolve("plain.onnx"), new Mlp(6, 2), "row", ElementType.FLOAT, 160);
        String[] cells = Files.readAllLines(data).get(1).split(",", -1);
        float[] row = new float[160];
        for (int i = 0; i < row.length; i++) {
            row[i] = Float.parseFloat(cells[i]);
        }
        assertArrayEquals(
                direct(plain, Map.of("row", floats(row, 1, 160))),
                embedded(plain, data, "--columns", columns(data)),
                1e-5f);

        Value doubles = input("row", ElementType.DOUBLE, 3, 160);
        Path fixed = write(
                List.of(doubles),
                new Ops().cast(new Ops().mul(new Ops().cast(doubles, ElementType.FLOAT), 2), ElementType.FLOAT16));
        float[] found = embedded(fixed, data, "--columns", columns(data));
        assertEquals(160, found.length);
        assertEquals(11, Files.readAllLines(folder.resolve("vectors.csv")).size());
        for (int i = 0; i < row.length; i++) {
            assertEquals(2 * row[i], found[i], Math.abs(row[i]) / 500);
        }
    }

    private static String columns(Path data) throws IOException {
        String header = Files.readAllLines(data).get(0);
        return header.substring(0, header.lastIndexOf(','));
    }

    @Test
    void whatDoesNotFitIsRefusedInOneLine() throws IOException {
        Path pictures = FILES.resolve("residual.onnx");
        assertTrue(refusal(pictures, shared.resolve("vectors/test.csv"))
                .contains("takes input float[?,3,16,16], the data are vectors, expected pictures"));
        Value wave = input("wave", ElementType.FLOAT, 9, "n", 500);
        Path second = write(List.of(wave), wave);
        assertTrue(refusal(second, shared.resolve("signals/test")).contains("expected the batch first"));
        Value a = input("a", ElementType.FLOAT, "n", 4);
        Value b = input("b", ElementType.FLOAT, "n", 4);
        Path two = write(List.of(a, b), new Ops().add(a, b));
        assertTrue(
                refusal(two, shared.resolve("vectors/test.csv")).contains("takes 2 inputs, a, b: expected one input"));
        assertTrue(refusal(pictures, shared.resolve("pictures/test"), "--output", "nothing")
                .contains("expected one of [features]"));
        assertTrue(refusal(pictures, shared.resolve("pictures/test"), "--preprocess", "clip", "--std", "1,1,1")
                .contains("leave either out"));
    }
}

package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import dev.vicreg.runtime.EmbedProbe;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Needs a GPU: {@code mvn -Pcuda -Dtest.excluded.groups= …}; skipped with the reason where there is none. */
@Tag("gpu")
class CudaTest {
    private static final Device CUDA = Device.parse("cuda");
    private static final int SIZE = 32;
    private static final int WIDTH = 32;
    private static final List<Float> MEAN = List.of(0.5f, 0.4f, 0.3f);
    private static final List<Float> DEVIATION = List.of(0.25f, 0.25f, 0.3f);

    @TempDir
    static Path folder;

    private static Path encoder;
    private static List<Picture> pictures;

    @BeforeAll
    static void requireGpu() throws IOException {
        assumeTrue(NativeLibraries.load().hasCudaProvider(), "not built with -Pcuda");
        String missing = NativeLibraries.load().cuda().missing();
        assumeTrue(missing == null, missing);
        encoder = writeEncoder(folder.resolve("encoder.onnx"));
        var random = new Random(1);
        pictures = new ArrayList<>();
        for (int i = 0; i < 150; i++) { // two full batches and a part
            byte[] rgb = new byte[SIZE * SIZE * 3];
            random.nextBytes(rgb);
            pictures.add(new Picture(SIZE, SIZE, rgb));
        }
    }

    /** Two convolutions with ReLU and a mean: cuDNN, elementwise kernels and a reduction. */
    private static Path writeEncoder(Path file) throws IOException {
        var ops = new Ops();
        var shape = new Shape(List.of(Dim.symbol("N"), Dim.of(SIZE), Dim.of(SIZE), Dim.of(3)));
        Value image = Value.input("image", new TensorType(ElementType.UINT8, shape));
        Value x = Layers.normalisePictures(ops, image, MEAN, DEVIATION);
        x = ops.relu(ops.conv(x, weights(ops, 2, WIDTH, 3), null, Ops.window(3, 1, 1)));
        x = ops.relu(ops.conv(x, weights(ops, 3, WIDTH, WIDTH), null, Ops.window(3, 2, 1)));
        Value embedding = ops.reduceMean(x, false, 2, 3);
        var manifest = new Manifest(
                1, "test", "two-convolutions", Input.pictures(SIZE, MEAN, DEVIATION), WIDTH, 0, "none", Map.of());
        Graph graph = Graph.of("encoder", List.of(image), Map.of("embedding", embedding));
        return Files.write(file, OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson())));
    }

    private static Value weights(Ops ops, long seed, int out, int in) {
        float[] values = new float[out * in * 9];
        var random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.sqrt(2.0 / (9 * in)));
        }
        return ops.constant(Tensor.of(Shape.of(out, in, 3, 3), values));
    }

    private static float[][] embed(Device device) throws IOException {
        try (EmbeddingModel model = EmbeddingModel.load(encoder, device, 1)) {
            return model.embedPictures(pictures);
        }
    }

    static Stream<CudaOptions> float32Options() {
        return Stream.of(
                CudaOptions.DEFAULTS,
                new CudaOptions(0, false, false, CudaOptions.HEURISTIC),
                new CudaOptions(0, true, false, CudaOptions.DEFAULT),
                new CudaOptions(1L << 30, false, false, CudaOptions.EXHAUSTIVE));
    }

    @ParameterizedTest
    @MethodSource("float32Options")
    void vectorsEqualTheCpus(CudaOptions options) throws IOException {
        assertClose(embed(Device.CPU), embed(CUDA.with(options)), 1e-4f); // values near 1; an expectation, not measured
    }

    @Test
    void tf32StaysWithinItsTenBits() throws IOException {
        float[][] cpu = embed(Device.CPU);
        assertClose(cpu, embed(CUDA.with(new CudaOptions(0, false, true, CudaOptions.EXHAUSTIVE))), 2e-2f); // 10 bits
    }

    @Test
    void deterministicModeRepeatsEveryBit() throws IOException {
        Device device = CUDA.with(new CudaOptions(0, true, false, CudaOptions.DEFAULT));
        float[][] first = embed(device);
        for (int run = 0; run < 3; run++) {
            assertClose(first, embed(device), 0);
        }
    }

    /** The official natives may need another CUDA release than those with training. */
    @Test
    void stockNativesServeTheSameVectors() throws Exception {
        String output = ForkedJvm.start(
                        EmbedProbe.class,
                        NativeLibrariesTest::isTrainingJar,
                        Map.of(),
                        "-Dprobe.encoder=" + encoder,
                        "-Dprobe.device=cuda")
                .waitFor()
                .output();
        assumeFalse(output.contains("not found, needed by"), output);
        assertTrue(output.contains("training false"), output);
        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            float[] expected = model.embedPictures(List.of(EmbedProbe.picture(SIZE)))[0];
            assertArrayEquals(expected, vector(output), 1e-4f, output);
        }
    }

    private static float[] vector(String output) {
        String line = output.lines()
                .filter(text -> text.startsWith("vector ["))
                .findFirst()
                .orElseThrow(() -> new AssertionError(output));
        String[] numbers =
                line.substring("vector [".length(), line.length() - 1).split(", ", -1);
        float[] vector = new float[numbers.length];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = Float.parseFloat(numbers[i]);
        }
        return vector;
    }

    @Test
    void autoIsTheFirstGpu() {
        assertEquals(CUDA, OrtSessions.resolve(Device.AUTO));
    }

    @Test
    void gpuThatIsNotThereIsNamed() {
        var e = assertThrows(IllegalStateException.class, () -> OrtSessions.options(Device.parse("cuda:99"), 1));
        assertTrue(String.valueOf(e.getMessage()).startsWith("Cannot use device cuda:99: "), e.getMessage());
    }

    @Test
    void callsFromManyThreadsDoNotDisturbEachOther() throws Exception {
        float[][] expected = embed(CUDA);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (EmbeddingModel model = EmbeddingModel.load(encoder, CUDA, 1)) {
            var calls = new ArrayList<Callable<float[][]>>();
            for (int i = 0; i < 32; i++) {
                List<Picture> some = pictures.subList(i, i + 20);
                calls.add(() -> model.embedPictures(some));
            }
            List<Future<float[][]>> results = threads.invokeAll(calls);
            for (int i = 0; i < results.size(); i++) {
                float[][] found = results.get(i).get();
                for (int row = 0; row < found.length; row++) {
                    assertArrayEquals(expected[i + row], found[row], 1e-4f);
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static void assertClose(float[][] expected, float[][] found, float tolerance) {
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            assertArrayEquals(expected[i], found[i], tolerance, "picture " + i);
        }
    }
}

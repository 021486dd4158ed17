package dev.vicreg.training.step.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.encoder.ResNet;
import dev.vicreg.models.encoder.VisionTransformer;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VicReg;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.ViewInput;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes float16, what stays float32, and what that does to the gradients. */
class MixedPrecisionTest {
    static final int BATCH = 16;
    private static final Set<OpType> PRODUCTS = EnumSet.of(OpType.CONV, OpType.CONV_GRAD, OpType.GEMM, OpType.MAT_MUL);

    /** A step of that network and its kind of views. */
    static TrainingGraph.Built built(String network) throws IOException {
        ViewInput pictures = new ViewInput.Pictures(16, List.of(0.5f, 0.5f, 0.5f), List.of(0.5f, 0.5f, 0.5f));
        Projector projector = new Projector(List.of(24, 16), Projector.Ending.WITHOUT_BIAS);
        return switch (network) {
            case "resnet" -> built(pictures, new ResNet(ResNet.Layout.RESNET18, 4, ResNet.Stem.SMALL), projector);
            case "vit" -> built(pictures, new VisionTransformer(4, 24, 2, 3, Pooling.CLS), projector);
            default -> {
                if (Encoders.names().contains(network)) {
                    int width = network.startsWith("vit") ? 12 : 8;
                    Encoder encoder = Encoders.of(network, new Encoders.Spec(width, 32, 40, EncoderOptions.NONE));
                    yield built(input(Encoders.input(network)), encoder, projector);
                }
                OnnxEncoder encoder = imported(network);
                ViewInput input = new ViewInput.AsFed(encoder.inputName(), encoder.type(Dim.symbol("N")));
                yield built(input, encoder, projector);
            }
        };
    }

    private static ViewInput input(Encoders.Input kind) {
        return switch (kind) {
            case PICTURES -> new GoldenNet.Floats(3, 32, 32);
            case SIGNALS -> new GoldenNet.Floats(2, 64);
            case VECTORS -> new GoldenNet.Floats(5);
            case SEQUENCES ->
                new ViewInput.AsFed(
                        "ids", new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.of(12)))));
        };
    }

    /** One of each kind. */
    static Stream<String> networks() {
        return Stream.of(
                        "resnet10 resnet50 resnet1d vit-tiny convnext-tiny mobilenetv3-large efficientnet-b0 mlp textcnn",
                        "residual depthwise patches tokens windows lstm gru updown text signal")
                .flatMap(names -> Stream.of(names.split(" ")));
    }

    /**
     * ONNX Runtime takes the graph's types, and the loss is float32's to float16's digits: measured, at most 0.0032 (resnet50).
     */
    @ParameterizedTest
    @MethodSource("networks")
    void everyNetworkComputesInFloat16(String network) throws IOException {
        TrainingGraph.Built built = built(network);
        new GraphRunner(Lowering.NONE.write(built.step())).close();
        Graph plain = Graph.of(
                "loss",
                built.training().inputs(),
                Map.of("l", Objects.requireNonNull(built.training().outputs().get("loss"))));
        Map<String, Tensor> fed = new LinkedHashMap<>(built.initialState(3));
        for (Value input : built.training().inputs().subList(0, 2)) {
            fed.put(String.valueOf(input.name()), views(input, fed.size()));
        }
        float expected =
                Objects.requireNonNull(GraphRunner.run(plain, fed).get("l")).floats()[0];
        Graph half = Lowering.cpu(1, 0).apply(MixedPrecision.apply(plain));
        float found =
                Objects.requireNonNull(GraphRunner.run(half, fed).get("l")).floats()[0];
        assertEquals(expected, found, 0.005 * expected);
        assertNotEquals(expected, found, "nothing was rounded");
    }

    private static OnnxEncoder imported(String file) throws IOException {
        try {
            Path path = Path.of(
                    Objects.requireNonNull(MixedPrecisionTest.class.getResource("/golden/imported/" + file + ".onnx"))
                            .toURI());
            return OnnxEncoder.read(
                    path,
                    List.of(),
                    new OnnxEncoder.Settings(
                            "",
                            file.equals("tokens") ? Pooling.MEAN : Pooling.NONE,
                            OnnxEncoder.BatchNorms.TRAIN,
                            OnnxEncoder.Dropout.OFF));
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static TrainingGraph.Built built(ViewInput input, Encoder encoder, Projector projector) {
        return TrainingGraph.build(TrainingGraph.Spec.shared(
                        Branch.first(input, encoder, projector),
                        new VicReg(VicReg.Variant.OFFICIAL, 25, 25, 1),
                        new Sgd(0.9f, 1e-4f),
                        TrainingGraph.NoDecay.NONE,
                        BATCH)
                .with(new LossScaling(16, 2000)));
    }

    private static ElementType element(Value value) {
        return value.type().element();
    }

    private static boolean isLossOrUpdate(Node node) {
        return node.scope().matches("(grad\\.)?(loss|update|input)(\\..*)?");
    }

    private static List<Node> casts(Graph graph, ElementType to) {
        return graph.nodes().stream()
                .filter(node -> node.op() == OpType.CAST)
                .filter(node -> node.input(0).type().element().isFloatingPoint())
                .filter(node -> element(node.output(0)) == to)
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"resnet", "vit", "residual-training", "tokens"})
    void productsAreFloat16StatisticsAndLossFloat32(String network) throws IOException {
        Graph mixed = built(network).step().graph();
        int products = 0;
        for (Node node : mixed.nodes()) {
            if (PRODUCTS.contains(node.op())) {
                ElementType expected = isLossOrUpdate(node) ? ElementType.FLOAT : ElementType.FLOAT16;
                assertEquals(expected, element(node.output(0)), node.toString());
                products++;
            }
            if (node.op() == OpType.BATCH_NORM_TRAINING) {
                assertEquals(ElementType.FLOAT16, element(node.input(0)), node.toString());
                for (int i = 1; i < 5; i++) {
                    assertEquals(ElementType.FLOAT, element(node.input(i)), node.toString());
                    assertEquals(ElementType.FLOAT, element(node.output(i)), node.toString());
                }
            }
            if (node.op() == OpType.BATCH_NORMALIZATION_GRAD) {
                assertEquals(ElementType.FLOAT16, element(node.output(0)), node.toString());
                assertEquals(ElementType.FLOAT, element(node.output(1)), node.toString());
            }
            if (node.op() == OpType.SOFTMAX || node.op() == OpType.LAYER_NORMALIZATION || isLossOrUpdate(node)) {
                node.inputs()
                        .forEach(input -> assertFalse(
                                input != null && element(input) == ElementType.FLOAT16 && node.op() != OpType.CAST,
                                node + " reads " + input));
            }
        }
        assertTrue(products > 20, products + " products"); // the loop above has met something
        mixed.inputs().forEach(input -> assertFalse(element(input) == ElementType.FLOAT16, input.toString()));
        mixed.outputs().values().forEach(output -> assertFalse(element(output) == ElementType.FLOAT16));
    }

    /** A value is cast once, and what came from a cast is not cast back. */
    @ParameterizedTest
    @ValueSource(strings = {"resnet", "vit", "residual-training", "tokens"})
    void noValueIsCastTwice(String network) throws IOException {
        Graph mixed = built(network).step().graph();
        Map<Value, Node> seen = new HashMap<>();
        for (ElementType to : List.of(ElementType.FLOAT16, ElementType.FLOAT)) {
            for (Node cast : casts(mixed, to)) {
                Node producer = cast.input(0).producer();
                assertFalse(
                        producer != null
                                && producer.op() == OpType.CAST
                                && producer.input(0).type().element().isFloatingPoint(),
                        cast + " of a cast");
                Node before = seen.put(cast.input(0), cast);
                assertTrue(before == null, () -> cast + " and " + before);
            }
        }
    }

    /**
     * In a residual network: both views and every weight of a product go in, and the gradients of both projections; both
     * projections come out, and each branch's gradient of each weight. The first layer of the projector has a bias, which
     * goes in; its gradient is summed in float32.
     */
    @Test
    void castsOfAResidualNetworkAreThoseThatItNeeds() throws IOException {
        TrainingGraph.Built built = built("resnet");
        long weights = built.gradients().keySet().stream()
                .filter(parameter -> parameter.shape().rank() > 1)
                .count();
        assertEquals(22, weights);
        long biases = 1;
        Graph mixed = built.step().graph();
        assertEquals(2 + weights + biases + 2, casts(mixed, ElementType.FLOAT16).size());
        assertEquals(
                2 + 2 * weights + 2 * biases, casts(mixed, ElementType.FLOAT).size());
    }

    /** What takes the memory and the time: every map of a residual network, forwards and backwards. */
    @Test
    void mapsOfAResidualNetworkAreFloat16() throws IOException {
        List<Value> maps = built("resnet").step().graph().nodes().stream()
                .filter(node -> !isLossOrUpdate(node))
                .flatMap(node -> node.outputs().stream())
                .filter(value -> value.shape().rank() == 4 && value.shape().size(0) == BATCH)
                .filter(value -> value.shape().size(2) % 2 == 0) // weights have 1 or 3 there
                .toList();
        assertTrue(maps.size() > 200, maps.size() + " maps");
        assertEquals(
                List.of(),
                maps.stream().filter(map -> element(map) != ElementType.FLOAT16).toList());
    }

    /** Branches' gradients of a weight are added in float32: the sum of two that just fit need not fit. */
    @Test
    void gradientsOfBranchesAreAddedInFloat32() throws IOException {
        Graph mixed = built("resnet").step().graph();
        List<Node> sums = mixed.nodes().stream()
                .filter(node -> node.op() == OpType.ADD
                        && node.scope().startsWith("grad.encoder")
                        && producerIs(node, OpType.CAST))
                .toList();
        assertEquals(20, sums.size(), "one for each convolution");
        sums.forEach(sum -> assertEquals(ElementType.FLOAT, element(sum.output(0))));
    }

    private static boolean producerIs(Node node, OpType op) {
        Node producer = node.input(0).producer();
        return producer != null && producer.op() == op;
    }

    /** A small factor such as LayerScale's 1e-6 has 1 or 2 digits in float16; a small summand does no harm. */
    @Test
    void parametersThatMultiplyStayFloat32() throws IOException {
        for (Node node : built("vit").step().graph().nodes()) {
            if (node.op() == OpType.MUL && element(node.output(0)) == ElementType.FLOAT16) {
                node.inputs()
                        .forEach(input -> assertFalse(
                                input != null && producer(input, OpType.CAST) && isParameter(input), node.toString()));
            }
        }
    }

    private static boolean producer(Value value, OpType op) {
        Node producer = value.producer();
        return producer != null && producer.op() == op;
    }

    private static boolean isParameter(Value cast) {
        Node producer = cast.producer();
        return producer != null && producer.input(0).isInput();
    }

    /**
     * Each gradient against float32's, by the norm of the difference. Measured at most: vit 0.0097, tokens 0.0037,
     * residual-training 0.048, resnet 0.27. Where there are ReLUs, rounding moves activations across their kinks, which
     * costs about the root of the share that moves in every layer; PyTorch's autocast differs as much from its own float32
     * (0.055 for one block, see {@link #roundingCostsAsMuchAsInPyTorch})
     */
    @ParameterizedTest
    @CsvSource({"resnet, 0.35", "vit, 0.015", "residual-training, 0.06", "tokens, 0.006"})
    void gradientsAreThoseOfFloat32ToFloat16sDigits(String network, double tolerance) throws IOException {
        TrainingGraph.Built built = built(network);
        Map<String, Value> outputs = new LinkedHashMap<>();
        built.gradients().forEach((parameter, gradient) -> outputs.put("grad." + parameter.name(), gradient));
        Graph plain = Graph.of("gradients", built.training().inputs(), outputs);
        Map<String, Tensor> fed = new LinkedHashMap<>(built.initialState(3));
        for (Value input : built.training().inputs().subList(0, 2)) {
            fed.put(String.valueOf(input.name()), views(input, fed.size()));
        }
        Map<String, Double> errors = errors(plain, fed);
        assertTrue(errors.size() > 10);
        errors.forEach((name, error) -> assertTrue(error < tolerance, name + " differs by " + error));
        assertTrue(errors.values().stream().anyMatch(error -> error > 1e-5), "nothing was rounded");
    }

    /** Of each output in mixed precision, relative to the norm in float32; without those that are zero but for rounding. */
    private static Map<String, Double> errors(Graph plain, Map<String, Tensor> fed) {
        Map<String, Tensor> expected = GraphRunner.run(plain, fed);
        Map<String, Tensor> found = GraphRunner.run(Lowering.cpu(1, 0).apply(MixedPrecision.apply(plain)), fed);
        double largest = expected.values().stream()
                .mapToDouble(tensor -> norm(tensor.floats()))
                .max()
                .orElseThrow();
        Map<String, Double> errors = new LinkedHashMap<>();
        expected.forEach((name, tensor) -> {
            double norm = norm(tensor.floats());
            if (norm > 1e-5 * largest) { // a bias before a norm has a gradient of zero
                errors.put(
                        name,
                        distance(
                                        tensor.floats(),
                                        Objects.requireNonNull(found.get(name)).floats())
                                / norm);
            }
        });
        return errors;
    }

    /**
     * The same network, parameters and views in PyTorch: {@code golden/half.py}. Both round in the same places, so that
     * the same activations cross a kink; the errors differ by at most 3 % of them, measured.
     */
    @Test
    void roundingCostsAsMuchAsInPyTorch() throws IOException {
        JsonNode theirs;
        try (InputStream in = MixedPrecisionTest.class.getResourceAsStream("/golden/half.json")) {
            theirs = new ObjectMapper().readTree(in).get("gradient_errors");
        }
        TrainingGraph.Built built = TrainingGraph.build(
                GoldenNet.spec(new Sgd(0.9f, 1e-4f), TrainingGraph.NoDecay.NONE).with(new LossScaling(1024, 2000)));
        Map<String, Tensor> fed = new LinkedHashMap<>(GoldenNet.initialState(built));
        List<Tensor> views = GoldenNet.views(new Lcg(11));
        fed.put(TrainingGraph.VIEW_A, views.get(0));
        fed.put(TrainingGraph.VIEW_B, views.get(1));
        Map<String, Value> outputs = new LinkedHashMap<>();
        built.gradients().forEach((parameter, gradient) -> outputs.put("grad." + parameter.name(), gradient));
        Map<String, Double> ours = errors(Graph.of("gradients", built.training().inputs(), outputs), fed);
        assertEquals(theirs.size(), ours.size());
        theirs.fieldNames().forEachRemaining(name -> {
            double expected = theirs.get(name).asDouble();
            assertEquals(expected, ours.get("grad." + GoldenNet.NAMES.get(name)), 0.05 * expected, name);
        });
    }

    static Tensor views(Value input, int seed) {
        Lcg random = new Lcg(seed);
        if (element(input) == ElementType.FLOAT) {
            return random.tensor(1, input.shape().toArray());
        }
        if (element(input) == ElementType.INT64) { // ids of a vocabulary of 40
            double[] values = random.doubles((int) input.shape().elements());
            long[] ids = Arrays.stream(values)
                    .mapToLong(value -> (long) (20 * (value + 1)))
                    .toArray();
            return new Tensor(input.type(), Tensor.ofLongs(ids).data());
        }
        byte[] bytes = new byte[(int) input.shape().elements()];
        double[] values = random.doubles(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (int) (127.5 * (values[i] + 1));
        }
        return new Tensor(input.type(), bytes);
    }

    private static double norm(float[] values) {
        return distance(values, new float[values.length]);
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    /** Kernels of the CUDA library, as its symbols name them; those without types take any. */
    @Test
    void everyOperatorThatBecomesFloat16HasAKernelOnCuda() throws IOException {
        Map<String, String> kernels = new HashMap<>();
        try (InputStream in = MixedPrecisionTest.class.getResourceAsStream("/half-kernels.txt")) {
            assertNotNull(in);
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(line -> kernels.put(line.substring(0, line.indexOf(' ')), line));
        }
        for (OpType half : MixedPrecision.halfOperators()) {
            OpType op = half == OpType.BATCH_NORM_TRAINING ? OpType.BATCH_NORM_INTERNAL : half; // as it is lowered
            String kernel = current(kernels.getOrDefault(op.onnxName(), "none"));
            boolean norm = op.onnxName().startsWith("BatchNorm");
            assertTrue(
                    kernel.matches("[0-9-]+")
                            || kernel.contains(norm ? "MLFloat16_float_float" : "MLFloat16")
                            || (op == OpType.SLICE && kernel.contains("int64_t")),
                    op + ": " + kernel);
        }
    }

    /** The part of a line that is for this project's opset, its newest version up to that: {@code 11-21 [MLFloat16 float]}. */
    private static String current(String line) {
        boolean standard = line.contains("kOnnxDomain");
        return Arrays.stream(line.replaceFirst("^\\S+ \\S+ ", "").split("; "))
                .filter(version -> !standard || first(version) <= OpType.ONNX_OPSET)
                .max(Comparator.comparingInt(MixedPrecisionTest::first))
                .orElseThrow(() -> new AssertionError(line));
    }

    private static int first(String version) {
        return Integer.parseInt(version.replaceFirst("[- ].*", ""));
    }
}

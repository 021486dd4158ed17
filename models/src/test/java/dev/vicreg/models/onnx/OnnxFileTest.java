package dev.vicreg.models.onnx;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.ops.Ops;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxFileTest {
    @TempDir
    Path folder;

    private static final TensorType ROWS =
            new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(3))));
    private final Value x = Value.input("x", ROWS);
    private final Ops ops = new Ops().scope("layer.0");

    /** Every kind of attribute, constants shared and named, an input that is an output, a value that is one twice. */
    private Graph variety() {
        Value named = Value.constant("layer.0.weight", Tensor.of(Shape.of(3), 1, 2, 3));
        Value sum = ops.add(ops.mul(x, named), ops.add(ops.constant(2), ops.constant(2)));
        Value gathered = ops.slice(sum, 1, 0, 2, 1);
        Attributes odd = Attributes.NONE
                .with("an_integer", -7L)
                .with("a_real", 0.1f)
                .with("a_string", "größe")
                .with("integers", 1L, Long.MIN_VALUE)
                .with("reals", 1.5f, Float.NaN)
                .with("a_tensor", Tensor.ofLongs(5, 6));
        Value marked = ops.node(OpType.IDENTITY, List.of(gathered), odd).output(0);
        Value pooled = ops.maxPool(ops.reshape(sum, 0, 1, 3, 1), Attributes.NONE.with("kernel_shape", 1L, 1L))
                .output(0);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("marked", marked);
        outputs.put("again", marked);
        outputs.put("pooled", pooled);
        outputs.put("echo", x);
        return Graph.of("variety", List.of(x), outputs);
    }

    private static Graph resNet() {
        Parameters parameters = new Parameters();
        TensorType type = new TensorType(
                ElementType.UINT8, new Shape(List.of(Dim.symbol("N"), Dim.of(32), Dim.of(32), Dim.of(3))));
        Value image = Value.input("image", type);
        Layers layers = Layers.forInference(parameters);
        Value pictures = Layers.normalisePictures(layers.ops(), image, List.of(.5f, .4f, .3f), List.of(.2f, .2f, .2f));
        Value representation =
                Encoders.of("resnet18", new Encoders.Spec(8, 32)).build(layers.scope("encoder"), pictures);
        List<Value> inputs = new ArrayList<>(List.of(image));
        parameters.all().stream().map(Parameter::value).forEach(inputs::add);
        return Graph.of("eval", inputs, Map.of("representation", representation));
    }

    private static OnnxFile.Model parsed(byte[] bytes) throws IOException {
        return OnnxFile.parse(bytes, "model.onnx");
    }

    @Test
    void readingAndWritingGivesTheSameBytes() throws IOException {
        for (Graph graph : List.of(variety(), resNet())) {
            byte[] once = OnnxFile.bytes(graph, Map.of("key", "value, größe"));
            OnnxFile.Model model = parsed(once);
            assertEquals("value, größe", model.metadata().get("key"));
            assertArrayEquals(once, OnnxFile.bytes(model.graph(), model.metadata()));
        }
    }

    @Test
    void namesShapesScopesAndDataSurvive() throws IOException {
        Graph read = parsed(OnnxFile.bytes(variety(), Map.of())).graph();
        assertEquals(
                List.of("marked", "again", "pooled", "echo"),
                List.copyOf(read.outputs().keySet()));
        assertEquals("x float[N,3]", read.inputs().get(0).toString());
        Node mul = read.nodes().get(0);
        assertEquals("layer.0", mul.scope());
        assertEquals("layer.0.weight", mul.input(1).name());
        assertEquals(Tensor.of(Shape.of(3), 1, 2, 3), mul.input(1).constant());
        Node marked = requireNonNull(read.output("marked").producer());
        assertEquals(-7, marked.attributes().integer("an_integer", 0));
        assertEquals(0.1f, marked.attributes().real("a_real", 0));
        assertEquals("größe", marked.attributes().string("a_string", ""));
        assertArrayEquals(new long[] {1, Long.MIN_VALUE}, marked.attributes().integers("integers"));
    }

    @Test
    void standardGraphsPassOnnxsChecker() throws IOException {
        OnnxChecker.check(OnnxFile.bytes(resNet(), Map.of("vicreg.manifest", "{}")), folder);
        OnnxChecker.check(OnnxFile.bytes(resNet(), Map.of(), 17), folder);
        byte[] unknown = OnnxFile.bytes(variety(), Map.of()); // Identity has no attributes
        assertThrows(RuntimeException.class, () -> OnnxChecker.check(unknown, folder));
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 18, 21})
    void anOpsetIsDeclaredWithTheIrThatRuntimesOfItsTimeRead(int opset) throws IOException {
        ModelProto model = ModelProto.parseFrom(OnnxFile.bytes(resNet(), Map.of(), opset));
        assertEquals(1, model.getOpsetImportCount(), "no operator set is declared without need");
        assertEquals(opset, model.getOpsetImport(0).getVersion());
        assertEquals(opset == 21 ? 10 : 8, model.getIrVersion());
    }

    @Test
    void smallEqualConstantsAreWrittenOnce() throws IOException {
        Value sum = x;
        for (int i = 0; i < 5; i++) {
            sum = ops.add(sum, ops.constant(3));
        }
        ModelProto model = ModelProto.parseFrom(OnnxFile.bytes(Graph.of("g", List.of(x), Map.of("y", sum)), Map.of()));
        assertEquals(1, model.getGraph().getInitializerCount());
    }

    @Test
    void namesOfConstantsAreNotGivenToOthersBeforeThem() throws IOException {
        Value first = ops.add(x, ops.constant(3)); // would be constant_0
        Value second = ops.mul(first, Value.constant("constant_0", Tensor.scalar(5)));
        ModelProto model =
                ModelProto.parseFrom(OnnxFile.bytes(Graph.of("g", List.of(x), Map.of("y", second)), Map.of()));
        assertEquals(
                List.of("constant_1", "constant_0"),
                model.getGraph().getInitializerList().stream()
                        .map(TensorProto::getName)
                        .toList());
    }

    @Test
    void unreadGradientsOfAConvolutionAreLeftOut() throws IOException {
        Value dy = Value.input("dy", new TensorType(ElementType.FLOAT, Shape.of(2, 4, 8, 8)));
        Value images = Value.input("images", new TensorType(ElementType.FLOAT, Shape.of(2, 3, 8, 8)));
        Value w = Value.input("w", new TensorType(ElementType.FLOAT, Shape.of(4, 3, 3, 3)));
        Value dw = ops.node(OpType.CONV_GRAD, List.of(dy, images, w), Ops.window(3, 1, 1))
                .output(1);
        byte[] bytes = OnnxFile.bytes(Graph.of("g", List.of(dy, images, w), Map.of("dw", dw)), Map.of());
        assertEquals(
                List.of("", "dw"),
                ModelProto.parseFrom(bytes).getGraph().getNode(0).getOutputList());
        Graph read = parsed(bytes).graph();
        assertEquals(Shape.of(4, 3, 3, 3), read.output("dw").shape());
    }

    @Test
    void twoInputsOfOneNameAreRefused() {
        Value other = Value.input("x", ROWS);
        Graph graph = Graph.of("g", List.of(x, other), Map.of("y", ops.add(x, other)));
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> OnnxFile.bytes(graph, Map.of()));
        assertEquals("Graph g has two values named x", e.getMessage());
    }

    @Test
    void operatorsThatMustBeLoweredAreNotWritten() {
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(2)));
        Graph graph = Graph.of("pure", List.of(x), Map.of("y", ops.detach(x)));
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> OnnxFile.bytes(graph, Map.of()));
        assertEquals(
                "Graph pure: Detach at layer.0 is no operator of ONNX Runtime: lower the graph before it is written",
                e.getMessage());
    }

    @Test
    void initializersInTypedFieldsAreRead() throws IOException {
        GraphProto.Builder graph = GraphProto.newBuilder();
        graph.addInitializer(TensorProto.newBuilder()
                .setName("reals")
                .setDataType(ElementType.FLOAT.code())
                .addDims(2)
                .addFloatData(1.5f)
                .addFloatData(-2));
        graph.addInitializer(TensorProto.newBuilder()
                .setName("bytes")
                .setDataType(ElementType.UINT8.code())
                .addDims(1)
                .addInt32Data(200));
        graph.addOutputBuilder().setName("reals");
        graph.addOutputBuilder().setName("bytes");
        byte[] bytes = ModelProto.newBuilder().setGraph(graph).build().toByteArray();
        Graph read = parsed(bytes).graph();
        assertEquals(Tensor.of(Shape.of(2), 1.5f, -2), read.output("reals").constant());
        assertArrayEquals(
                new byte[] {(byte) 200},
                requireNonNull(read.output("bytes").constant()).data());
    }

    private String failure(byte[] bytes) {
        String message = String.valueOf(
                assertThrows(IOException.class, () -> parsed(bytes)).getMessage());
        assertFalse(message.contains("\n"), message);
        assertTrue(message.contains("model.onnx"), message);
        return message;
    }

    private static byte[] replaced(byte[] bytes, String from, String to) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains(from) && from.length() == to.length());
        return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void unreadableFilesAreExplainedInOneLine() throws IOException {
        Value relu = ops.relu(x);
        byte[] bytes = OnnxFile.bytes(Graph.of("g", List.of(x), Map.of("y", ops.sqrt(relu))), Map.of());
        assertTrue(failure(replaced(bytes, "\u0004Sqrt", "\u0004Squt"))
                .endsWith("operator Squt at node layer.0/Sqrt_0 is not supported: name a value before it with `output`"
                        + " NAME, or export the network with other operators"));
        assertTrue(failure(replaced(bytes, "Relu_0_output_0\u0012", "Relu_0_output_9\u0012"))
                .contains("read by node layer.0/Sqrt_0, is neither an input nor an initialiser, and no node"));
        assertTrue(failure(new byte[0]).contains("holds no graph"));
        assertTrue(failure("no model at all".getBytes(StandardCharsets.UTF_8)).contains("is not an ONNX model"));
        assertTrue(failure(Arrays.copyOf(bytes, bytes.length / 2)).contains("truncated"));
    }

    @Test
    void missingFileIsNamed() {
        Path file = folder.resolve("no.onnx");
        NoSuchFileException e = assertThrows(NoSuchFileException.class, () -> OnnxFile.read(file));
        assertEquals("No ONNX file at " + file, e.getMessage());
    }

    @Test
    void announcedDataThatAreNotThereAreRefusedBeforeMemoryIsTaken() {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName("w").setDataType(ElementType.FLOAT.code());
        for (long size : new long[] {500_000_000, Integer.MAX_VALUE, Long.MAX_VALUE}) {
            GraphProto.Builder graph = GraphProto.newBuilder();
            graph.addInitializer(tensor.clone().addDims(size).addDims(3));
            graph.addOutputBuilder().setName("w");
            byte[] bytes = ModelProto.newBuilder().setGraph(graph).build().toByteArray();
            String message = failure(bytes);
            assertTrue(message.contains("tensor w"), message);
        }
    }

    @Test
    void damagedFilesNeverDoMoreThanAnIOException() throws IOException {
        byte[] bytes = OnnxFile.bytes(variety(), Map.of("key", "value"));
        SplittableRandom random = new SplittableRandom(1);
        int refused = 0;
        for (int round = 0; round < 6000; round++) {
            byte[] damaged = round < bytes.length ? Arrays.copyOf(bytes, round) : bytes.clone();
            for (int flips = round < bytes.length ? 0 : 1 + random.nextInt(4); flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            try {
                parsed(damaged);
            } catch (IOException e) {
                assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
                refused++;
            }
        }
        assertTrue(refused > 3000, "only " + refused + " of 6000 damaged files were refused");
    }

    @Test
    void filesAreReadFromDisk() throws IOException {
        Path file = Files.write(folder.resolve("model.onnx"), OnnxFile.bytes(variety(), Map.of()));
        OnnxFile.Model model = OnnxFile.read(file);
        assertEquals(Map.of(), model.metadata());
        assertNull(model.graph().output("marked").name());
    }
}

package dev.vicreg.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.HalfPrecision;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as other tools write them. */
class ForeignOnnxTest {
    @TempDir
    Path folder;

    private static OnnxFile.Model read(OnnxModelBuilder model) throws IOException {
        return OnnxFile.parse(model.bytes(), "model.onnx");
    }

    private static String failure(OnnxModelBuilder model) {
        String message = String.valueOf(
                assertThrows(IOException.class, () -> read(model)).getMessage());
        assertFalse(message.contains("\n"), message);
        assertTrue(message.startsWith("model.onnx: "), message);
        return message.substring("model.onnx: ".length());
    }

    private static OnnxModelBuilder model(int opset) {
        return new OnnxModelBuilder(opset).input("x", 1, "N", 4).output("y");
    }

    @Test
    void nodesInAnyOrderAreSorted() throws IOException {
        Graph graph = read(model(13)
                        .node("Neg", "a", "y")
                        .node("Sqrt", "b", "a")
                        .node("Relu", "x", "b"))
                .graph();
        assertEquals(
                List.of(OpType.RELU, OpType.SQRT, OpType.NEG),
                graph.nodes().stream().map(Node::op).toList());
    }

    @Test
    void cyclesAreNamed() {
        assertEquals(
                "the graph has a cycle: Sqrt_1 → Neg_0 → Sqrt_1",
                failure(model(13).node("Neg", "b", "a").node("Sqrt", "a", "b").node("Add", "x,b", "y")));
    }

    @Test
    void nodesThatNoOutputNeedsMayBeOfAnyKind() throws IOException {
        OnnxModelBuilder model = model(13).node("Relu", "x", "y").node("Nonsense", "y", "z");
        assertEquals(1, read(model).graph().nodes().size());
        assertEquals(
                "operator Nonsense at node Nonsense_1 is not supported: name a value before it with"
                        + " `output` NAME, or export the network with other operators",
                failure(model.output("z")));
    }

    @Test
    void initializersAreToldFromConstants() throws IOException {
        OnnxFile.Model model = read(model(13)
                .initializer("w", 1)
                .input("v", 1, 1) // as IR 3 wants it
                .initializer("v", 3)
                .initializer("unused", 4)
                .node(
                        "Constant",
                        "",
                        "c",
                        b -> b.addAttributeBuilder()
                                .setName("value_float")
                                .setType(AttributeProto.AttributeType.forNumber(1))
                                .setF(5))
                .node("Mul", "x,w", "a")
                .node("Add", "a,v", "b")
                .node("Sub", "b,c", "y"));
        assertEquals(List.of("w", "v"), List.copyOf(model.initializers().keySet()));
        assertEquals(1, model.graph().inputs().size());
        Node sub = model.graph().nodes().get(2);
        assertEquals(Tensor.scalar(5), sub.input(1).constant());
        assertFalse(model.initializers().containsValue(sub.input(1)));
        assertEquals(model.initializers().get("w"), model.graph().nodes().get(0).input(1));
    }

    @Test
    void brokenGraphsAreExplained() {
        assertEquals(
                "value nothing, read by node Add_0, is neither an input nor an initialiser, and no node computes it",
                failure(model(13).node("Add", "x,nothing", "y")));
        assertEquals(
                "value y is defined twice, the second time by node Sqrt_1",
                failure(model(13).node("Relu", "x", "y").node("Sqrt", "x", "y")));
        assertEquals(
                "two initialisers are named w",
                failure(model(13).initializer("w", 1).initializer("w", 2).node("Relu", "x", "y")));
        assertEquals(
                "two inputs are named x", failure(model(13).input("x", 1, 2).node("Relu", "x", "y")));
        assertEquals("the graph has no outputs", failure(new OnnxModelBuilder(13).input("x", 1, 2)));
        assertEquals(
                "node Relu_0 is of the standard operator set, of which the file declares no version",
                failure(emptied(model(13).node("Relu", "x", "y"))));
        assertEquals(
                "node Add_0: Add takes 2 inputs, found 1",
                failure(model(13).node("Add", "x", "y")).replaceAll("Add with inputs .*: Add", "Add"));
    }

    private static OnnxModelBuilder emptied(OnnxModelBuilder model) {
        model.model.clearOpsetImport();
        return model;
    }

    @Test
    void unsupportedOperatorsAreNamedWithTheirPlaceAndDomain() {
        assertEquals(
                "operator Attention of domain com.microsoft at node /layer.3/attn/Attention is not supported:"
                        + " an optimiser made it; take the file as it was before it was optimised",
                failure(model(17)
                        .node(
                                "Attention",
                                "x",
                                "y",
                                node -> node.setDomain("com.microsoft").setName("/layer.3/attn/Attention"))));
        assertEquals(
                "operator Tree of domain ai.onnx.ml at node (Tree that computes y) is not supported: export the"
                        + " network without what is done before or behind it, such as Tree, or name a value before it with"
                        + " `output` NAME",
                failure(model(17)
                        .node(
                                "Tree",
                                "x",
                                "y",
                                node -> node.setDomain("ai.onnx.ml").clearName())));
        assertEquals(
                "operator MaxRoiPool at node MaxRoiPool_0 is not supported: name a value before it with `output` NAME, or"
                        + " export the network with other operators",
                failure(model(17).node("MaxRoiPool", "x", "y")));
    }

    @ParameterizedTest
    @CsvSource({
        "QuantizeLinear, the file is quantised; take the float file",
        "DequantizeLinear, the file is quantised; take the float file",
        "MatMulInteger, the file is quantised; take the float file",
        "SequenceMap, 'export the network with Split, Concat and Slice'",
        "RandomNormalLike, it draws random numbers; export the network in evaluation mode",
        "NonMaxSuppression, how much it gives depends on the data; name a value before it with `output` NAME"
    })
    void whatIsNotReadComesWithARemedy(String operator, String remedy) {
        String message = failure(model(17).node(operator, "x", "y"));
        assertTrue(message.contains(" is not supported: ") && message.contains(remedy), message);
    }

    /** F0 calls F1 {@code calls} times, which calls F2, and so on; the last one holds a node. */
    private static OnnxModelBuilder functions(int depth, int calls) {
        OnnxModelBuilder model = model(17).node("F0", "x", "y", node -> node.setDomain("own"));
        model.model.addOpsetImportBuilder().setDomain("own").setVersion(1);
        for (int i = 0; i < depth; i++) {
            FunctionProto.Builder function = model.model.addFunctionsBuilder();
            function.setName("F" + i).setDomain("own").addInput("a").addOutput("a" + calls);
            function.addOpsetImportBuilder().setVersion(17);
            function.addOpsetImportBuilder().setDomain("own").setVersion(1);
            for (int call = 0; call < calls; call++) {
                NodeProto.Builder node = function.addNodeBuilder()
                        .addInput(call == 0 ? "a" : "a" + call)
                        .addOutput("a" + (call + 1));
                if (i + 1 < depth) {
                    node.setOpType("F" + (i + 1)).setDomain("own");
                } else {
                    node.setOpType("Relu");
                }
            }
        }
        return model;
    }

    @Test
    void functionsAreInlinedWithinBounds() throws IOException {
        assertEquals(8, read(functions(3, 2)).graph().nodes().size());
        assertEquals(
                "functions call functions more than 100 deep, at F100; inline them before, or export without functions",
                failure(functions(2000, 1)));
        assertEquals(
                "the graph has more than 200000 nodes once its functions are inlined and its loops unrolled, the most that are read",
                failure(functions(30, 2)));
    }

    @Test
    void whatNoCheckForesawIsToldOfTheNode() {
        TensorProto depth = TensorProto.newBuilder()
                .setName("depth")
                .setDataType(1)
                .addFloatData(2.5f)
                .build();
        String half =
                failure(model(17).initializer(depth).initializer("values", 0, 1).node("OneHot", "x,depth,values", "y"));
        assertTrue(half.startsWith("node OneHot_0: ") && half.endsWith("a size of 2.5: expected a whole number"), half);
        OnnxModelBuilder flat = new OnnxModelBuilder(18)
                .input("x", 1, 3)
                .output("y")
                .initializer("scale", 1)
                .node(
                        "GroupNormalization",
                        "x,scale,scale",
                        "y",
                        node -> OnnxModelBuilder.attribute(node, "num_groups", 1));
        assertEquals("node GroupNormalization_0: there is no axis 1 in [3]", failure(flat));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 25})
    void otherOpsetsAreRefused(int opset) {
        assertEquals(
                "opset " + opset + " is not supported: expected 9 to 24; export the model with one of these",
                failure(model(opset).node("Relu", "x", "y")));
    }

    @Test
    void theStandardDomainMayBeWrittenOut() throws IOException {
        OnnxModelBuilder model = model(13).node("Relu", "x", "y", node -> node.setDomain("ai.onnx"));
        model.model.getOpsetImportBuilder(0).setDomain("ai.onnx");
        assertEquals(OpType.RELU, read(model).graph().nodes().get(0).op());
    }

    @Test
    void scopesFollowTheNamesOfNodes() {
        assertEquals("layer1.conv1", OnnxReader.scope("", "/layer1/conv1/Conv"));
        assertEquals("layer1.0.conv1", OnnxReader.scope("", "/layer1/layer1.0/conv1/Conv"));
        assertEquals("f.0.0", OnnxReader.scope("", "/f/f.0/f.0.0/Conv"));
        assertEquals("encoder.layer1.0", OnnxReader.scope("", "encoder.layer1.0/Conv_3"));
        assertEquals("", OnnxReader.scope("", "Conv_3"));
        assertEquals("block.attn", OnnxReader.scope("block", "attn/MatMul"));
    }

    @Test
    void halvesAndDoublesBecomeFloats() throws IOException {
        ByteBuffer halves = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        halves.putShort((short) 0x3e00)
                .putShort((short) 0xc000)
                .putShort((short) 1)
                .putShort((short) 0x7c00);
        OnnxModelBuilder model = new OnnxModelBuilder(13).input("x", 10, "N", 4).output("y");
        model.initializer(TensorProto.newBuilder()
                .setName("half")
                .setDataType(10)
                .addDims(4)
                .setRawData(ByteString.copyFrom(halves.array()))
                .build());
        model.initializer(TensorProto.newBuilder()
                .setName("brain")
                .setDataType(16)
                .addDims(1)
                .addInt32Data(0x4048)
                .build());
        model.initializer(TensorProto.newBuilder()
                .setName("double")
                .setDataType(11)
                .addDims(4)
                .addAllDoubleData(List.of(0.1, -1e300, Double.NEGATIVE_INFINITY, 2.0))
                .build());
        model.node("Add", "x,half", "a").node("Add", "a,brain", "b").node("Add", "b,double", "c");
        model.node("Cast", "c", "y", node -> OnnxModelBuilder.attribute(node, "to", 10));
        OnnxFile.Model read = read(model);
        assertEquals("x float[N,4]", read.graph().inputs().get(0).toString());
        assertArrayEquals(new float[] {1.5f, -2, 0x1p-24f, Float.POSITIVE_INFINITY}, floats(read, "half"));
        assertArrayEquals(new float[] {3.125f}, floats(read, "brain"));
        assertArrayEquals(new float[] {0.1f, -Float.MAX_VALUE, Float.NEGATIVE_INFINITY, 2}, floats(read, "double"));
        assertEquals(ElementType.FLOAT, read.graph().output("y").type().element(), "the target of a cast follows");
    }

    private static float[] floats(OnnxFile.Model model, String initializer) {
        return model.initializers().get(initializer).constant().floats();
    }

    @Test
    void otherElementTypesAreRefused() {
        OnnxModelBuilder model = model(13).node("Add", "x,w", "y");
        model.initializer(
                TensorProto.newBuilder().setName("w").setDataType(8).addDims(1).build());
        assertEquals(
                "tensor w: element type string is not supported: expected float, float16, bfloat16, double, uint8,"
                        + " int8, int32, int64 or bool",
                failure(model));
        OnnxModelBuilder sparse = model(13).node("Relu", "x", "y");
        sparse.graph.addSparseInitializerBuilder().getValuesBuilder().setName("s");
        assertEquals("sparse initialiser s is not supported", failure(sparse));
    }

    @Test
    void everyFloat16GoesThereAndBack() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = HalfPrecision.fromFloat16((short) bits);
            int back = HalfPrecision.toFloat16(value) & 0xffff;
            assertTrue(back == bits || Float.isNaN(value), "float16 " + Integer.toHexString(bits));
            float brain = HalfPrecision.fromBfloat16((short) bits);
            int brainBack = HalfPrecision.toBfloat16(brain) & 0xffff;
            assertTrue(brainBack == bits || Float.isNaN(brain), "bfloat16 " + Integer.toHexString(bits));
        }
    }

    /** Between two neighbours the nearer wins, in the middle the one whose last bit is zero. */
    @Test
    void float16IsRoundedToNearestTiesToEven() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            float low = HalfPrecision.fromFloat16((short) bits);
            float high = HalfPrecision.fromFloat16((short) (bits + 1));
            float middle = (low + high) / 2;
            assertEquals(bits, HalfPrecision.toFloat16(Math.nextDown(middle)), "below the middle after " + low);
            assertEquals(bits + 1, HalfPrecision.toFloat16(Math.nextUp(middle)), "above the middle after " + low);
            assertEquals(bits + (bits & 1), HalfPrecision.toFloat16(middle), "the middle after " + low);
        }
        assertEquals(0x7bff, HalfPrecision.toFloat16(65519.996f));
        assertEquals(0x7c00, HalfPrecision.toFloat16(65520));
    }

    @Test
    void symbolsAreKeptAndBound() throws IOException {
        OnnxModelBuilder model = new OnnxModelBuilder(13)
                .input("x", 1, "batch", "", 4)
                .input("mask", 1, "batch", 1, 1)
                .output("y")
                .node("Mul", "x,mask", "y");
        Path file = Files.write(folder.resolve("model.onnx"), model.bytes());
        Graph open = OnnxFile.read(file).graph();
        assertEquals(Dim.symbol("batch"), open.inputs().get(0).shape().at(0));
        assertTrue(open.inputs().get(0).shape().at(1).isUnknown());
        Graph bound = OnnxFile.read(file, ReadOptions.DEFAULT.withInputShapes(Map.of("x", Shape.of(8, 5, 4))))
                .graph();
        assertEquals(Shape.of(8, 1, 1), bound.inputs().get(1).shape(), "the same symbol elsewhere");
        assertEquals(Shape.of(8, 5, 4), bound.output("y").shape());
        Graph batch = OnnxFile.read(file, ReadOptions.DEFAULT.withBatch(3)).graph();
        assertEquals(Dim.of(3), batch.output("y").shape().at(0));
        for (Map<String, Shape> wrong : List.of(
                Map.of("x", Shape.of(8, 5, 3)),
                Map.of("x", Shape.of(8, 5)),
                Map.of("z", Shape.of(1)),
                Map.of("x", Shape.of(8, 5, 4), "mask", Shape.of(7, 1, 1)))) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> OnnxFile.read(file, ReadOptions.DEFAULT.withInputShapes(wrong)),
                    wrong.toString());
        }
    }

    @Test
    void anyValueCanBeTheOutput() throws IOException {
        OnnxModelBuilder model = model(13).node("Relu", "x", "inner").node("Nonsense", "inner", "y");
        Path file = Files.write(folder.resolve("model.onnx"), model.bytes());
        Graph graph = OnnxFile.read(file, ReadOptions.DEFAULT.withOutputs(List.of("inner")))
                .graph();
        assertEquals(List.of("inner"), List.copyOf(graph.outputs().keySet()));
    }

    @Test
    void functionsAreInlined() throws IOException {
        OnnxModelBuilder model = model(18).initializer("w", 2);
        FunctionProto.Builder function =
                model.model.addFunctionsBuilder().setDomain("local").setName("Scaled");
        function.addOpsetImportBuilder().setVersion(13); // functions have opsets of their own
        function.addInput("a").addInput("b").addInput("pads").addInput("filling");
        function.addOutput("out").addAttribute("axes");
        NodeProto.Builder sum =
                function.addNodeBuilder().setOpType("ReduceMean").setName("mean/ReduceMean");
        OnnxModelBuilder.add(sum, "a", "m");
        sum.addAttributeBuilder().setName("axes").setRefAttrName("axes").setType(AttributeProto.AttributeType.INTS);
        OnnxModelBuilder.add(function.addNodeBuilder().setOpType("Mul"), "m,b", "p");
        OnnxModelBuilder.add(function.addNodeBuilder().setOpType("Pad"), "p,pads,filling", "out");
        model.initializer(longs("pads", 0, 0, 0, 1));
        model.node("Scaled", "x,w,pads", "y", node -> {
            node.setDomain("local").setName("/block/Scaled");
            OnnxModelBuilder.attribute(node, "axes", new long[] {1});
        });
        OnnxFile.Model read = read(model);
        Node mean = read.graph().nodes().get(0);
        assertEquals(OpType.REDUCE_MEAN, mean.op());
        assertEquals("block.Scaled.mean", mean.scope());
        assertArrayEquals(new long[] {1}, mean.input(1).constant().longs());
        assertEquals(read.initializers().get("w"), read.graph().nodes().get(1).input(1));
        assertFalse(read.graph().nodes().get(2).hasInput(2), "what a call leaves out is left out inside");
        function.addNodeBuilder()
                .setOpType("Scaled")
                .setDomain("local")
                .addInput("p")
                .addOutput("deeper");
        function.setOutput(0, "deeper");
        assertEquals("function Scaled calls itself", failure(model));
    }

    private static TensorProto longs(String name, long... values) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name).setDataType(7).addDims(values.length);
        Arrays.stream(values).forEach(tensor::addInt64Data);
        return tensor.build();
    }

    @Test
    void branchesOfAConstantConditionAreInlined() throws IOException {
        for (boolean truth : List.of(true, false)) {
            OnnxModelBuilder model = model(13).initializer("w", 1);
            model.node(
                    "Constant",
                    "",
                    "c",
                    node -> node.addAttributeBuilder()
                            .setName("value")
                            .setType(AttributeProto.AttributeType.TENSOR)
                            .getTBuilder()
                            .setDataType(9)
                            .addInt32Data(truth ? 1 : 0));
            model.node("If", "c", "y", ForeignOnnxTest::branches);
            Graph graph = read(model).graph();
            assertEquals(
                    List.of(truth ? OpType.ADD : OpType.MUL),
                    graph.nodes().stream().map(Node::op).toList());
        }
        OnnxModelBuilder model = model(13).input("flag", 9).initializer("w", 1);
        assertTrue(failure(model.node("If", "flag", "y", ForeignOnnxTest::branches))
                .startsWith("operator If at node If_0 is not supported, since its condition is not constant"));
    }

    /** Both read x and w from outside. */
    private static void branches(NodeProto.Builder node) {
        for (String name : List.of("then_branch", "else_branch")) {
            GraphProto.Builder branch = node.addAttributeBuilder()
                    .setName(name)
                    .setType(AttributeProto.AttributeType.GRAPH)
                    .getGBuilder();
            branch.addOutputBuilder().setName("result");
            OnnxModelBuilder.add(
                    branch.addNodeBuilder().setOpType(name.equals("then_branch") ? "Add" : "Mul"), "x,w", "result");
        }
    }

    @Test
    void branchesMayDependOnFixedShapes() throws IOException {
        OnnxModelBuilder model = model(13).initializer("w", 1);
        model.initializer(longs("one", 1)).node("Shape", "x", "s").node("Gather", "s,one", "d");
        model.initializer(longs("four", 4))
                .node("Equal", "d,four", "c")
                .node("If", "c", "y", ForeignOnnxTest::branches);
        assertEquals(OpType.ADD, read(model).graph().output("y").producer().op());
    }

    @Test
    void trainingFormOfABatchNormIsToldByItsOutputsBeforeOpset14() throws IOException {
        OnnxModelBuilder model =
                new OnnxModelBuilder(13).input("x", 1, "N", 1, 4).initializer("s", 1);
        model.node("BatchNormalization", "x,s,s,s,s", "y,mean,variance,,")
                .output("y")
                .output("mean");
        Node node = read(model).graph().nodes().get(0);
        assertEquals(1, node.attributes().integer("training_mode", 0));
        assertEquals(3, node.outputs().size());
    }

    @Test
    void predecessorsOfOperatorsAreTranslated() throws IOException {
        OnnxModelBuilder model = new OnnxModelBuilder(11).input("x", 1, "N", 4).output("y");
        model.initializer("scales", 1, 2).node("Upsample", "x,scales", "y");
        Node resize = read(model).graph().nodes().get(0);
        assertEquals(OpType.RESIZE, resize.op());
        assertEquals("asymmetric", resize.attributes().string("coordinate_transformation_mode", ""));
        assertEquals("floor", resize.attributes().string("nearest_mode", ""));
        assertEquals(Dim.of(8), resize.output(0).shape().at(1));
        assertEquals(
                "node Resize_0: Resize with tf_half_pixel_for_nn, which opset 13 removed, is not supported: export with"
                        + " opset 13 or later",
                failure(model(11)
                        .node(
                                "Resize",
                                "x,x,x",
                                "y",
                                node -> OnnxModelBuilder.attribute(
                                        node, "coordinate_transformation_mode", "tf_half_pixel_for_nn"))));
    }

    /** Unsorted, CPU and CUDA give other orders. */
    @Test
    void anOrderThatIsLeftOpenIsSorted() throws IOException {
        OnnxModelBuilder model = model(17).initializer(longs("k", 1));
        Graph graph = read(model.node("TopK", "x,k", "y,places", node -> {
                    OnnxModelBuilder.attribute(node, "sorted", 0L);
                    OnnxModelBuilder.attribute(node, "largest", 0L);
                }))
                .graph();
        Attributes found = graph.output("y").producer().attributes();
        assertEquals(1, found.integer("sorted", 1));
        assertEquals(0, found.integer("largest", 1));
    }

    @Test
    void noOnnxFilesAreRefused() throws IOException {
        byte[] png = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
        for (byte[] bytes : List.of(png, new byte[0], new byte[1000])) {
            Path file = Files.write(folder.resolve("file"), bytes);
            IOException e = assertThrows(IOException.class, () -> OnnxFile.read(file));
            assertTrue(e.getMessage().startsWith(file + " is not an ONNX model"), e.getMessage());
        }
        assertThrows(IOException.class, () -> OnnxFile.read(folder));
    }

    @Test
    void damagedModelsOfAllKindsNeverDoMoreThanAnIOException() throws IOException {
        OnnxModelBuilder model = model(12).initializer("w", 1, 2, 3, 4).initializer("c", 1);
        model.node(
                "Constant",
                "",
                "flag",
                node -> node.addAttributeBuilder()
                        .setName("value")
                        .setType(AttributeProto.AttributeType.TENSOR)
                        .getTBuilder()
                        .setDataType(9)
                        .addInt32Data(1));
        model.node("If", "flag", "a", node -> branches(node));
        model.node("ReduceSum", "a", "b", node -> OnnxModelBuilder.attribute(node, "axes", new long[] {-1}));
        model.node("Concat", "b,b,b", "d", node -> OnnxModelBuilder.attribute(node, "axis", 1));
        model.node("Pad", "d,pads", "y");
        model.initializer(longs("pads", 0, 1, 0, 1));
        byte[] bytes = model.bytes();
        OnnxFile.parse(bytes, "model.onnx");
        SplittableRandom random = new SplittableRandom(7);
        int refused = 0;
        for (int round = 0; round < 6000; round++) {
            byte[] damaged = round < bytes.length ? Arrays.copyOf(bytes, round) : bytes.clone();
            for (int flips = round < bytes.length ? 0 : 1 + random.nextInt(4); flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                OnnxFile.parse(damaged, "model.onnx");
            } catch (IOException e) {
                assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
                refused++;
            }
        }
        assertTrue(refused > 3000, "only " + refused + " of 6000 damaged files were refused");
    }
}

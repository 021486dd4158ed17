package dev.vicreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import com.google.protobuf.ByteString;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.ReadOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes of older operator sets compute in today's form what ONNX Runtime computes for them as they are. */
class OpsetUpgradeTest {
    /**
     * One node y, … = operator(x, …) of float inputs with a symbolic first size.
     *
     * @param shapes of the inputs; the first is fed, the others are initialisers
     * @param outputs how many
     */
    private record Case(int opset, String domain, String operator, List<long[]> shapes, int outputs, NodeProto node) {
        @Override
        public String toString() {
            return operator + " " + opset + " " + Arrays.toString(shapes.get(0)) + " "
                    + node.getAttributeList().toString().replaceAll("\\s+", " ");
        }
    }

    private static Case of(int opset, String operator, int outputs, List<long[]> shapes, Object... attributes) {
        NodeProto.Builder node = NodeProto.newBuilder().setOpType(operator).setName("/block/block.1/" + operator);
        for (int i = 0; i < attributes.length; i += 2) {
            var attribute = node.addAttributeBuilder().setName((String) attributes[i]);
            if (attributes[i + 1] instanceof Integer integer) {
                attribute.setType(AttributeType.INT).setI(integer);
            } else if (attributes[i + 1] instanceof Float real) {
                attribute.setType(AttributeType.FLOAT).setF(real);
            } else if (attributes[i + 1] instanceof String text) {
                attribute.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(text));
            } else {
                attribute.setType(AttributeType.INTS);
                Arrays.stream((long[]) attributes[i + 1]).forEach(attribute::addInts);
            }
        }
        for (int i = 0; i < shapes.size(); i++) {
            node.addInput(shapes.get(i) == null ? "" : "in" + i);
        }
        for (int i = 0; i < outputs; i++) {
            node.addOutput("out" + i);
        }
        String domain = MICROSOFT.contains(operator) ? "com.microsoft" : "";
        return new Case(
                opset, domain, operator, shapes, outputs, node.setDomain(domain).build());
    }

    private static final List<String> MICROSOFT = List.of("Gelu", "BiasGelu", "FastGelu", "QuickGelu", "FusedMatMul");

    private static long[] l(long... values) {
        return values;
    }

    private static List<long[]> in(long[]... shapes) {
        return Arrays.asList(shapes);
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>(List.of(
                of(11, "Squeeze", 1, in(l(2, 1, 3, 1)), "axes", l(1, -1)),
                of(12, "Squeeze", 1, in(l(2, 1, 3, 1)), "axes", l(3)),
                of(11, "Unsqueeze", 1, in(l(2, 3)), "axes", l(0, -1)),
                of(12, "ReduceSum", 1, in(l(2, 3, 4)), "axes", l(-1, 1)),
                of(11, "ReduceSum", 1, in(l(2, 3, 4)), "keepdims", 0),
                of(11, "Split", 2, in(l(2, 5)), "axis", 1, "split", l(2, 3)),
                of(11, "Split", 3, in(l(2, 6)), "axis", -1),
                of(17, "Split", 2, in(l(2, 6)), "axis", 1),
                of(18, "Split", 3, in(l(2, 8)), "axis", 1, "num_outputs", 3),
                of(11, "Dropout", 1, in(l(2, 3)), "ratio", 0.3f),
                of(11, "Dropout", 1, in(l(2, 3))),
                of(13, "BatchNormalization", 1, in(l(2, 3, 4), l(3), l(3), l(3), l(3)), "epsilon", 0.1f),
                of(18, "GroupNormalization", 1, in(l(2, 6, 5), l(3), l(3)), "num_groups", 3, "epsilon", 0.1f),
                of(20, "GroupNormalization", 1, in(l(2, 6, 2, 2), l(2), l(2)), "num_groups", 2),
                of(13, "LayerNormalization", 1, in(l(2, 3, 4), l(4), l(4)), "axis", -1),
                of(11, "Clip", 1, in(l(2, 3), l())),
                of(11, "Mean", 1, in(l(2, 3), l(3))),
                of(11, "PRelu", 1, in(l(2, 3), l(3))),
                of(11, "ArgMax", 1, in(l(2, 3)), "axis", 1),
                of(11, "MaxPool", 1, in(l(2, 3, 7)), "kernel_shape", l(3), "strides", l(2), "ceil_mode", 1),
                of(11, "AveragePool", 1, in(l(2, 3, 7)), "kernel_shape", l(3), "pads", l(1, 1)),
                of(13, "Gelu", 1, in(l(2, 3))),
                of(13, "BiasGelu", 1, in(l(2, 3), l(3))),
                of(13, "FastGelu", 1, in(l(2, 3), l(3))),
                of(13, "FastGelu", 1, in(l(2, 3))),
                of(13, "QuickGelu", 1, in(l(2, 3))),
                of(13, "QuickGelu", 1, in(l(2, 3)), "alpha", 1f),
                of(13, "FusedMatMul", 1, in(l(2, 3, 4), l(2, 4, 5)), "alpha", 0.5f),
                of(13, "FusedMatMul", 1, in(l(2, 3, 4), l(2, 5, 4)), "transB", 1),
                of(13, "FusedMatMul", 1, in(l(2, 4, 3), l(4, 5)), "transA", 1)));
        for (String operator : List.of(
                "ReduceL1",
                "ReduceL2",
                "ReduceLogSum",
                "ReduceLogSumExp",
                "ReduceMax",
                "ReduceMean",
                "ReduceMin",
                "ReduceProd",
                "ReduceSumSquare")) {
            cases.add(of(17, operator, 1, in(l(2, 3, 4)), "axes", l(1), "keepdims", 0));
            cases.add(of(13, operator, 1, in(l(2, 3, 4)), "axes", l(-1)));
            cases.add(of(11, operator, 1, in(l(2, 3, 4))));
        }
        for (String operator : List.of("Softmax", "LogSoftmax")) {
            cases.add(of(11, operator, 1, in(l(2, 3, 4))));
            cases.add(of(12, operator, 1, in(l(2, 3))));
            cases.add(of(12, operator, 1, in(l(2, 3, 1, 1)), "axis", 1));
            for (int axis = -3; axis < 3; axis++) {
                cases.add(of(12, operator, 1, in(l(2, 3, 4)), "axis", axis));
            }
            cases.add(of(13, operator, 1, in(l(2, 3, 4)), "axis", 1));
            cases.add(of(13, operator, 1, in(l(2, 3, 4))));
        }
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void givesWhatOnnxRuntimeGivesForTheFile(Case each) throws IOException {
        for (boolean symbolic : new boolean[] {true, false}) {
            compare(each, model(each, symbolic));
        }
    }

    private static void compare(Case each, ModelProto model) throws IOException {
        Graph graph = OnnxFile.parse(model.toByteArray(), "model.onnx").graph();
        assertTrue(graph.nodes().stream().allMatch(node -> node.scope().equals("block.1")), "scopes");
        Map<String, Tensor> inputs = Map.of("in0", random(each.shapes.get(0), 0));
        Map<String, Tensor> found = GraphRunner.run(graph, inputs);
        try (GraphRunner original = new GraphRunner(graph, model.toByteArray())) {
            original.run(inputs).forEach((name, expected) -> {
                Tensor actual = found.get(name);
                assertEquals(expected.type(), actual.type());
                if (expected.type().element().isFloatingPoint()) {
                    assertArrayEquals(expected.floats(), actual.floats()); // to the last bit
                } else {
                    assertEquals(expected, actual);
                }
            });
        }
    }

    /** Opset 11 wants a tensor for each input, if need be an empty one. */
    @ParameterizedTest
    @ValueSource(strings = {"nearest", "linear"})
    void emptyInputsOfAResizeAreLeftOut(String mode) throws IOException {
        Case bySize = of(11, "Resize", 1, in(l(1, 2, 3, 4), l(0), l(0), l(4)), "mode", mode);
        ModelProto.Builder model = model(bySize, false).toBuilder();
        model.getGraphBuilder()
                .getInitializerBuilder(2)
                .setDataType(7)
                .setRawData(ByteString.copyFrom(Tensor.ofLongs(1, 2, 6, 6).data()));
        compare(bySize, model.build());
        Case byScale = of(11, "Resize", 1, in(l(1, 2, 3, 4), l(0), l(4)), "mode", mode);
        model = model(byScale, true).toBuilder();
        model.getGraphBuilder()
                .getInitializerBuilder(1)
                .setRawData(ByteString.copyFrom(
                        Tensor.of(Shape.of(4), 1, 1, 2, 1.5f).data()));
        compare(byScale, model.build());
    }

    /** One network as PyTorch's exporter writes it for each opset; see export.py beside the files. */
    @ParameterizedTest
    @ValueSource(ints = {11, 12, 13, 14, 16, 17, 18, 20})
    void aNetworkFromPyTorchComputesTheSame(int opset) throws Exception {
        String name = "/dev/vicreg/training/opsets/opset-" + opset + ".onnx";
        Path file = Path.of(OpsetUpgradeTest.class.getResource(name).toURI());
        OnnxFile.Model model = OnnxFile.read(file);
        assertEquals(opset, model.opset());
        assertEquals("pytorch 2.13.0", model.producer());
        assertEquals("y float[batch,5]", "y " + model.graph().output("y").type());
        Map<String, Tensor> inputs = Map.of("x", random(l(3, 3, 8, 8), 5));
        float[] found = GraphRunner.run(model.graph(), inputs).get("y").floats();
        try (GraphRunner original = new GraphRunner(model.graph(), Files.readAllBytes(file))) {
            assertArrayEquals(original.run(inputs).get("y").floats(), found);
        }
        Graph fixed = OnnxFile.read(file, ReadOptions.DEFAULT.withBatch(3)).graph();
        assertArrayEquals(found, GraphRunner.run(fixed, inputs).get("y").floats());
    }

    private static ModelProto model(Case each, boolean symbolic) {
        GraphProto.Builder graph = GraphProto.newBuilder().setName("case").addNode(each.node);
        TypeProto.Builder type = TypeProto.newBuilder();
        type.getTensorTypeBuilder().setElemType(1).getShapeBuilder();
        for (int axis = 0; axis < each.shapes.get(0).length; axis++) {
            var dim = type.getTensorTypeBuilder().getShapeBuilder().addDimBuilder();
            if (axis == 0 && symbolic) {
                dim.setDimParam("N");
            } else {
                dim.setDimValue(each.shapes.get(0)[axis]);
            }
        }
        graph.addInputBuilder().setName("in0").setType(type);
        for (int i = 1; i < each.shapes.size(); i++) {
            TensorProto.Builder tensor = graph.addInitializerBuilder()
                    .setName("in" + i)
                    .setDataType(1)
                    .setRawData(
                            ByteString.copyFrom(random(each.shapes.get(i), i).data()));
            Arrays.stream(each.shapes.get(i)).forEach(tensor::addDims);
        }
        for (int i = 0; i < each.outputs; i++) {
            int element = each.operator.startsWith("Arg") ? 7 : 1;
            graph.addOutputBuilder()
                    .setName("out" + i)
                    .getTypeBuilder()
                    .getTensorTypeBuilder()
                    .setElemType(element);
        }
        ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(7).setGraph(graph);
        model.addOpsetImportBuilder().setVersion(each.opset);
        model.addOpsetImportBuilder().setDomain("com.microsoft").setVersion(1);
        return model.build();
    }

    /** Positive, so that logarithms, variances and products are defined and of one size. */
    private static Tensor random(long[] shape, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.1f + random.nextFloat();
        }
        return Tensor.of(Shape.of(shape), values);
    }
}

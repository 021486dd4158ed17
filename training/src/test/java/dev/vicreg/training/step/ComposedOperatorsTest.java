package dev.vicreg.training.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.autodiff.Backward;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Operators that are read as others: what these compute is what ONNX Runtime's kernel for the operator itself computes, and
 * gradients pass through them to the first input.
 */
final class ComposedOperatorsTest {
    /** The largest difference measured is 5e-7, relative to results of about 1. */
    private static final double TOLERANCE = 1e-5;

    /** A model of one node: inputs by shapes, none where one is left out; {@code lengths} is fed where it is an int32. */
    private static final class Case {
        private final String name;
        private final NodeProto.Builder node;
        private final int opset;
        private final List<long[]> shapes = new ArrayList<>();
        private final List<TensorProto> constants = new ArrayList<>();
        private String domain = "";
        private double scale = 2;

        Case(String name, String operator, int opset) {
            this.name = name;
            this.opset = opset;
            this.node = NodeProto.newBuilder().setOpType(operator).addOutput("y");
        }

        Case input(long... shape) {
            node.addInput("x" + shapes.size());
            shapes.add(shape);
            return this;
        }

        Case without() {
            node.addInput("");
            return this;
        }

        Case constant(TensorProto.Builder tensor) {
            String constant = "c" + constants.size();
            node.addInput(constant);
            constants.add(tensor.setName(constant).build());
            return this;
        }

        Case outputs(String... more) {
            node.addAllOutput(Arrays.asList(more));
            return this;
        }

        Case domain(String other) {
            domain = other;
            node.setDomain(other);
            return this;
        }

        Case scale(double factor) {
            scale = factor;
            return this;
        }

        Case with(String key, Object value) {
            AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(key);
            if (value instanceof Integer number) {
                attribute.setType(AttributeType.INT).setI(number);
            } else if (value instanceof Double number) {
                attribute.setType(AttributeType.FLOAT).setF(number.floatValue());
            } else if (value instanceof long[] numbers) {
                attribute.setType(AttributeType.INTS);
                Arrays.stream(numbers).forEach(attribute::addInts);
            } else if (value instanceof float[] numbers) {
                attribute.setType(AttributeType.FLOATS);
                for (float number : numbers) {
                    attribute.addFloats(number);
                }
            } else if (value instanceof List<?> texts) {
                attribute.setType(AttributeType.STRINGS);
                texts.forEach(text -> attribute.addStrings(ByteString.copyFromUtf8(text.toString())));
            } else {
                attribute.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(value.toString()));
            }
            node.addAttribute(attribute);
            return this;
        }

        byte[] model() {
            ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(opset > 20 ? 10 : 8);
            model.addOpsetImportBuilder().setVersion(opset);
            if (!domain.isEmpty()) {
                model.addOpsetImportBuilder().setDomain(domain).setVersion(1);
            }
            var graph = model.getGraphBuilder().setName("one").addNode(node).addAllInitializer(constants);
            for (int i = 0; i < shapes.size(); i++) {
                var type = graph.addInputBuilder()
                        .setName("x" + i)
                        .getTypeBuilder()
                        .getTensorTypeBuilder()
                        .setElemType(TensorProto.DataType.FLOAT_VALUE);
                for (long size : shapes.get(i)) {
                    type.getShapeBuilder().addDimBuilder().setDimValue(size);
                }
            }
            node.getOutputList().stream()
                    .filter(output -> !output.isEmpty())
                    .forEach(output -> graph.addOutputBuilder()
                            .setName(output)
                            .getTypeBuilder()
                            .getTensorTypeBuilder()
                            .setElemType(TensorProto.DataType.FLOAT_VALUE));
            return model.build().toByteArray();
        }

        @Override
        public String toString() {
            return node.getOpType() + " " + name;
        }
    }

    private static TensorProto.Builder longs(long... values) {
        TensorProto.Builder tensor = TensorProto.newBuilder()
                .setDataType(TensorProto.DataType.INT64_VALUE)
                .addDims(values.length);
        Arrays.stream(values).forEach(tensor::addInt64Data);
        return tensor;
    }

    private static TensorProto.Builder ints(int... values) {
        TensorProto.Builder tensor = TensorProto.newBuilder()
                .setDataType(TensorProto.DataType.INT32_VALUE)
                .addDims(values.length);
        Arrays.stream(values).forEach(tensor::addInt32Data);
        return tensor;
    }

    private static TensorProto.Builder floats(float... values) {
        TensorProto.Builder tensor = TensorProto.newBuilder()
                .setDataType(TensorProto.DataType.FLOAT_VALUE)
                .addDims(values.length);
        for (float value : values) {
            tensor.addFloatData(value);
        }
        return tensor;
    }

    static Stream<Case> cases() {
        return Stream.of(activations(), norms(), attention(), recurrence(), windows(), older())
                .flatMap(each -> each);
    }

    private static Stream<Case> activations() {
        return Stream.of(
                new Case("", "Celu", 17).input(3, 4).with("alpha", 1.5),
                new Case("", "ThresholdedRelu", 17).input(3, 4).with("alpha", 0.3),
                new Case("by default", "Shrink", 17).input(3, 4),
                new Case("", "Shrink", 17).input(3, 4).with("lambd", 0.4).with("bias", 0.1),
                new Case("", "Scaler", 17)
                        .input(2, 3)
                        .domain("ai.onnx.ml")
                        .with("offset", new float[] {0.1f, 0.2f, 0.3f})
                        .with("scale", new float[] {2, 3, 4}),
                new Case("", "FusedGemm", 17)
                        .input(2, 3)
                        .input(4, 3)
                        .input(4)
                        .domain("com.microsoft")
                        .with("transB", 1)
                        .with("activation", "Relu"));
    }

    private static Stream<Case> norms() {
        return Stream.of(
                new Case("p 2", "LpNormalization", 17).input(3, 4).with("axis", 1),
                new Case("p 1", "LpNormalization", 17)
                        .input(3, 4)
                        .with("axis", 0)
                        .with("p", 1),
                new Case("", "MeanVarianceNormalization", 17).input(2, 3, 2, 2),
                new Case("", "LRN", 17)
                        .input(1, 6, 2, 2)
                        .with("size", 3)
                        .with("alpha", 0.5)
                        .with("bias", 2.0),
                new Case("", "RMSNormalization", 23).input(2, 3, 4).input(4),
                new Case("two axes", "RMSNormalization", 23)
                        .input(2, 3, 4)
                        .input(3, 4)
                        .with("axis", 1)
                        .with("epsilon", 0.1),
                new Case("", "SimplifiedLayerNormalization", 17).input(2, 4).input(4),
                new Case("", "SkipLayerNormalization", 17)
                        .input(2, 3, 4)
                        .input(2, 3, 4)
                        .input(4)
                        .input(4)
                        .input(4)
                        .domain("com.microsoft")
                        .with("epsilon", 0.01)
                        .outputs("", "", "sum"),
                new Case("", "SkipSimplifiedLayerNormalization", 17)
                        .input(2, 3, 4)
                        .input(2, 3, 4)
                        .input(4)
                        .domain("com.microsoft")
                        .with("epsilon", 0.01)
                        .outputs("", "", "sum"));
    }

    private static Stream<Case> attention() {
        return Stream.of(
                new Case("of heads", "Attention", 23)
                        .input(2, 3, 4, 5)
                        .input(2, 3, 6, 5)
                        .input(2, 3, 6, 2),
                new Case("joined, fewer keys", "Attention", 23)
                        .input(2, 4, 12)
                        .input(2, 4, 6)
                        .input(2, 4, 6)
                        .with("q_num_heads", 4)
                        .with("kv_num_heads", 2)
                        .with("is_causal", 1)
                        .with("scale", 0.3),
                new Case("masked", "Attention", 23)
                        .input(1, 2, 3, 4)
                        .input(1, 2, 3, 4)
                        .input(1, 2, 3, 4)
                        .input(3, 3)
                        .with("softcap", 0.7),
                new Case("", "RotaryEmbedding", 23)
                        .input(2, 2, 3, 4)
                        .input(2, 3, 2)
                        .input(2, 3, 2),
                new Case("interleaved, a part", "RotaryEmbedding", 23)
                        .input(2, 3, 12)
                        .input(2, 3, 2)
                        .input(2, 3, 2)
                        .with("interleaved", 1)
                        .with("num_heads", 2)
                        .with("rotary_embedding_dim", 4));
    }

    private static Case recurrent(String name, String operator, int gates, int directions) {
        return new Case(name, operator, 17)
                .input(4, 2, 3)
                .input(directions, gates * 2L, 3)
                .input(directions, gates * 2L, 2)
                .input(directions, gates * 4L)
                .scale(1)
                .with("hidden_size", 2);
    }

    private static Stream<Case> recurrence() {
        return Stream.of(
                recurrent("", "RNN", 1, 1).outputs("h"),
                recurrent("both ways", "RNN", 1, 2)
                        .with("direction", "bidirectional")
                        .with("activations", List.of("Relu", "Tanh"))
                        .outputs("h"),
                recurrent("backwards, of two lengths", "RNN", 1, 1)
                        .constant(ints(4, 2))
                        .input(1, 2, 2)
                        .with("direction", "reverse")
                        .outputs("h"),
                recurrent("of two lengths", "LSTM", 4, 2)
                        .constant(ints(3, 4))
                        .input(2, 2, 2)
                        .input(2, 2, 2)
                        .with("direction", "bidirectional")
                        .outputs("h", "c"),
                recurrent("peepholes", "LSTM", 4, 1)
                        .without()
                        .input(1, 2, 2)
                        .input(1, 2, 2)
                        .input(1, 6)
                        .outputs("h", "c"),
                recurrent("HardSigmoid", "LSTM", 4, 1)
                        .with("activations", List.of("HardSigmoid", "Tanh", "Tanh"))
                        .outputs("h", "c"),
                recurrent("HardSigmoid", "GRU", 3, 1)
                        .with("activations", List.of("HardSigmoid", "Tanh"))
                        .outputs("h"),
                recurrent("of two lengths, reset behind", "GRU", 3, 1)
                        .constant(ints(2, 4))
                        .with("linear_before_reset", 1)
                        .outputs("h"));
    }

    private static Stream<Case> windows() {
        long[] three = {3, 3};
        long[] two = {2, 2};
        return Stream.of(
                new Case("", "GridSample", 20)
                        .input(2, 3, 4, 5)
                        .input(2, 3, 2, 2)
                        .with("mode", "linear"),
                new Case("border, aligned", "GridSample", 20)
                        .input(1, 2, 4, 5)
                        .input(1, 3, 3, 2)
                        .with("padding_mode", "border")
                        .with("align_corners", 1),
                new Case("nearest", "GridSample", 20)
                        .input(1, 2, 4, 5)
                        .input(1, 3, 3, 2)
                        .with("mode", "nearest"),
                new Case("rounded up to the same", "AveragePool", 17)
                        .input(1, 2, 6, 6)
                        .with("kernel_shape", two)
                        .with("strides", two)
                        .with("ceil_mode", 1),
                new Case("kept ratio", "Resize", 18)
                        .input(1, 2, 4, 4)
                        .without()
                        .without()
                        .constant(longs(8, 12))
                        .with("mode", "linear")
                        .with("axes", new long[] {2, 3})
                        .with("keep_aspect_ratio_policy", "not_larger"),
                new Case("dilated", "Conv", 17)
                        .input(1, 2, 5, 5)
                        .input(3, 2, 3, 3)
                        .with("kernel_shape", three)
                        .with("dilations", two)
                        .with("pads", new long[] {2, 2, 2, 2}),
                window("same, upper", "Conv", 7, 6).input(3, 2, 2, 3).with("auto_pad", "SAME_UPPER"),
                window("same, lower", "Conv", 7, 6).input(3, 2, 2, 3).with("auto_pad", "SAME_LOWER"),
                window("valid", "Conv", 7, 6).input(3, 2, 2, 3).with("auto_pad", "VALID"),
                window("same", "FusedConv", 7, 6)
                        .domain("com.microsoft")
                        .input(3, 2, 2, 3)
                        .with("auto_pad", "SAME_LOWER")
                        .with("activation", "Tanh"),
                window("same, upper", "ConvTranspose", 4, 3).input(2, 3, 3, 3).with("auto_pad", "SAME_UPPER"),
                window("same, lower", "ConvTranspose", 4, 3).input(2, 3, 3, 3).with("auto_pad", "SAME_LOWER"),
                window("valid", "ConvTranspose", 4, 3).input(2, 3, 3, 3).with("auto_pad", "VALID"),
                window("sized", "ConvTranspose", 4, 3).input(2, 3, 3, 3).with("output_shape", new long[] {8, 7}),
                pool("same, upper", "MaxPool", 7, 6).with("auto_pad", "SAME_UPPER"),
                pool("same, lower", "MaxPool", 7, 6).with("auto_pad", "SAME_LOWER"),
                pool("up", "MaxPool", 8, 6).with("ceil_mode", 1),
                pool("up, padded", "MaxPool", 6, 8).with("ceil_mode", 1).with("pads", new long[] {1, 0, 1, 1}),
                pool("up, dilated", "MaxPool", 8, 7).with("ceil_mode", 1).with("dilations", new long[] {2, 1}),
                pool("same, upper", "AveragePool", 7, 6).with("auto_pad", "SAME_UPPER"),
                pool("same, lower", "AveragePool", 7, 6).with("auto_pad", "SAME_LOWER"),
                pool("up", "AveragePool", 8, 6).with("ceil_mode", 1),
                pool("up, padded", "AveragePool", 6, 8).with("ceil_mode", 1).with("pads", new long[] {1, 1, 1, 1}),
                pool("up, padding counted", "AveragePool", 6, 8)
                        .with("ceil_mode", 1)
                        .with("count_include_pad", 1)
                        .with("pads", new long[] {1, 1, 1, 1}));
    }

    private static Case window(String name, String operator, long height, long width) {
        return new Case(name, operator, 19).input(1, 2, height, width).with("strides", new long[] {2, 2});
    }

    private static Case pool(String name, String operator, long height, long width) {
        return window(name, operator, height, width).with("kernel_shape", new long[] {3, 3});
    }

    /** Runtimes differ in what they take the other forms for. */
    @ParameterizedTest
    @MethodSource("windows")
    void windowsHaveTheirPaddingAsNumbers(Case each) throws Exception {
        Graph read = OnnxFile.parse(each.model(), "one.onnx").graph();
        for (String implicit : List.of("auto_pad", "ceil_mode", "output_shape")) {
            assertTrue(read.nodes().stream().noneMatch(node -> node.attributes().has(implicit)), implicit);
        }
    }

    private static Stream<Case> older() {
        return Stream.of(
                new Case("attributes", "Clip", 9).input(3, 4).with("min", -0.5).with("max", 0.25),
                new Case("one attribute", "Clip", 9).input(3, 4).with("max", 0.25),
                new Case("attributes", "Pad", 9)
                        .input(2, 3)
                        .with("pads", new long[] {0, 1, 1, 2})
                        .with("value", 0.5),
                new Case("attributes", "Slice", 9)
                        .input(3, 4, 2)
                        .with("starts", new long[] {1, -3})
                        .with("ends", new long[] {3, 100})
                        .with("axes", new long[] {0, 1}),
                new Case("all axes", "Slice", 9)
                        .input(3, 4)
                        .with("starts", new long[] {0, 1})
                        .with("ends", new long[] {2, 3}),
                new Case("", "Upsample", 9).input(1, 2, 2, 3).constant(floats(1, 1, 2, 3)),
                new Case("", "Resize", 10)
                        .input(1, 2, 2, 3)
                        .constant(floats(1, 1, 2, 2))
                        .with("mode", "linear"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void computesWhatTheOperatorItselfDoes(Case each) throws Exception {
        byte[] original = each.model();
        Graph read = OnnxFile.parse(original, "one.onnx").graph();
        Map<String, Tensor> fed = new LinkedHashMap<>();
        Lcg random = new Lcg(each.toString().hashCode());
        for (int i = 0; i < each.shapes.size(); i++) {
            fed.put("x" + i, random.tensor(each.scale, each.shapes.get(i)));
        }
        Map<String, Value> outputs = new LinkedHashMap<>(read.outputs());
        Value first = read.inputs().get(0);
        Ops ops = new Ops();
        Value y = read.output("y");
        Value loss = ops.reduceSum(ops.mul(y, y), false);
        outputs.put(
                "gradient",
                Objects.requireNonNull(Backward.gradients(loss, List.of(first)).get(first)));
        Map<String, Tensor> found = GraphRunner.run(Graph.of("read", read.inputs(), outputs), fed);
        Map<String, Tensor> expected;
        try (GraphRunner runner = new GraphRunner(read, original)) {
            expected = runner.run(fed);
        }
        expected.forEach((name, tensor) -> compare(each, name, tensor, Objects.requireNonNull(found.get(name))));
        for (float slope : Objects.requireNonNull(found.get("gradient")).floats()) {
            assertTrue(Float.isFinite(slope));
        }
    }

    private static void compare(Case each, String name, Tensor expected, Tensor found) {
        assertEquals(expected.type(), found.type(), name);
        float[] wanted = expected.floats();
        float[] values = found.floats();
        for (int i = 0; i < wanted.length; i++) {
            double error = Math.abs(wanted[i] - values[i]) / Math.max(1, Math.abs(wanted[i]));
            assertTrue(
                    error < TOLERANCE,
                    each + ": " + name + "[" + i + "]: expected " + wanted[i] + ", found " + values[i]);
        }
    }
}

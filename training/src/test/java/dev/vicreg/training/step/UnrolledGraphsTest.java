package dev.vicreg.training.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.protobuf.TextFormat;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Loops, lists of tensors and integers with scales are read as what ONNX Runtime computes for the file itself. */
final class UnrolledGraphsTest {
    private static final String W =
            "initializer { name: 'w' dims: 2 dims: 2 data_type: 1 float_data: [0.5, -0.3, 0.2, 0.9] } ";

    private static String input(String name, int type, long... dims) {
        StringBuilder shape = new StringBuilder();
        for (long dim : dims) {
            shape.append("dim { dim_value: ").append(dim).append(" } ");
        }
        return name + " type { tensor_type { elem_type: " + type + " shape { " + shape + "} } }";
    }

    private static String value(String kind, String name, int type, long... dims) {
        return kind + " { name: " + input("'" + name + "'", type, dims) + " } ";
    }

    private static String node(String operator, List<String> inputs, List<String> outputs, String attributes) {
        StringBuilder text = new StringBuilder("node { op_type: '" + operator + "' ");
        inputs.forEach(name -> text.append("input: '").append(name).append("' "));
        outputs.forEach(name -> text.append("output: '").append(name).append("' "));
        return text.append(attributes).append(" } ").toString();
    }

    private static String node(String operator, List<String> inputs, String output) {
        return node(operator, inputs, List.of(output), "");
    }

    private static String number(String name, int attributeType, String field, Object value) {
        return "attribute { name: '" + name + "' type: " + kind(attributeType) + " " + field + ": " + value + " } ";
    }

    private static String kind(int type) {
        return Objects.requireNonNull(ai.onnx.proto.OnnxMl.AttributeProto.AttributeType.forNumber(type))
                .name();
    }

    private static String integer(String name, long value) {
        return number(name, 2, "i", value);
    }

    private static String integers(String name, long value) {
        return number(name, 7, "ints", value);
    }

    private static String whole(String name, long value) {
        return "initializer { name: '" + name + "' data_type: 7 int64_data: " + value + " } ";
    }

    private static String floats(String name, int dims, Object values) {
        return "initializer { name: '" + name + "' dims: " + dims + " data_type: 1 float_data: " + values + " } ";
    }

    private static OnnxFile.Model compare(int opset, String graph, long... input) throws IOException {
        ModelProto.Builder model = ModelProto.newBuilder();
        TextFormat.merge(
                "ir_version: " + (opset > 20 ? 10 : 8) + " opset_import { domain: '' version: " + opset
                        + " } graph { name: 'g' " + graph + " }",
                model);
        byte[] bytes = model.build().toByteArray();
        OnnxFile.Model read = OnnxFile.parse(bytes, "one.onnx");
        Map<String, Tensor> fed = new LinkedHashMap<>();
        if (input.length > 0) {
            fed.put("x", new Lcg(7).tensor(1, input));
        }
        Map<String, Tensor> found = GraphRunner.run(read.graph(), fed);
        try (GraphRunner original = new GraphRunner(read.graph(), bytes)) {
            original.run(fed).forEach((name, expected) -> {
                Tensor actual = Objects.requireNonNull(found.get(name));
                assertEquals(expected.type(), actual.type(), name);
                if (expected.type().element().isFloatingPoint()) {
                    assertArrayEquals(expected.floats(), actual.floats(), 1e-6f, name);
                } else {
                    assertEquals(expected, actual, name);
                }
            });
        }
        return read;
    }

    /** h ← tanh(h·w + u), which also is what each step gives; it goes on while {@code goesOn} says so. */
    private static String loop(String most, String condition, String goesOn) {
        return W
                + "initializer { name: 'two' data_type: 7 int64_data: 2 } "
                + "initializer { name: 'five' data_type: 7 int64_data: 5 } "
                + "initializer { name: 'yes' data_type: 9 int32_data: 1 } "
                + value("input", "x", 1, 3, 2)
                + value("output", "h", 1, 3, 2)
                + value("output", "rows", 1).replace("shape { }", "shape { dim { } dim { } dim { } }")
                + node(
                        "Loop",
                        List.of(most, condition, "x"),
                        List.of("h", "rows"),
                        "attribute { name: 'body' type: GRAPH g { name: 'b' "
                                + value("input", "i", 7)
                                + value("input", "c", 9)
                                + value("input", "before", 1, 3, 2)
                                + value("output", "on", 9)
                                + value("output", "after", 1, 3, 2)
                                + value("output", "row", 1, 3, 2)
                                + floats("u", 2, "[0.3, -0.1]")
                                + goesOn
                                + node("MatMul", List.of("before", "w"), "p")
                                + node("Add", List.of("p", "u"), "s")
                                + node("Tanh", List.of("s"), "after")
                                + node("Identity", List.of("after"), "row")
                                + " } } ");
    }

    private static final String ALWAYS = node("Identity", List.of("c"), "on");

    @Test
    void loopsOfKnownLengthAreUnrolled() throws IOException {
        OnnxFile.Model read = compare(17, loop("five", "yes", ALWAYS), 3, 2);
        assertEquals(
                5,
                read.graph().nodes().stream()
                        .filter(node -> node.op().onnxName().equals("Tanh"))
                        .count());
        assertTrue(read.initializers().keySet().containsAll(List.of("w", "h.u")), "weights of graph and body");
    }

    @ParameterizedTest
    @CsvSource({"'', yes", "five, ''", "five, yes"})
    void loopsEndWhereTheirConditionDoes(String most, String condition) throws IOException {
        String less = node("Less", List.of("i", "two"), "on");
        assertEquals(
                3,
                compare(17, loop(most, condition, less), 3, 2).graph().nodes().stream()
                        .filter(node -> node.op().onnxName().equals("Tanh"))
                        .count());
    }

    @Test
    void loopsWithoutAnEndAreRefused() {
        String message = assertThrows(IOException.class, () -> compare(17, loop("", "yes", ALWAYS), 3, 2))
                .getMessage();
        assertTrue(message.contains("runs more than 10000 steps"), message);
        String open = node("ReduceSum", List.of("before"), List.of("sum"), integer("keepdims", 0))
                + "node { op_type: 'Cast' input: 'sum' output: 'on' " + integer("to", 9) + "} ";
        message = assertThrows(IOException.class, () -> compare(17, loop("five", "yes", open), 3, 2))
                .getMessage();
        assertTrue(message.contains("since whether it goes on is not constant: export"), message);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void scansAreUnrolled(int direction) throws IOException {
        String scan = W
                + floats("h0", 2, "[0.1, 0.2]")
                + value("input", "x", 1, 3, 4, 2)
                + value("output", "h", 1).replace("shape { }", "shape { dim { } dim { } }")
                + value("output", "rows", 1, 3, 4, 2)
                + node("Gather", List.of("x", "zero"), List.of("first"), integer("axis", 1))
                + whole("zero", 0)
                + node("Mul", List.of("first", "h0"), "start")
                + node(
                        "Scan",
                        List.of("start", "x"),
                        List.of("h", "rows"),
                        integer("num_scan_inputs", 1)
                                + integers("scan_input_axes", 1)
                                + integers("scan_output_axes", 1)
                                + integers("scan_input_directions", direction)
                                + integers("scan_output_directions", direction)
                                + "attribute { name: 'body' type: GRAPH g { name: 'b' "
                                + value("input", "before", 1, 3, 2)
                                + value("input", "element", 1, 3, 2)
                                + value("output", "after", 1, 3, 2)
                                + value("output", "row", 1, 3, 2)
                                + node("MatMul", List.of("before", "w"), "p")
                                + node("Add", List.of("p", "element"), "s")
                                + node("Tanh", List.of("s"), "after")
                                + node("Neg", List.of("s"), "row")
                                + " } } ");
        compare(17, scan, 3, 4, 2);
    }

    @Test
    void listsAreReadAsTheirTensors() throws IOException {
        String lists = value("input", "x", 1, 3, 5)
                + whole("two", 2)
                + whole("last", -1)
                + whole("one", 1)
                + node("SplitToSequence", List.of("x", "two"), List.of("parts"), integer("axis", 1)) // 2, 2, 1
                + node("SequenceAt", List.of("parts", "last"), "a")
                + value("output", "a", 1, 3, 1)
                + node("SequenceLength", List.of("parts"), "n")
                + value("output", "n", 7)
                + node("SequenceErase", List.of("parts", "last"), "pair")
                + node("SequenceInsert", List.of("pair", "a", "one"), "mixed") // 2, 1, 2
                + node("SequenceInsert", List.of("mixed", "a", "last"), "more") // 2, 1, 1, 2
                + node("ConcatFromSequence", List.of("more"), List.of("b"), integer("axis", -1))
                + value("output", "b", 1, 3, 6)
                + node("ConcatFromSequence", List.of("pair"), List.of("c"), integer("axis", 1) + integer("new_axis", 1))
                + value("output", "c", 1, 3, 2, 2)
                + node("SplitToSequence", List.of("x"), List.of("columns"), integer("axis", 1) + integer("keepdims", 0))
                + node("SequenceAt", List.of("columns", "one"), "d")
                + value("output", "d", 1, 3)
                + node("SequenceConstruct", List.of("d", "d"), "twice")
                + node("ConcatFromSequence", List.of("twice"), List.of("e"), integer("axis", 0))
                + value("output", "e", 1, 6);
        compare(17, lists, 3, 5);
    }

    @Test
    void aListIsNotTakenForATensor() {
        String lists = value("input", "x", 1, 3, 4)
                + whole("two", 2)
                + node("SplitToSequence", List.of("x", "two"), List.of("parts"), integer("axis", 1))
                + node("Relu", List.of("parts"), "y")
                + value("output", "y", 1);
        String message =
                assertThrows(IOException.class, () -> compare(17, lists, 3, 4)).getMessage();
        assertTrue(message.contains("Relu does not take a list of tensors"), message);
    }

    private static String quantised(int type, String scales, String zeros, String attributes) {
        List<String> inputs = zeros.isEmpty() ? List.of("q", "s") : List.of("q", "s", "z");
        return value("input", "x", 1, 2, 4)
                + "initializer { name: 'q' dims: 2 dims: 4 data_type: " + type
                + " int32_data: [5, -100, 7, 127, 1, 0, -3, 90] } ".replace("-", type == 2 ? "" : "-")
                + "initializer { name: 's' data_type: 1 " + scales + " } "
                + (zeros.isEmpty() ? "" : "initializer { name: 'z' data_type: " + type + " " + zeros + " } ")
                + node("DequantizeLinear", inputs, List.of("wide"), attributes)
                + node("Add", List.of("x", "wide"), "y") // ONNX Runtime computes a MatMul with integers
                + value("output", "y", 1, 2, 4);
    }

    @Test
    void integersWithScalesAreFloatWeights() throws IOException {
        List<String> cases = List.of(
                quantised(2, "float_data: 0.02", "int32_data: 128", ""),
                quantised(3, "float_data: 0.02", "", ""),
                quantised(6, "float_data: 0.02", "", ""),
                quantised(3, "dims: 2 float_data: [0.02, 0.5]", "dims: 2 int32_data: [3, -4]", integer("axis", 0)),
                quantised(
                        3,
                        "dims: 4 float_data: [0.02, 0.5, 0.1, 0.3]",
                        "dims: 4 int32_data: [3, -4, 0, 1]",
                        integer("axis", -1)),
                quantised(
                        3,
                        "dims: 2 dims: 2 float_data: [0.02, 0.5, 0.1, 0.3]",
                        "dims: 2 dims: 2 int32_data: [3, -4, 0, 1]",
                        integer("axis", 1) + integer("block_size", 2)));
        for (String each : cases) {
            OnnxFile.Model read = compare(21, each, 2, 4);
            assertTrue(read.initializers().containsKey("wide"), "to be trained");
        }
        String message = assertThrows(
                        IOException.class,
                        () -> compare(
                                21,
                                quantised(3, "float_data: 0.02", "", "")
                                        .replace("'wide'", "'z'")
                                        .replace("input: 'q'", "input: 'x'"),
                                2,
                                4))
                .getMessage();
        assertTrue(message.contains("take the float file"), message);
    }
}

package dev.vicreg.models.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each operator makes of its inputs' types; for standard operators ONNX's own inference must agree. */
class ShapeRulesTest {
    @TempDir
    Path folder;

    /** One application: inputs by type as text, and what comes out. */
    record Case(String name, String expected, List<String> inputs, Function<List<Value>, Value> build) {
        Value output(List<Value> values) {
            return build.apply(values);
        }

        @Override
        public String toString() {
            return name + inputs + " = " + expected;
        }
    }

    static final Ops OPS = new Ops().scope("here");

    static Case of(String name, String expected, Function<List<Value>, Value> build, String... inputs) {
        return new Case(name, expected, List.of(inputs), build);
    }

    static Value one(OpType op, Attributes attributes, Value... inputs) {
        return OPS.node(op, Arrays.asList(inputs), attributes).output(0);
    }

    static Stream<Case> standardOperators() {
        return Stream.of(
                of("reshape keeping N", "float[N,12]", v -> OPS.reshape(v.get(0), 0, -1), "float[N,3,4]"),
                of("reshape inferring N", "float[N,2,6]", v -> OPS.reshape(v.get(0), -1, 2, 6), "float[N,3,4]"),
                of("reshape, fixed", "float[2,12]", v -> OPS.reshape(v.get(0), 2, -1), "float[4,6]"),
                of("reshape to a row", "float[24]", v -> OPS.reshape(v.get(0), -1), "float[4,6]"),
                of("flatten", "float[N,12]", v -> OPS.flatten(v.get(0), 1), "float[N,3,2,2]"),
                of("flatten late", "float[6,4]", v -> OPS.flatten(v.get(0), 2), "float[2,3,4]"),
                of("transpose", "float[N,3,8,9]", v -> OPS.transpose(v.get(0), 0, 3, 1, 2), "float[N,8,9,3]"),
                of("expand", "float[2,3]", v -> OPS.expand(v.get(0), Shape.of(2, 3)), "float[2,1]"),
                of("concat", "float[N,5]", v -> OPS.concat(1, v.get(0), v.get(1)), "float[N,2]", "float[N,3]"),
                of(
                        "concat from the back",
                        "float[2,5]",
                        v -> OPS.concat(-1, v.get(0), v.get(1)),
                        "float[2,2]",
                        "float[2,3]"),
                of("slice", "float[N,3]", v -> OPS.slice(v.get(0), 1, 2, 8, 2), "float[N,9]"),
                of("slice beyond the end", "float[4]", v -> OPS.slice(v.get(0), 0, 5, Long.MAX_VALUE, 1), "float[9]"),
                of("slice backwards", "float[9]", v -> OPS.slice(v.get(0), 0, -1, Long.MIN_VALUE, -1), "float[9]"),
                of("slice backwards in steps", "float[3]", v -> OPS.slice(v.get(0), 0, 7, 1, -2), "float[9]"),
                of("slice of nothing", "float[0]", v -> OPS.slice(v.get(0), 0, 5, 2, 1), "float[9]"),
                of("pad", "float[N,3,7,6]", v -> OPS.pad(v.get(0), 0, 0, 1, 0, 0, 0, 2, 2), "float[N,3,4,4]"),
                of("zeros", "float[2,3]", v -> OPS.add(OPS.zeros(Shape.of(2, 3)), v.get(0)), "float[]"),
                of(
                        "scatter",
                        "float[9]",
                        v -> OPS.scatterAdd(v.get(0), v.get(1), v.get(2)),
                        "float[9]",
                        "int64[4]",
                        "float[4]"),
                of("matMul", "float[N,5]", v -> OPS.matMul(v.get(0), v.get(1)), "float[N,3]", "float[3,5]"),
                of(
                        "matMul, batched",
                        "float[7,N,5]",
                        v -> OPS.matMul(v.get(0), v.get(1)),
                        "float[7,N,3]",
                        "float[1,3,5]"),
                of(
                        "gemm",
                        "float[N,5]",
                        v -> OPS.gemm(v.get(0), v.get(1), v.get(2), false, true),
                        "float[N,3]",
                        "float[5,3]",
                        "float[5]"),
                of(
                        "gemm, transposed",
                        "float[3,5]",
                        v -> OPS.gemm(v.get(0), v.get(1), null, true, false),
                        "float[N,3]",
                        "float[N,5]"),
                of(
                        "conv",
                        "float[N,8,16,15]",
                        v -> OPS.conv(v.get(0), v.get(1), null, Ops.window(3, 2, 1)),
                        "float[N,3,32,30]",
                        "float[8,3,3,3]"),
                of(
                        "conv of groups with bias",
                        "float[2,8,30,30]",
                        v -> OPS.conv(v.get(0), v.get(1), v.get(2), Attributes.NONE.with("group", 2L)),
                        "float[2,4,32,32]",
                        "float[8,2,3,3]",
                        "float[8]"),
                of(
                        "dilated conv",
                        "float[2,8,5,5]",
                        v -> OPS.conv(v.get(0), v.get(1), null, Attributes.NONE.with("dilations", 2L, 2L)),
                        "float[2,4,9,9]",
                        "float[8,4,3,3]"),
                of(
                        "maxPool",
                        "float[N,3,16,16]",
                        v -> OPS.maxPool(v.get(0), Ops.window(3, 2, 1)).output(0),
                        "float[N,3,32,32]"),
                of(
                        "maxPool's indices",
                        "int64[N,3,16,16]",
                        v -> OPS.maxPool(v.get(0), Ops.window(3, 2, 1)).output(1),
                        "float[N,3,32,32]"),
                of("globalAveragePool", "float[N,3,1,1]", v -> OPS.globalAveragePool(v.get(0)), "float[N,3,8,9]"),
                of(
                        "batchNormalization",
                        "float[N,3,8,8]",
                        v -> OPS.batchNormalization(v.get(0), v.get(1), v.get(2), v.get(3), v.get(4), 1e-5f),
                        "float[N,3,8,8]",
                        "float[3]",
                        "float[3]",
                        "float[3]",
                        "float[3]"));
    }

    static Stream<Case> runtimesOperators() {
        Attributes channels = Attributes.NONE.with("channels", 20L);
        return Stream.of(
                of(
                        "reluGrad",
                        "float[N,3]",
                        v -> one(OpType.RELU_GRAD, Attributes.NONE, v.get(0), v.get(1)),
                        "float[N,3]",
                        "float[N,3]"),
                of(
                        "inPlace",
                        "bool[1]",
                        v -> one(OpType.IN_PLACE_ACCUMULATOR, Attributes.NONE, v.get(0), v.get(1), v.get(2)),
                        "float[3]",
                        "float[3]",
                        "bool[]"),
                of(
                        "group",
                        "bool[]",
                        v -> one(OpType.GROUP, Attributes.NONE, v.get(0), v.get(1)),
                        "float[3]",
                        "int64[2]"),
                of(
                        "reorderInput",
                        "float[2,32,8,8]",
                        v -> one(OpType.REORDER_INPUT, Attributes.NONE, v.get(0)),
                        "float[2,32,8,8]"),
                of(
                        "reorderOutput",
                        "float[2,20,8,8]",
                        v -> one(OpType.REORDER_OUTPUT, channels, v.get(0)),
                        "float[2,32,8,8]"),
                of(
                        "blockedConv",
                        "float[2,64,8,8]",
                        v -> one(OpType.BLOCKED_CONV, Ops.window(3, 1, 1), v.get(0), v.get(1)),
                        "float[2,32,8,8]",
                        "float[64,32,3,3]"));
    }

    /** What a user would get wrong, and the part of the message that says so. */
    static Stream<Case> mistakes() {
        return Stream.of(
                of("reshape", "24 elements do not fit", v -> OPS.reshape(v.get(0), 5, 5), "float[4,6]"),
                of("reshape", "-1 cannot be told", v -> OPS.reshape(v.get(0), 5, -1), "float[4,6]"),
                of(
                        "concat",
                        "shapes differ outside axis 0",
                        v -> OPS.concat(0, v.get(0), v.get(1)),
                        "float[2,3]",
                        "float[2,4]"),
                of(
                        "slice",
                        "axis 0 of [N,3] is needed but symbolic",
                        v -> OPS.slice(v.get(0), 0, 0, 1, 1),
                        "float[N,3]"),
                of(
                        "matMul",
                        "[2,3] and [2,3] cannot be multiplied",
                        v -> OPS.matMul(v.get(0), v.get(1)),
                        "float[2,3]",
                        "float[2,3]"),
                of(
                        "gemm",
                        "[N,5] and [4] do not broadcast",
                        v -> OPS.gemm(v.get(0), v.get(1), v.get(2), false, false),
                        "float[N,3]",
                        "float[3,5]",
                        "float[4]"),
                of(
                        "conv",
                        "input channels 4 do not fit the weights",
                        v -> OPS.conv(v.get(0), v.get(1), null, Ops.window(3, 1, 1)),
                        "float[N,4,8,8]",
                        "float[8,3,3,3]"),
                of(
                        "conv",
                        "a window of 9 does not fit into 8",
                        v -> OPS.conv(v.get(0), v.get(1), null, Ops.window(9, 1, 0)),
                        "float[N,3,8,8]",
                        "float[8,3,9,9]"),
                of(
                        "batchNormalization",
                        "statistics float[4] do not fit the channels",
                        v -> one(
                                OpType.BATCH_NORM_INTERNAL,
                                Attributes.NONE,
                                v.get(0),
                                v.get(1),
                                v.get(1),
                                v.get(1),
                                v.get(1)),
                        "float[2,3,8,8]",
                        "float[4]"),
                of("add", "Add takes 2 inputs, found 1", v -> one(OpType.ADD, Attributes.NONE, v.get(0)), "float[2]"));
    }

    @ParameterizedTest
    @MethodSource({
        "standardOperators",
        "dev.vicreg.models.graph.NeuralShapeCases#cases",
        "dev.vicreg.models.graph.ElementwiseShapeCases#cases",
        "dev.vicreg.models.graph.AxisShapeCases#cases"
    })
    void standardOperatorsAgreeWithOnnx(Case each) throws IOException {
        List<Value> inputs = inputs(each);
        Value output = each.output(inputs);
        assertEquals(each.expected, output.type().toString());
        OnnxChecker.check(OnnxFile.bytes(Graph.of("case", inputs, Map.of("output", output)), Map.of()), folder);
    }

    @ParameterizedTest
    @MethodSource("runtimesOperators")
    void runtimesOperatorsGiveTheirTypes(Case each) {
        assertEquals(each.expected, each.output(inputs(each)).type().toString());
    }

    @ParameterizedTest
    @MethodSource({
        "mistakes",
        "dev.vicreg.models.graph.NeuralShapeCases#mistakes",
        "dev.vicreg.models.graph.ElementwiseShapeCases#mistakes",
        "dev.vicreg.models.graph.AxisShapeCases#mistakes"
    })
    void mistakesAreReportedWhereTheyAreMade(Case each) {
        List<Value> inputs = inputs(each);
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> each.output(inputs))
                .getMessage());
        assertTrue(message.contains(each.expected), message);
        assertTrue(message.contains(" at here"), message);
    }

    @Test
    void whatIsFedAtRunTimeLeavesSizesUnknown() {
        List<Value> v = List.of(
                Value.input("x", type("float[N,3,4]")),
                Value.input("axes", type("int64[2]")),
                Value.input("k", type("int64[1]")));
        Attributes dropped = Attributes.NONE.with("keepdims", 0L);
        Shape reduced = one(OpType.REDUCE_SUM, dropped, v.get(0), v.get(1)).shape();
        assertTrue(reduced.rank() == 1 && reduced.at(0).isUnknown(), reduced.toString());
        Shape kept = one(OpType.REDUCE_SUM, Attributes.NONE, v.get(0), v.get(1)).shape();
        assertTrue(kept.rank() == 3 && kept.dims().stream().allMatch(Dim::isUnknown), kept.toString());
        Shape largest = one(OpType.TOP_K, Attributes.NONE, v.get(0), v.get(2)).shape();
        assertEquals(v.get(0).shape(), largest.with(2, Dim.of(4)));
        assertTrue(largest.at(2).isUnknown());
        assertTrue(Shape.broadcast(kept, v.get(0).shape()).at(0).isUnknown());
        assertEquals(Dim.of(4), Shape.broadcast(kept, v.get(0).shape()).at(2));
    }

    @ParameterizedTest
    @EnumSource
    void everyOperatorHasAShapeRule(OpType op) {
        try {
            ShapeRules.infer(op, List.of(), Attributes.NONE);
        } catch (RuntimeException e) { // about the inputs that are missing here
            assertFalse(String.valueOf(e.getMessage()).contains("no shape rule"), e.getMessage());
        }
    }

    private static List<Value> inputs(Case each) {
        List<Value> values = new ArrayList<>();
        for (String text : each.inputs) {
            values.add(Value.input("input" + values.size(), type(text)));
        }
        return values;
    }

    /** Reads {@code float[N,3]}. */
    private static TensorType type(String text) {
        int open = text.indexOf('[');
        ElementType element = ElementType.valueOf(text.substring(0, open).toUpperCase(java.util.Locale.ROOT));
        String dims = text.substring(open + 1, text.length() - 1);
        List<Dim> parsed = dims.isEmpty()
                ? List.of()
                : Arrays.stream(dims.split(","))
                        .map(dim -> Character.isDigit(dim.charAt(0)) ? Dim.of(Long.parseLong(dim)) : Dim.symbol(dim))
                        .toList();
        return new TensorType(element, new Shape(parsed));
    }
}

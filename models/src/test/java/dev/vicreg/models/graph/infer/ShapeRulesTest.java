package dev.vicreg.models.graph.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxChecker;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
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

    static Case shaped(String name, String expected, Function<List<Value>, Value> build, String... inputs) {
        return new Case(name, expected, List.of(inputs), build);
    }

    static Value one(OpType op, Attributes attributes, Value... inputs) {
        return OPS.node(op, Arrays.asList(inputs), attributes).output(0);
    }

    static Stream<Case> standardOperators() {
        return Stream.of(
                shaped("matMul", "float[N,5]", v -> OPS.matMul(v.get(0), v.get(1)), "float[N,3]", "float[3,5]"),
                shaped(
                        "matMul, batched",
                        "float[7,N,5]",
                        v -> OPS.matMul(v.get(0), v.get(1)),
                        "float[7,N,3]",
                        "float[1,3,5]"),
                shaped(
                        "gemm",
                        "float[N,5]",
                        v -> OPS.gemm(v.get(0), v.get(1), v.get(2), false, true),
                        "float[N,3]",
                        "float[5,3]",
                        "float[5]"),
                shaped(
                        "gemm, transposed",
                        "float[3,5]",
                        v -> OPS.gemm(v.get(0), v.get(1), null, true, false),
                        "float[N,3]",
                        "float[N,5]"),
                shaped(
                        "conv",
                        "float[N,8,16,15]",
                        v -> OPS.conv(v.get(0), v.get(1), null, Ops.window(3, 2, 1)),
                        "float[N,3,32,30]",
                        "float[8,3,3,3]"),
                shaped(
                        "conv of groups with bias",
                        "float[2,8,30,30]",
                        v -> OPS.conv(v.get(0), v.get(1), v.get(2), Attributes.NONE.with("group", 2L)),
                        "float[2,4,32,32]",
                        "float[8,2,3,3]",
                        "float[8]"),
                shaped(
                        "dilated conv",
                        "float[2,8,5,5]",
                        v -> OPS.conv(v.get(0), v.get(1), null, Attributes.NONE.with("dilations", 2L, 2L)),
                        "float[2,4,9,9]",
                        "float[8,4,3,3]"),
                shaped(
                        "maxPool",
                        "float[N,3,16,16]",
                        v -> OPS.maxPool(v.get(0), Ops.window(3, 2, 1)).output(0),
                        "float[N,3,32,32]"),
                shaped(
                        "maxPool's indices",
                        "int64[N,3,16,16]",
                        v -> OPS.maxPool(v.get(0), Ops.window(3, 2, 1)).output(1),
                        "float[N,3,32,32]"),
                shaped("globalAveragePool", "float[N,3,1,1]", v -> OPS.globalAveragePool(v.get(0)), "float[N,3,8,9]"),
                shaped(
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
                shaped(
                        "reluGrad",
                        "float[N,3]",
                        v -> one(OpType.RELU_GRAD, Attributes.NONE, v.get(0), v.get(1)),
                        "float[N,3]",
                        "float[N,3]"),
                shaped(
                        "leakyReluGrad",
                        "float[N,3]",
                        v -> one(OpType.LEAKY_RELU_GRAD, Attributes.NONE.with("alpha", 0.1f), v.get(0), v.get(1)),
                        "float[N,3]",
                        "float[N,3]"),
                shaped(
                        "inPlace",
                        "bool[1]",
                        v -> one(OpType.IN_PLACE_ACCUMULATOR, Attributes.NONE, v.get(0), v.get(1), v.get(2)),
                        "float[3]",
                        "float[3]",
                        "bool[]"),
                shaped(
                        "group",
                        "bool[]",
                        v -> one(OpType.GROUP, Attributes.NONE, v.get(0), v.get(1)),
                        "float[3]",
                        "int64[2]"),
                shaped(
                        "reduceAllL2",
                        "float[]",
                        v -> one(OpType.REDUCE_ALL_L2, Attributes.NONE, v.get(0), v.get(1)),
                        "float[3]",
                        "float[2,2]"),
                shaped(
                        "reorderInput",
                        "float[2,32,8,8]",
                        v -> one(OpType.REORDER_INPUT, Attributes.NONE, v.get(0)),
                        "float[2,32,8,8]"),
                shaped(
                        "reorderOutput",
                        "float[2,20,8,8]",
                        v -> one(OpType.REORDER_OUTPUT, channels, v.get(0)),
                        "float[2,32,8,8]"),
                shaped(
                        "blockedConv",
                        "float[2,64,8,8]",
                        v -> one(OpType.BLOCKED_CONV, Ops.window(3, 1, 1), v.get(0), v.get(1)),
                        "float[2,32,8,8]",
                        "float[64,32,3,3]"));
    }

    /** What a user would get wrong, and the part of the message that says so. */
    static Stream<Case> mistakes() {
        return Stream.of(
                shaped(
                        "matMul",
                        "[2,3] and [2,3] cannot be multiplied",
                        v -> OPS.matMul(v.get(0), v.get(1)),
                        "float[2,3]",
                        "float[2,3]"),
                shaped(
                        "gemm",
                        "[N,5] and [4] do not broadcast",
                        v -> OPS.gemm(v.get(0), v.get(1), v.get(2), false, false),
                        "float[N,3]",
                        "float[3,5]",
                        "float[4]"),
                shaped(
                        "conv",
                        "input channels 4 do not fit the weights",
                        v -> OPS.conv(v.get(0), v.get(1), null, Ops.window(3, 1, 1)),
                        "float[N,4,8,8]",
                        "float[8,3,3,3]"),
                shaped(
                        "conv",
                        "a window of 9 does not fit into 8",
                        v -> OPS.conv(v.get(0), v.get(1), null, Ops.window(9, 1, 0)),
                        "float[N,3,8,8]",
                        "float[8,3,9,9]"),
                shaped(
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
                shaped(
                        "add",
                        "Add takes 2 inputs, found 1",
                        v -> one(OpType.ADD, Attributes.NONE, v.get(0)),
                        "float[2]"));
    }

    @ParameterizedTest
    @MethodSource({
        "standardOperators",
        "dev.vicreg.models.graph.infer.ElementwiseShapeCases#cases",
        "dev.vicreg.models.graph.infer.AxisShapeCases#cases",
        "dev.vicreg.models.graph.infer.NeuralShapeCases#cases",
        "dev.vicreg.models.graph.infer.StructureShapeCases#cases"
    })
    void standardOperatorsAgreeWithOnnx(Case each) throws IOException {
        List<Value> inputs = inputs(each);
        Value output = each.output(inputs);
        assertEquals(each.expected, output.type().toString().replaceAll("\\?[0-9]+", "?"));
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
        "dev.vicreg.models.graph.infer.ElementwiseShapeCases#mistakes",
        "dev.vicreg.models.graph.infer.AxisShapeCases#mistakes",
        "dev.vicreg.models.graph.infer.NeuralShapeCases#mistakes",
        "dev.vicreg.models.graph.infer.StructureShapeCases#mistakes"
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
                        .map(dim -> dim.matches("[0-9]+") ? Dim.of(Long.parseLong(dim)) : Dim.symbol(dim))
                        .toList();
        return new TensorType(element, new Shape(parsed));
    }
}

package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRulesTest.OPS;
import static dev.vicreg.models.graph.infer.ShapeRulesTest.shaped;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRulesTest.Case;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Applications of elementwise operators for {@link ShapeRulesTest}. */
final class ElementwiseShapeCases {
    private static final Attributes NONE = Attributes.NONE;
    /** Of one input and one type. */
    private static final List<OpType> FLOATING_POINT = List.of(
            OpType.ABS,
            OpType.ACOS,
            OpType.ACOSH,
            OpType.ASIN,
            OpType.ASINH,
            OpType.ATAN,
            OpType.ATANH,
            OpType.CEIL,
            OpType.COS,
            OpType.COSH,
            OpType.ELU,
            OpType.ERF,
            OpType.EXP,
            OpType.FLOOR,
            OpType.GELU,
            OpType.HARD_SIGMOID,
            OpType.HARD_SWISH,
            OpType.IDENTITY,
            OpType.LEAKY_RELU,
            OpType.LOG,
            OpType.MISH,
            OpType.NEG,
            OpType.RECIPROCAL,
            OpType.RELU,
            OpType.ROUND,
            OpType.SELU,
            OpType.SIGMOID,
            OpType.SIGN,
            OpType.SIN,
            OpType.SINH,
            OpType.SOFTPLUS,
            OpType.SOFTSIGN,
            OpType.SQRT,
            OpType.TAN,
            OpType.TANH);

    private ElementwiseShapeCases() {}

    static Stream<Case> cases() {
        return Stream.of(broadcasting(), types(), FLOATING_POINT.stream().flatMap(ElementwiseShapeCases::unary))
                .flatMap(each -> each);
    }

    private static Stream<Case> unary(OpType op) {
        return Stream.of(first(op, "float[N,3,1]", "float[N,3,1]"), first(op, "double[]", "double[]"));
    }

    private static Stream<Case> broadcasting() {
        return Stream.of(
                first(OpType.ADD, "float[N,3]", "float[N,3]", "float[3]"),
                first(OpType.ADD, "float[7,3]", "float[N,3]", "float[7,1]"),
                first(OpType.SUB, "float[N,3,4]", "float[N,3,1]", "float[1,4]"),
                first(OpType.MUL, "float[5]", "float[]", "float[5]"),
                first(OpType.DIV, "double[2,2]", "double[2,2]", "double[2,2]"),
                first(OpType.MOD, "int64[2,3]", "int64[2,3]", "int64[]"),
                first(OpType.POW, "float[N,3]", "float[N,1]", "float[3]"),
                first(OpType.POW, "float[N,3]", "float[N,3]", "int64[]"),
                first(OpType.PRELU, "float[N,3,4]", "float[N,3,4]", "float[3,1]"),
                first(OpType.MIN, "float[2,3]", "float[2,1]", "float[1,3]"),
                first(OpType.MIN, "int32[2]", "int32[2]"),
                first(OpType.MAX, "int64[4,2,3]", "int64[2,1]", "int64[3]", "int64[4,1,1]"),
                first(OpType.SUM, "float[N,3]", "float[N,1]", "float[]", "float[3]"),
                first(OpType.MEAN, "double[2,3]", "double[2,3]", "double[1]"),
                first(OpType.EQUAL, "bool[N,3]", "bool[N,3]", "bool[3]"),
                first(OpType.EQUAL, "bool[2]", "int64[2]", "int64[]"),
                first(OpType.GREATER, "bool[N,3]", "float[N,3]", "float[]"),
                first(OpType.GREATER_OR_EQUAL, "bool[N,3]", "int32[N,3]", "int32[3]"),
                first(OpType.LESS, "bool[2,4]", "double[2,1]", "double[4]"),
                first(OpType.LESS_OR_EQUAL, "bool[N]", "float[N]", "float[N]"),
                first(OpType.AND, "bool[2,3]", "bool[2,3]", "bool[3]"),
                first(OpType.OR, "bool[2,3]", "bool[2,1]", "bool[3]"),
                first(OpType.XOR, "bool[N,3]", "bool[N,3]", "bool[]"),
                first(OpType.WHERE, "float[N,4]", "bool[N,1]", "float[4]", "float[]"),
                first(OpType.WHERE, "int64[3]", "bool[]", "int64[3]", "int64[1]"));
    }

    private static Stream<Case> types() {
        return Stream.of(
                first(OpType.ABS, "int64[3]", "int64[3]"),
                first(OpType.NEG, "int64[3]", "int64[3]"),
                first(OpType.RELU, "int32[N,3]", "int32[N,3]"),
                first(OpType.SIGN, "int8[N]", "int8[N]"),
                first(OpType.IDENTITY, "bool[N,2]", "bool[N,2]"),
                first(OpType.SIGMOID, "float16[N,2]", "float16[N,2]"),
                first(OpType.NOT, "bool[N,2]", "bool[N,2]"),
                first(OpType.IS_INF, "bool[N,2]", "float[N,2]"),
                first(OpType.IS_NAN, "bool[N,2]", "double[N,2]"),
                shaped("Cast", "float[N,2,2,3]", v -> OPS.cast(v.get(0), ElementType.FLOAT), "uint8[N,2,2,3]"),
                shaped("Cast", "bool[]", v -> OPS.cast(v.get(0), ElementType.BOOL), "float[]"),
                shaped("Gelu", "float[N]", v -> node(OpType.GELU, v, NONE.with("approximate", "tanh"), 0), "float[N]"),
                first(OpType.CLIP, "float[N,3]", "float[N,3]", "float[]", "float[]"),
                first(OpType.CLIP, "int64[3]", "int64[3]"),
                shaped("Clip from above", "float[3]", v -> clipped(v.get(0), v.get(1)), "float[3]", "float[]"),
                first(OpType.DROPOUT, "float[N,3]", "float[N,3]"),
                shaped("Dropout's mask", "bool[N,3]", v -> node(OpType.DROPOUT, v, NONE, 1), "float[N,3]"),
                shaped(
                        "Dropout's mask",
                        "bool[N,3]",
                        v -> node(OpType.DROPOUT, v, NONE.with("seed", 1L), 1),
                        "float[N,3]",
                        "float[]",
                        "bool[]"));
    }

    private static Value clipped(Value x, Value high) {
        return node(OpType.CLIP, Arrays.asList(x, null, high), NONE, 0);
    }

    static Stream<Case> mistakes() {
        return Stream.of(
                first(OpType.ADD, "[2] and [3] do not broadcast", "float[2]", "float[3]"),
                first(OpType.ADD, "[N] and [M] do not broadcast", "float[N]", "float[M]"),
                first(OpType.ADD, "element types differ: FLOAT and INT64", "float[2]", "int64[2]"),
                first(OpType.ADD, "Add takes 2 inputs, found 1", "float[2]"),
                first(OpType.MAX, "[4] and [3] do not broadcast", "float[4]", "float[]", "float[3]"),
                first(OpType.PRELU, "slope [2,3] cannot be broadcast to the input [3]", "float[3]", "float[2,3]"),
                first(OpType.AND, "input 0: expected BOOL, found FLOAT", "float[3]", "float[3]"),
                first(OpType.WHERE, "input 0: expected BOOL, found FLOAT", "float[3]", "float[3]", "float[3]"),
                first(OpType.EXP, "input 0: expected FLOAT, FLOAT16 or DOUBLE, found INT64", "int64[3]"),
                first(OpType.CLIP, "bound of INT64 does not fit an input of FLOAT", "float[3]", "int64[]"),
                first(OpType.DROPOUT, "input 2: expected BOOL, found FLOAT", "float[3]", "float[]", "float[]"),
                first(OpType.CAST, "the attribute to is missing", "float[3]"));
    }

    private static Case first(OpType op, String expected, String... inputs) {
        return shaped(op.onnxName(), expected, v -> node(op, v, NONE, 0), inputs);
    }

    private static Value node(OpType op, List<? extends @Nullable Value> inputs, Attributes attributes, int output) {
        return OPS.node(op, Collections.unmodifiableList(inputs), attributes).output(output);
    }
}

package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRulesTest.one;
import static dev.vicreg.models.graph.infer.ShapeRulesTest.shaped;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRulesTest.Case;
import dev.vicreg.models.ops.Ops;
import java.util.List;
import java.util.stream.Stream;

/** Applications of operators along axes for {@link ShapeRulesTest}. */
final class AxisShapeCases {
    private static final Attributes NONE = Attributes.NONE;
    private static final Attributes DROPPED = NONE.with("keepdims", 0L);
    private static final Attributes UNCHANGED = NONE.with("noop_with_empty_axes", 1L);
    private static final Ops OPS = ShapeRulesTest.OPS;
    private static final List<OpType> REDUCTIONS = List.of(
            OpType.REDUCE_L1,
            OpType.REDUCE_L2,
            OpType.REDUCE_LOG_SUM,
            OpType.REDUCE_LOG_SUM_EXP,
            OpType.REDUCE_MAX,
            OpType.REDUCE_MEAN,
            OpType.REDUCE_MIN,
            OpType.REDUCE_PROD,
            OpType.REDUCE_SUM,
            OpType.REDUCE_SUM_SQUARE);

    private AxisShapeCases() {}

    static Stream<Case> cases() {
        return Stream.of(REDUCTIONS.stream().flatMap(AxisShapeCases::reductions), places(), others())
                .flatMap(each -> each);
    }

    private static Stream<Case> reductions(OpType op) {
        String name = op.onnxName();
        return Stream.of(
                shaped(name + ", kept", "float[N,1,4]", v -> one(op, NONE, v.get(0), OPS.longs(1)), "float[N,3,4]"),
                shaped(name + ", two", "float[4]", v -> one(op, DROPPED, v.get(0), OPS.longs(0, 1)), "float[N,3,4]"),
                shaped(
                        name + ", from the back",
                        "int64[N,3]",
                        v -> one(op, DROPPED, v.get(0), OPS.longs(-1)),
                        "int64[N,3,4]"),
                shaped(name + ", all", "float[]", v -> one(op, DROPPED, v.get(0)), "float[N,3]"),
                shaped(name + ", all kept", "float[1,1]", v -> one(op, NONE, v.get(0), OPS.longs()), "float[N,3]"),
                shaped(name + ", no axis", "float[N,3]", v -> one(op, UNCHANGED, v.get(0)), "float[N,3]"));
    }

    private static Stream<Case> places() {
        return Stream.of(
                shaped("ArgMax", "int64[1,3]", v -> one(OpType.ARG_MAX, NONE, v.get(0)), "float[N,3]"),
                shaped(
                        "ArgMax",
                        "int64[N]",
                        v -> one(OpType.ARG_MAX, DROPPED.with("axis", -1L), v.get(0)),
                        "float[N,3]"),
                shaped(
                        "ArgMin",
                        "int64[N,1,4]",
                        v -> one(OpType.ARG_MIN, NONE.with("axis", 1L), v.get(0)),
                        "int32[N,3,4]"));
    }

    private static Stream<Case> others() {
        return Stream.of(
                shaped("Softmax", "float[N,3]", v -> OPS.softmax(v.get(0), 1), "float[N,3]"),
                shaped("LogSoftmax", "double[N,3]", v -> one(OpType.LOG_SOFTMAX, NONE, v.get(0)), "double[N,3]"),
                shaped("CumSum", "int64[N,3]", v -> one(OpType.CUM_SUM, NONE, v.get(0), OPS.longs(-1)), "int64[N,3]"),
                shaped(
                        "CumSum, axis fed",
                        "float[N,3]",
                        v -> one(OpType.CUM_SUM, NONE, v.get(0), v.get(1)),
                        "float[N,3]",
                        "int64[]"),
                shaped("TopK", "float[N,2]", v -> topK(v, NONE).output(0), "float[N,5]"),
                shaped(
                        "TopK's places",
                        "int64[2,N]",
                        v -> topK(v, NONE.with("axis", 0L)).output(1),
                        "float[4,N]"));
    }

    private static Node topK(List<Value> values, Attributes attributes) {
        return OPS.node(OpType.TOP_K, List.of(values.get(0), OPS.longs(2)), attributes);
    }

    static Stream<Case> mistakes() {
        return Stream.of(
                shaped(
                        "ReduceSum",
                        "axis 2 is outside a rank of 2",
                        v -> OPS.reduceSum(v.get(0), true, 2),
                        "float[2,3]"),
                shaped(
                        "ArgMax",
                        "axis 3 is outside",
                        v -> one(OpType.ARG_MAX, NONE.with("axis", 3L), v.get(0)),
                        "float[2]"),
                shaped("Softmax", "axis -3 is outside a rank of 2", v -> OPS.softmax(v.get(0), -3), "float[2,3]"),
                shaped(
                        "CumSum",
                        "axis 2 is outside",
                        v -> one(OpType.CUM_SUM, NONE, v.get(0), OPS.longs(2)),
                        "float[2]"),
                shaped(
                        "CumSum",
                        "expected one axis",
                        v -> one(OpType.CUM_SUM, NONE, v.get(0), OPS.longs(0, 1)),
                        "float[2,3]"),
                shaped(
                        "TopK",
                        "k = 2 is more than the 1 elements along axis 1",
                        v -> topK(v, NONE).output(0),
                        "float[3,1]"));
    }
}

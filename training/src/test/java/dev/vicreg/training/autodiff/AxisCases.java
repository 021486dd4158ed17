package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientCheckTest.check;
import static dev.vicreg.training.autodiff.GradientCheckTest.s;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.autodiff.GradientCheckTest.Case;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Numeric checks of operators along axes: reductions, softmax, cumulative sums, the largest k. The largest error
 * measured is 8e-5 (LogSoftmax); ties and zeros are in {@link GoldenGradientsTest}.
 */
final class AxisCases {
    /** Every reduction, with the offset of inputs for which it is defined. */
    private static final Map<OpType, Double> REDUCTIONS = Map.of(
            OpType.REDUCE_L1, 0.0,
            OpType.REDUCE_L2, 0.0,
            OpType.REDUCE_LOG_SUM, 3.0,
            OpType.REDUCE_LOG_SUM_EXP, 0.0,
            OpType.REDUCE_MAX, 0.0,
            OpType.REDUCE_MEAN, 0.0,
            OpType.REDUCE_MIN, 0.0,
            OpType.REDUCE_PROD, 1.0,
            OpType.REDUCE_SUM, 0.0,
            OpType.REDUCE_SUM_SQUARE, 0.0);

    private AxisCases() {}

    static Stream<Case> cases() {
        return Stream.concat(
                REDUCTIONS.entrySet().stream().flatMap(each -> reductions(each.getKey(), each.getValue())), others());
    }

    private static Stream<Case> reductions(OpType op, double offset) {
        Attributes dropped = Attributes.NONE.with("keepdims", 0L);
        Attributes unchanged = Attributes.NONE.with("noop_with_empty_axes", 1L);
        return Stream.of(
                new Case("all, none given", op, (o, x) -> one(o, op, Attributes.NONE, x.get(0)), offset, s(2, 3)),
                new Case("all, dropped", op, (o, x) -> one(o, op, dropped, x.get(0), o.longs()), offset, s(5)),
                new Case("middle, kept", op, (o, x) -> over(o, op, Attributes.NONE, x, 1), offset, s(2, 3, 2)),
                new Case("last, dropped", op, (o, x) -> over(o, op, dropped, x, -1), offset, s(2, 2, 3)),
                new Case("two, out of order", op, (o, x) -> over(o, op, dropped, x, -1, 0), offset, s(2, 3, 1, 2)),
                new Case("of one element", op, (o, x) -> over(o, op, dropped, x, 1), offset, s(3, 1)),
                new Case("no axis", op, (o, x) -> over(o, op, unchanged, x), offset, s(2, 3)));
    }

    private static Stream<Case> others() {
        return Stream.of(
                check("last axis", OpType.SOFTMAX, (o, x) -> o.softmax(o.mul(x.get(0), 3), -1), s(3, 4)),
                check("middle axis", OpType.SOFTMAX, (o, x) -> along(o, OpType.SOFTMAX, 1, x), s(2, 3, 4)),
                check("row", OpType.SOFTMAX, (o, x) -> along(o, OpType.SOFTMAX, 0, x), s(5)),
                check(
                        "default axis",
                        OpType.SOFTMAX,
                        (o, x) -> one(o, OpType.SOFTMAX, Attributes.NONE, x.get(0)),
                        s(2, 5)),
                check("last axis", OpType.LOG_SOFTMAX, (o, x) -> along(o, OpType.LOG_SOFTMAX, -1, x), s(3, 4)),
                check("middle axis", OpType.LOG_SOFTMAX, (o, x) -> along(o, OpType.LOG_SOFTMAX, -2, x), s(2, 3, 4)),
                check("rows", OpType.CUM_SUM, (o, x) -> cumSum(o, x, o.longs(1), 0, 0), s(3, 4)),
                check("exclusive", OpType.CUM_SUM, (o, x) -> cumSum(o, x, scalar(o, 0), 1, 0), s(3, 4)),
                check("reverse", OpType.CUM_SUM, (o, x) -> cumSum(o, x, scalar(o, -1), 0, 1), s(2, 3, 4)),
                check("exclusive, reverse", OpType.CUM_SUM, (o, x) -> cumSum(o, x, o.longs(-2), 1, 1), s(2, 3, 4)),
                check("largest", OpType.TOP_K, (o, x) -> topK(o, x, 2, Attributes.NONE), s(3, 4)),
                check("smallest", OpType.TOP_K, (o, x) -> topK(o, x, 2, smallest(1)), s(2, 4, 3)),
                check(
                        "unsorted",
                        OpType.TOP_K,
                        (o, x) -> topK(o, x, 3, smallest(0).with("sorted", 0L)),
                        s(5, 2)),
                check("all", OpType.TOP_K, (o, x) -> topK(o, x, 4, Attributes.NONE), s(4)));
    }

    private static Attributes smallest(long axis) {
        return Attributes.NONE.with("axis", axis).with("largest", 0L);
    }

    private static Value topK(Ops ops, List<Value> x, long k, Attributes attributes) {
        return one(ops, OpType.TOP_K, attributes, x.get(0), ops.longs(k));
    }

    private static Value cumSum(Ops ops, List<Value> x, Value axis, long exclusive, long reverse) {
        Attributes attributes = Attributes.NONE.with("exclusive", exclusive).with("reverse", reverse);
        return one(ops, OpType.CUM_SUM, attributes, x.get(0), axis);
    }

    private static Value scalar(Ops ops, long value) {
        return ops.constant(new Tensor(
                new TensorType(ElementType.INT64, Shape.SCALAR),
                Tensor.ofLongs(value).data()));
    }

    private static Value along(Ops ops, OpType op, long axis, List<Value> x) {
        return one(ops, op, Attributes.NONE.with("axis", axis), ops.mul(x.get(0), 3));
    }

    private static Value over(Ops ops, OpType op, Attributes attributes, List<Value> x, long... axes) {
        return one(ops, op, attributes, x.get(0), ops.longs(axes));
    }

    private static Value one(Ops ops, OpType op, Attributes attributes, Value... inputs) {
        return ops.node(op, List.of(inputs), attributes).output(0);
    }
}

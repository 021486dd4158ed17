package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.constantLongs;
import static dev.vicreg.training.autodiff.GradientRules.first;
import static dev.vicreg.training.autodiff.GradientRules.listOf;
import static dev.vicreg.training.autodiff.GradientRules.without;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Gradients of operators along axes: reductions, softmax, cumulative sums, the largest k. */
final class AxisGradients {
    /** dL/dx of y = a reduction of x over some axes. */
    private interface Reduction {
        /**
         * From upstream dL/dy.
         *
         * @param g upstream, with the reduced axes kept as 1
         * @param y the output, with the reduced axes kept as 1
         * @param axes the reduced axes, counted from the front
         * @return dL/dx, or what broadcasts to it
         */
        Value apply(Ops ops, Value g, Value x, Value y, long... axes);
    }

    /** Sums of two such numbers may be infinite. */
    private static final float HUGE = 1e30f;

    private static final Set<OpType> PRODUCTS =
            EnumSet.of(OpType.MAT_MUL, OpType.GEMM, OpType.EINSUM, OpType.CONV, OpType.CONV_TRANSPOSE);

    private AxisGradients() {}

    static void register() {
        reduction(OpType.REDUCE_SUM, (ops, g, x, y, axes) -> g);
        reduction(OpType.REDUCE_MEAN, (ops, g, x, y, axes) -> ops.mul(g, 1 / count(x, axes)));
        reduction(OpType.REDUCE_L1, (ops, g, x, y, axes) -> ops.mul(g, ops.sign(x)));
        reduction(OpType.REDUCE_L2, AxisGradients::reduceL2);
        reduction(OpType.REDUCE_SUM_SQUARE, (ops, g, x, y, axes) -> ops.mul(ops.mul(g, 2), x));
        reduction(OpType.REDUCE_LOG_SUM, (ops, g, x, y, axes) -> ops.mul(g, ops.exp(ops.neg(y)))); // g / Σx
        reduction(OpType.REDUCE_LOG_SUM_EXP, (ops, g, x, y, axes) -> ops.mul(g, ops.exp(ops.sub(x, y))));
        reduction(OpType.REDUCE_MAX, AxisGradients::chosen);
        reduction(OpType.REDUCE_MIN, AxisGradients::chosen);
        reduction(OpType.REDUCE_PROD, AxisGradients::reduceProd);

        first(OpType.SOFTMAX, AxisGradients::softmax);
        first(OpType.LOG_SOFTMAX, AxisGradients::logSoftmax);
        first(OpType.CUM_SUM, AxisGradients::cumSum);
        first(OpType.TOP_K, AxisGradients::topK);

        without(OpType.ARG_MAX, "its output is a place");
        without(OpType.ARG_MIN, "its output is a place");
    }

    private static void reduction(OpType op, Reduction rule) {
        first(op, (ops, node, g) -> {
            Value x = node.input(0);
            long[] axes = axes(node);
            Shape kept = x.shape();
            for (long axis : axes) {
                kept = kept.with((int) axis, Dim.of(1));
            }
            Value dx = rule.apply(ops, shaped(ops, g, kept), x, shaped(ops, node.output(0), kept), axes);
            return listOf(dx.shape().equals(x.shape()) ? dx : ops.expand(dx, x.shape()));
        });
    }

    private static Value shaped(Ops ops, Value value, Shape shape) {
        return value.shape().equals(shape) ? value : ops.reshape(value, shape.toArray());
    }

    /**
     * The axes that a reduction goes over: all where none are given, unless it says otherwise. Over none, ONNX Runtime
     * still takes the square, the logarithm and so on of each element, and so do the rules.
     */
    private static long[] axes(Node node) {
        int rank = node.input(0).shape().rank();
        long[] given = node.hasInput(1) ? constantLongs(node, 1) : new long[0];
        if (given.length == 0 && node.attributes().integer("noop_with_empty_axes", 0) == 0) {
            return LongStream.range(0, rank).toArray();
        }
        return Arrays.stream(given).map(axis -> axis < 0 ? axis + rank : axis).toArray();
    }

    private static double count(Value x, long... axes) {
        double count = 1;
        for (long axis : axes) {
            count *= x.shape().size((int) axis);
        }
        return count;
    }

    /** y = √Σx²: x/y, and zero where all of x is zero. */
    private static Value reduceL2(Ops ops, Value g, Value x, Value y, long... axes) {
        Value bottom = ops.where(ops.equal(y, ops.constant(0)), ops.constant(1), y);
        return ops.mul(ops.div(g, bottom), x);
    }

    /** y = the largest or smallest: its gradient, shared equally among those that are equal to it. */
    private static Value chosen(Ops ops, Value g, Value x, Value y, long... axes) {
        Value equal = ops.equal(x, y);
        Value count = over(ops, OpType.REDUCE_SUM, ops.cast(equal, x.type().element()), axes);
        return ops.where(equal, ops.div(g, count), ops.constant(0));
    }

    /**
     * y = Πx: the product of the others. With ones in place of the zeros, Πx'/x' is that product, unless there is a
     * zero among the others.
     */
    private static Value reduceProd(Ops ops, Value g, Value x, Value y, long... axes) {
        Value isZero = ops.equal(x, ops.constant(0));
        Value without = ops.where(isZero, ops.constant(1), x);
        Value zero = ops.cast(isZero, x.type().element());
        Value otherZeros = ops.sub(over(ops, OpType.REDUCE_SUM, zero, axes), zero);
        Value product = over(ops, OpType.REDUCE_PROD, without, axes);
        Value others = ops.div(ops.mul(g, product), without);
        return ops.where(ops.equal(otherZeros, ops.constant(0)), others, ops.constant(0));
    }

    /** A reduction that keeps its axes; over none where there are none, as the operator's own. */
    private static Value over(Ops ops, OpType op, Value x, long... axes) {
        Attributes attributes = Attributes.NONE.with("keepdims", 1L).with("noop_with_empty_axes", 1L);
        return ops.node(op, List.of(x, ops.longs(axes)), attributes).output(0);
    }

    /**
     * y = exp(x)/Σexp(x): dx = y·(g - Σ y·g). ONNX Runtime's SoftmaxGrad_13 and LogSoftmaxGrad_13 were tried
     * and weren't faster on the CPU: docs/measured.md, Kernels.
     */
    private static List<@Nullable Value> softmax(Ops ops, Node node, Value g) {
        long axis = node.attributes().integer("axis", -1);
        Value y = node.output(0);
        Value along = ops.reduceSum(ops.mul(y, g), true, axis);
        return listOf(outsideMaskedRows(ops, node, ops.mul(y, ops.sub(g, along))));
    }

    /** y = x - log Σexp(x): dx = g - exp(y)·Σ g. */
    private static List<@Nullable Value> logSoftmax(Ops ops, Node node, Value g) {
        long axis = node.attributes().integer("axis", -1);
        Value along = ops.reduceSum(g, true, axis);
        return listOf(outsideMaskedRows(ops, node, ops.sub(g, ops.mul(ops.exp(node.output(0)), along))));
    }

    /**
     * dx, and zero in rows that are masked wholly. There y is no number: exporters put another value in its place, so its
     * gradient is zero, and zero times no number would be none. Rows without a mask pay nothing for it.
     */
    private static Value outsideMaskedRows(Ops ops, Node node, Value dx) {
        if (!mayBeMasked(node.input(0))) {
            return dx;
        }
        Value y = node.output(0);
        int rank = y.shape().rank();
        int axis = (int) Math.floorMod(node.attributes().integer("axis", -1), (long) rank);
        Value masked = ops.node(OpType.IS_NAN, List.of(ops.slice(y, axis, 0, 1, 1)), Attributes.NONE)
                .output(0); // a row's elements are numbers all or none
        return ops.where(masked, ops.constant(0), dx);
    }

    /** Whether x was made with infinity or numbers next to it, or with a logarithm, since the last product of matrices. */
    private static boolean mayBeMasked(Value x) {
        Set<Value> seen = new HashSet<>();
        Deque<Value> open = new ArrayDeque<>(List.of(x));
        while (!open.isEmpty()) {
            Value value = open.pop();
            Node producer = value.producer();
            if (!seen.add(value)) {
                continue;
            }
            if (isHuge(value.constant()) || (producer != null && producer.op() == OpType.LOG)) {
                return true;
            }
            if (producer != null && !PRODUCTS.contains(producer.op())) {
                producer.inputs().stream().filter(Objects::nonNull).forEach(open::push);
            }
        }
        return false;
    }

    private static boolean isHuge(@Nullable Tensor constant) {
        if (constant == null || constant.type().element() != ElementType.FLOAT) {
            return false;
        }
        for (float value : constant.floats()) {
            if (Math.abs(value) >= HUGE) {
                return true;
            }
        }
        return false;
    }

    /** Each element is part of the sums from it on: the same cumulative sum, the other way round. */
    private static List<@Nullable Value> cumSum(Ops ops, Node node, Value g) {
        long reverse = node.attributes().integer("reverse", 0);
        Attributes turned = Attributes.NONE
                .with("exclusive", node.attributes().integer("exclusive", 0))
                .with("reverse", reverse == 0 ? 1L : 0L);
        return listOf(
                ops.node(OpType.CUM_SUM, List.of(g, node.input(1)), turned).output(0));
    }

    /** The gradient of each of the k goes back to its place; the others get none. */
    private static List<@Nullable Value> topK(Ops ops, Node node, Value g) {
        long axis = node.attributes().integer("axis", -1);
        Value zeros = ops.zeros(node.input(0).shape());
        Value scattered = ops.node(
                        OpType.SCATTER_ELEMENTS, List.of(zeros, node.output(1), g), Attributes.NONE.with("axis", axis))
                .output(0);
        return listOf(scattered);
    }
}

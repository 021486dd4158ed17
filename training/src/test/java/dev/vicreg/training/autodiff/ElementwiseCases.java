package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientCheckTest.check;
import static dev.vicreg.training.autodiff.GradientCheckTest.s;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.autodiff.GradientCheckTest.Case;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Numeric checks of elementwise operators, with broadcasting and without. The largest error measured is 4e-4 (Softsign,
 * whose second derivative jumps at zero); what isn't differentiable is in {@link GoldenGradientsTest}.
 */
final class ElementwiseCases {
    private ElementwiseCases() {}

    static Stream<Case> cases() {
        return Stream.of(arithmetic(), choices(), functions(), activations()).flatMap(each -> each);
    }

    private static Stream<Case> arithmetic() {
        return Stream.of(
                check("broadcast rows", OpType.ADD, (o, x) -> o.add(x.get(0), x.get(1)), s(3, 4), s(4)),
                check("broadcast both", OpType.ADD, (o, x) -> o.add(x.get(0), x.get(1)), s(3, 1, 2), s(4, 1)),
                check("of itself", OpType.ADD, (o, x) -> o.add(x.get(0), x.get(0)), s(3, 4)),
                check("scalar", OpType.SUB, (o, x) -> o.sub(x.get(0), x.get(1)), s(3, 4), s()),
                check("column", OpType.MUL, (o, x) -> o.mul(x.get(0), x.get(1)), s(3, 4), s(3, 1)),
                check("square", OpType.MUL, (o, x) -> o.mul(x.get(0), x.get(0)), s(2, 3, 4)),
                at(3, "broadcast", OpType.DIV, (o, x) -> o.div(x.get(0), x.get(1)), s(3, 4), s(1, 4)),
                check("row of divisors", OpType.MOD, (o, x) -> mod(o, x, 0.8f), s(3, 4), s(4)),
                check("column of divisors", OpType.MOD, (o, x) -> mod(o, x, 0.35f), s(3, 4), s(3, 1)),
                check("square", OpType.POW, (o, x) -> o.pow(x.get(0), o.constant(2)), s(3, 4)),
                check("whole square", OpType.POW, (o, x) -> o.pow(x.get(0), o.longs(2)), s(3, 4)),
                check("cube", OpType.POW, (o, x) -> o.pow(x.get(0), o.constant(3)), s(2, 3, 2)),
                check("zero", OpType.POW, (o, x) -> o.pow(x.get(0), o.constant(0)), s(5)),
                at(3, "root", OpType.POW, (o, x) -> o.pow(x.get(0), o.constant(0.5f)), s(5)),
                at(3, "row of exponents", OpType.POW, (o, x) -> o.pow(x.get(0), row(o, -1, 0, 1, 2.5f)), s(3, 4)),
                check("whole exponents", OpType.POW, (o, x) -> o.pow(x.get(0), o.longs(2, 3)), s(4, 2)),
                at(3, "both, broadcast", OpType.POW, ElementwiseCases::power, s(3, 1), s(4)),
                check("row", OpType.SUM, variadic(OpType.SUM), s(2, 3), s(3), s(2, 1)),
                check("of one", OpType.SUM, variadic(OpType.SUM), s(2, 3)),
                check("outer", OpType.MEAN, variadic(OpType.MEAN), s(2, 1, 3), s(4, 1), s()),
                check("of one", OpType.MEAN, variadic(OpType.MEAN), s(2, 3)));
    }

    /** By divisors near {@code about}, so that nothing jumps within a step. */
    private static Value mod(Ops ops, List<Value> x, float about) {
        Value divisor = ops.add(ops.mul(x.get(1), 0.01), ops.constant(about));
        Attributes towardsZero = Attributes.NONE.with("fmod", 1L);
        return ops.node(OpType.MOD, List.of(x.get(0), divisor), towardsZero).output(0);
    }

    private static Value power(Ops ops, List<Value> x) {
        return ops.pow(x.get(0), ops.sub(x.get(1), ops.constant(3))); // exponents of both signs
    }

    private static Stream<Case> choices() {
        return Stream.of(
                check("two, broadcast", OpType.MIN, variadic(OpType.MIN), s(3, 4), s(4)),
                check("three, broadcast", OpType.MIN, variadic(OpType.MIN), s(3, 4), s(4), s(3, 1)),
                check("of one", OpType.MIN, variadic(OpType.MIN), s(3, 4)),
                check("two, broadcast", OpType.MAX, variadic(OpType.MAX), s(3, 4), s(4)),
                check("three, broadcast", OpType.MAX, variadic(OpType.MAX), s(3, 4), s(4), s(3, 1)),
                check("with a constant", OpType.MAX, (o, x) -> o.max(o.constant(0.5f), x.get(0)), s(3, 4)),
                check("by sign", OpType.WHERE, ElementwiseCases::where, s(3, 4), s(4)),
                check("broadcast condition", OpType.WHERE, ElementwiseCases::where, s(3, 1), s(2, 1, 4)),
                check("", OpType.ABS, unary(OpType.ABS, 1), s(3, 4)),
                check("learned bounds", OpType.CLIP, ElementwiseCases::learnedBounds, s(4, 5), s(), s()),
                check("learned lower bound", OpType.CLIP, (o, x) -> op(o, OpType.CLIP, x), s(4, 5), s()),
                check("learned bounds that exclude all", OpType.CLIP, ElementwiseCases::excluding, s(4, 5), s(), s()),
                check("both bounds", OpType.CLIP, (o, x) -> clip(o, x, -0.5f, 0.3f), s(4, 5)),
                check("lower bound", OpType.CLIP, (o, x) -> clip(o, x, -0.5f, null), s(4, 5)),
                check("upper bound", OpType.CLIP, (o, x) -> clip(o, x, null, 0.3f), s(4, 5)),
                check("no bound", OpType.CLIP, (o, x) -> clip(o, x, null, null), s(4, 5)),
                check("channels", OpType.PRELU, (o, x) -> op(o, OpType.PRELU, x), s(2, 3, 4), s(3, 1)),
                check("one slope", OpType.PRELU, (o, x) -> op(o, OpType.PRELU, x), s(2, 3), s(1)),
                check("inference", OpType.DROPOUT, (o, x) -> op(o, OpType.DROPOUT, x), s(3, 4)),
                check("told not to train", OpType.DROPOUT, (o, x) -> dropout(o, x, 0.5f, false), s(3, 4)),
                check("of nothing", OpType.DROPOUT, (o, x) -> dropout(o, x, 0, true), s(3, 4)));
    }

    private static Value where(Ops ops, List<Value> x) {
        return ops.where(ops.greater(x.get(0), ops.constant(0)), x.get(0), x.get(1));
    }

    private static Value clip(Ops ops, List<Value> x, @Nullable Float low, @Nullable Float high) {
        List<@Nullable Value> inputs = Arrays.asList(
                x.get(0), low == null ? null : ops.constant(low), high == null ? null : ops.constant(high));
        return ops.node(OpType.CLIP, inputs, Attributes.NONE).output(0);
    }

    private static Value learnedBounds(Ops ops, List<Value> x) {
        Value low = ops.sub(x.get(1), ops.constant(0.52f));
        return op(ops, OpType.CLIP, List.of(x.get(0), low, ops.add(x.get(2), ops.constant(0.33f))));
    }

    /** The lower bound is above the upper one, which wins everywhere. */
    private static Value excluding(Ops ops, List<Value> x) {
        Value low = ops.add(x.get(1), ops.constant(0.72f));
        return op(ops, OpType.CLIP, List.of(x.get(0), low, ops.sub(x.get(2), ops.constant(0.43f))));
    }

    private static Value dropout(Ops ops, List<Value> x, float ratio, boolean training) {
        return op(ops, OpType.DROPOUT, List.of(x.get(0), ops.constant(ratio), ops.constant(Tensor.scalar(training))));
    }

    private static Stream<Case> functions() {
        return Stream.of(
                check("", OpType.ACOS, unary(OpType.ACOS, 0.6), s(3, 4)),
                at(3, "above one", OpType.ACOSH, unary(OpType.ACOSH, 1), s(3, 4)),
                check("", OpType.ASIN, unary(OpType.ASIN, 0.6), s(3, 4)),
                check("", OpType.ASINH, unary(OpType.ASINH, 3), s(3, 4)),
                check("", OpType.ATAN, unary(OpType.ATAN, 3), s(3, 4)),
                check("", OpType.ATANH, unary(OpType.ATANH, 0.6), s(3, 4)),
                check("float to float", OpType.CAST, (o, x) -> o.cast(x.get(0), ElementType.FLOAT), s(3)),
                check("through double", OpType.CAST, ElementwiseCases::throughDouble, s(2, 3)),
                check("", OpType.COS, unary(OpType.COS, 3), s(3, 4)),
                check("", OpType.COSH, unary(OpType.COSH, 2), s(3, 4)),
                check("", OpType.ERF, unary(OpType.ERF, 2), s(3, 4)),
                check("", OpType.EXP, unary(OpType.EXP, 2), s(2, 3, 2)),
                check("", OpType.IDENTITY, unary(OpType.IDENTITY, 1), s(3, 2)),
                at(3, "positive", OpType.LOG, unary(OpType.LOG, 1), s(3, 4)),
                check("", OpType.NEG, unary(OpType.NEG, 1), s(3)),
                at(3, "positive", OpType.RECIPROCAL, unary(OpType.RECIPROCAL, 1), s(3, 4)),
                at(3, "negative", OpType.RECIPROCAL, unary(OpType.RECIPROCAL, -1), s(3, 4)),
                check("away from zero", OpType.SIGN, unary(OpType.SIGN, 1), s(3, 4)),
                check("", OpType.SIN, unary(OpType.SIN, 3), s(3, 4)),
                check("", OpType.SINH, unary(OpType.SINH, 2), s(3, 4)),
                at(3, "positive", OpType.SQRT, unary(OpType.SQRT, 1), s(2, 5)),
                check("", OpType.TAN, unary(OpType.TAN, 1), s(3, 4)),
                check("scalar", OpType.TANH, unary(OpType.TANH, 1), s()),
                check("", OpType.TANH, unary(OpType.TANH, 3), s(3, 4)));
    }

    private static Value throughDouble(Ops ops, List<Value> x) {
        return ops.cast(ops.cast(x.get(0), ElementType.DOUBLE), ElementType.FLOAT);
    }

    /** Those with kinks are checked on both sides of each. */
    private static Stream<Case> activations() {
        Attributes none = Attributes.NONE;
        return Stream.of(
                check("", OpType.ELU, unary(OpType.ELU, 3), s(3, 4)),
                check("alpha", OpType.ELU, unary(OpType.ELU, 2, none.with("alpha", 0.7f)), s(3, 4)),
                check("", OpType.GELU, unary(OpType.GELU, 3), s(3, 4)),
                check("tanh", OpType.GELU, unary(OpType.GELU, 3, none.with("approximate", "tanh")), s(3, 4)),
                check("", OpType.HARD_SIGMOID, unary(OpType.HARD_SIGMOID, 4), s(4, 5)),
                check("alpha, beta", OpType.HARD_SIGMOID, unary(OpType.HARD_SIGMOID, 2, slope(0.5f, 0.6f)), s(4, 5)),
                check("", OpType.HARD_SWISH, unary(OpType.HARD_SWISH, 5), s(4, 5)),
                check("", OpType.LEAKY_RELU, unary(OpType.LEAKY_RELU, 1), s(3, 4)),
                check("alpha", OpType.LEAKY_RELU, unary(OpType.LEAKY_RELU, 1, none.with("alpha", 0.3f)), s(2, 3, 2)),
                check("", OpType.MISH, unary(OpType.MISH, 3), s(3, 4)),
                check("away from zero", OpType.RELU, unary(OpType.RELU, 1), s(4, 5)),
                check("", OpType.SELU, unary(OpType.SELU, 2), s(3, 4)),
                check("alpha, gamma", OpType.SELU, unary(OpType.SELU, 2, selu(0.7f, 1.3f)), s(3, 4)),
                check("", OpType.SIGMOID, unary(OpType.SIGMOID, 3), s(2, 2, 3)),
                check("", OpType.SOFTPLUS, unary(OpType.SOFTPLUS, 3), s(3, 4)),
                check("", OpType.SOFTSIGN, unary(OpType.SOFTSIGN, 3), s(3, 4)));
    }

    private static Attributes slope(float alpha, float beta) {
        return Attributes.NONE.with("alpha", alpha).with("beta", beta);
    }

    private static Attributes selu(float alpha, float gamma) {
        return Attributes.NONE.with("alpha", alpha).with("gamma", gamma);
    }

    /** Inputs around {@code offset}, for functions that aren't defined at zero. */
    private static Case at(
            double offset, String name, OpType op, BiFunction<Ops, List<Value>, Value> build, long[]... shapes) {
        return new Case(name, op, build, offset, shapes);
    }

    /** The function of {@code factor} times the input. */
    private static BiFunction<Ops, List<Value>, Value> unary(OpType op, double factor) {
        return unary(op, factor, Attributes.NONE);
    }

    private static BiFunction<Ops, List<Value>, Value> unary(OpType op, double factor, Attributes attributes) {
        return (ops, x) -> {
            Node node = ops.node(op, List.of(ops.mul(x.get(0), factor)), attributes);
            return node.output(0);
        };
    }

    /** All inputs, those after the first moved by so much that nowhere two of them are within a step of each other. */
    private static BiFunction<Ops, List<Value>, Value> variadic(OpType op) {
        float[] moved = {0, 0.05f, 0.16f};
        return (ops, x) -> {
            Value[] inputs = new Value[x.size()];
            Arrays.setAll(inputs, i -> ops.add(x.get(i), ops.constant(moved[i])));
            return op(ops, op, List.of(inputs));
        };
    }

    private static Value op(Ops ops, OpType op, List<Value> inputs) {
        return ops.node(op, inputs, Attributes.NONE).output(0);
    }

    private static Value row(Ops ops, float... values) {
        return ops.constant(Tensor.of(Shape.of(values.length), values));
    }
}

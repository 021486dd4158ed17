package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.binary;
import static dev.vicreg.training.autodiff.GradientRules.first;
import static dev.vicreg.training.autodiff.GradientRules.listOf;
import static dev.vicreg.training.autodiff.GradientRules.unary;
import static dev.vicreg.training.autodiff.GradientRules.without;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of elementwise operators, with broadcasting and without. Where a function has a kink, the comment says which
 * subgradient is taken: PyTorch's. Where the slope follows from the output, the rule reads that, so that the input's
 * memory can go; where either would overflow for large inputs, the one that doesn't.
 */
final class ElementwiseGradients {
    private static final double SELU_ALPHA = 1.6732631921768188; // the defaults of ONNX's Selu
    private static final double SELU_GAMMA = 1.0507010221481323;

    private ElementwiseGradients() {}

    static void register() {
        registerBroadcasting();
        registerFunctions();
        registerActivations();
        registerWithout();
    }

    private static void registerBroadcasting() {
        binary(OpType.ADD, (ops, g, a, b, y) -> g, (ops, g, a, b, y) -> g);
        binary(OpType.SUB, (ops, g, a, b, y) -> g, (ops, g, a, b, y) -> ops.neg(g));
        binary(OpType.MUL, (ops, g, a, b, y) -> ops.mul(g, b), (ops, g, a, b, y) -> ops.mul(g, a));
        binary(OpType.DIV, (ops, g, a, b, y) -> ops.div(g, b), (ops, g, a, b, y) -> ops.neg(ops.mul(g, ops.div(y, b))));
        first(OpType.MOD, ElementwiseGradients::mod);
        first(OpType.POW, ElementwiseGradients::pow);
        // At zero the slope is the parameter.
        binary(
                OpType.PRELU,
                (ops, g, x, slope, y) -> ops.where(ops.greater(x, ops.constant(0)), g, ops.mul(g, slope)),
                (ops, g, x, slope, y) -> ops.mul(g, ops.min(x, ops.constant(0))));
        first(OpType.MIN, ElementwiseGradients::chosen);
        first(OpType.MAX, ElementwiseGradients::chosen);
        first(OpType.SUM, (ops, node, g) -> Collections.nCopies(node.inputs().size(), g));
        first(OpType.MEAN, (ops, node, g) -> {
            int count = node.inputs().size();
            return Collections.nCopies(count, ops.mul(g, 1.0 / count));
        });
        first(OpType.WHERE, ElementwiseGradients::where);
    }

    private static void registerFunctions() {
        unary(OpType.ABS, (ops, g, x, y) -> ops.mul(g, ops.sign(x))); // zero at zero
        unary(OpType.ACOS, (ops, g, x, y) -> ops.neg(ops.div(g, ops.sqrt(oneMinus(ops, ops.mul(x, x))))));
        // √(x² - 1) without x², which overflows earlier
        unary(
                OpType.ACOSH,
                (ops, g, x, y) -> ops.div(g, ops.mul(ops.sqrt(plus(ops, x, -1)), ops.sqrt(plus(ops, x, 1)))));
        unary(OpType.ASIN, (ops, g, x, y) -> ops.div(g, ops.sqrt(oneMinus(ops, ops.mul(x, x)))));
        unary(OpType.ASINH, (ops, g, x, y) -> ops.div(g, apply(ops, OpType.COSH, y))); // √(x² + 1)
        unary(OpType.ATAN, (ops, g, x, y) -> ops.div(g, plus(ops, ops.mul(x, x), 1)));
        unary(OpType.ATANH, (ops, g, x, y) -> ops.div(g, oneMinus(ops, ops.mul(x, x))));
        unary(OpType.CAST, (ops, g, x, y) -> ops.cast(g, x.type().element()));
        first(OpType.CLIP, ElementwiseGradients::clip);
        unary(OpType.COS, (ops, g, x, y) -> ops.neg(ops.mul(g, apply(ops, OpType.SIN, x))));
        unary(OpType.COSH, (ops, g, x, y) -> ops.mul(g, apply(ops, OpType.SINH, x)));
        first(OpType.DROPOUT, ElementwiseGradients::dropout);
        // 2/√π · exp(-x²)
        unary(
                OpType.ERF,
                (ops, g, x, y) -> ops.mul(ops.mul(g, 2 / Math.sqrt(Math.PI)), ops.exp(ops.neg(ops.mul(x, x)))));
        unary(OpType.EXP, (ops, g, x, y) -> ops.mul(g, y));
        unary(OpType.IDENTITY, (ops, g, x, y) -> g);
        unary(OpType.LOG, (ops, g, x, y) -> ops.div(g, x));
        unary(OpType.NEG, (ops, g, x, y) -> ops.neg(g));
        unary(OpType.RECIPROCAL, (ops, g, x, y) -> ops.neg(ops.mul(g, ops.mul(y, y))));
        unary(OpType.SIGN, (ops, g, x, y) -> ops.mul(y, 0)); // zeros, as in PyTorch, of whatever size
        unary(OpType.SIN, (ops, g, x, y) -> ops.mul(g, apply(ops, OpType.COS, x)));
        unary(OpType.SINH, (ops, g, x, y) -> ops.mul(g, apply(ops, OpType.COSH, x)));
        unary(OpType.SQRT, (ops, g, x, y) -> ops.div(ops.mul(g, 0.5), y));
        unary(OpType.TAN, (ops, g, x, y) -> ops.mul(g, plus(ops, ops.mul(y, y), 1)));
    }

    private static void registerActivations() {
        // α·exp(x) = y + α left of zero and at it
        first(OpType.ELU, (ops, node, g) -> {
            double alpha = node.attributes().real("alpha", 1);
            return rightOfZero(ops, node, g, ops.mul(g, plus(ops, node.output(0), alpha)));
        });
        first(OpType.GELU, ElementwiseGradients::gelu);
        first(OpType.HARD_SIGMOID, ElementwiseGradients::hardSigmoid);
        unary(OpType.HARD_SWISH, ElementwiseGradients::hardSwish);
        // At zero the slope is alpha. One kernel instead of comparing, multiplying and choosing.
        first(OpType.LEAKY_RELU, (ops, node, g) -> {
            Attributes alpha = Attributes.NONE.with("alpha", node.attributes().real("alpha", 0.01f));
            return listOf(ops.node(OpType.LEAKY_RELU_GRAD, List.of(g, node.input(0)), alpha)
                    .output(0));
        });
        unary(OpType.MISH, ElementwiseGradients::mish);
        // At zero the slope is zero. The output serves as well as the input and lets the input's memory go.
        unary(OpType.RELU, (ops, g, x, y) -> apply(ops, OpType.RELU_GRAD, g, y));
        // γ·α·exp(x) = y + γ·α left of zero and at it
        first(OpType.SELU, (ops, node, g) -> {
            double gamma = node.attributes().real("gamma", (float) SELU_GAMMA);
            double alpha = node.attributes().real("alpha", (float) SELU_ALPHA);
            Value left = ops.mul(g, plus(ops, node.output(0), gamma * alpha));
            return rightOfZero(ops, node, ops.mul(g, gamma), left);
        });
        unary(OpType.SIGMOID, (ops, g, x, y) -> ops.mul(g, ops.mul(y, oneMinus(ops, y))));
        unary(OpType.SOFTPLUS, (ops, g, x, y) -> ops.mul(g, ops.sigmoid(x)));
        unary(OpType.SOFTSIGN, (ops, g, x, y) -> {
            Value bottom = plus(ops, ops.abs(x), 1);
            return ops.div(ops.div(g, bottom), bottom); // not by its square, which overflows earlier
        });
        unary(OpType.TANH, (ops, g, x, y) -> ops.mul(g, oneMinus(ops, ops.mul(y, y))));
    }

    private static void registerWithout() {
        for (OpType op :
                List.of(OpType.EQUAL, OpType.GREATER, OpType.GREATER_OR_EQUAL, OpType.LESS, OpType.LESS_OR_EQUAL)) {
            without(op, "a comparison is constant almost everywhere");
        }
        for (OpType op : List.of(OpType.AND, OpType.OR, OpType.XOR, OpType.NOT)) {
            without(op, "booleans have no gradient");
        }
        for (OpType op : List.of(OpType.IS_INF, OpType.IS_NAN)) {
            without(op, "its output is boolean");
        }
        for (OpType op : List.of(OpType.CEIL, OpType.FLOOR, OpType.ROUND)) {
            without(op, "rounding is constant almost everywhere");
        }
    }

    /** y = a - q·b, where q is a/b rounded down, or with fmod towards zero: it jumps, but its slopes are 1 and -q. */
    private static List<@Nullable Value> mod(Ops ops, Node node, Value g) {
        Value a = node.input(0);
        Value b = node.input(1);
        Value q = apply(ops, OpType.ROUND, ops.div(ops.sub(a, node.output(0)), b));
        return listOf(g, ops.neg(ops.mul(g, q)));
    }

    /**
     * y = x where x lies within the bounds, whichever of them are there; on a bound the slope is x's. Elsewhere y is a
     * bound, and its gradient the bound's: the upper one's where both exclude x, as ONNX has it.
     */
    private static List<@Nullable Value> clip(Ops ops, Node node, Value g) {
        Value x = node.input(0);
        Value zero = ops.constant(0);
        Value inside = ops.equal(x, node.output(0));
        Value outside = ops.where(inside, zero, g);
        boolean low = node.hasInput(1);
        boolean high = node.hasInput(2);
        Value above = high
                ? ops.greater(low ? ops.max(x, node.input(1)) : x, node.input(2)) // y is the upper bound
                : null;
        Value ofLow = !low || above == null ? outside : ops.where(above, zero, outside);
        Value ofHigh = above == null ? null : ops.where(above, outside, zero);
        return listOf(ops.where(inside, g, zero), low ? ofLow : null, ofHigh)
                .subList(0, node.inputs().size());
    }

    /**
     * y = aᵇ: da = b·aᵇ⁻¹, db = y·log a. Where b is zero da is zero, also for a = 0. Where a isn't positive db is taken
     * as zero: for a = 0 that is its limit (b &gt; 0), for a &lt; 0 only whole b give a number at all.
     */
    private static List<@Nullable Value> pow(Ops ops, Node node, Value g) {
        Value a = node.input(0);
        Value given = node.input(1);
        Value b = given.type().element() == a.type().element()
                ? given
                : ops.cast(given, a.type().element());
        Value zero = ops.constant(0);
        Value db = ops.where(ops.greater(a, zero), ops.mul(g, ops.mul(node.output(0), ops.log(a))), zero);
        return listOf(ops.mul(g, powerSlope(ops, a, b, constant(given))), given.equals(b) ? db : null);
    }

    /** b·aᵇ⁻¹. */
    private static Value powerSlope(Ops ops, Value a, Value b, OptionalDouble constant) {
        double exponent = constant.orElse(0);
        if (exponent == 2) {
            return ops.mul(a, 2); // by far the most frequent one
        }
        if (exponent != 0) {
            return ops.mul(ops.pow(a, ops.constant((float) (exponent - 1))), exponent);
        }
        Value slope = ops.mul(b, ops.pow(a, plus(ops, b, -1)));
        return ops.where(ops.equal(b, ops.constant(0)), ops.constant(0), slope);
    }

    private static OptionalDouble constant(Value value) {
        Tensor constant = value.constant();
        if (constant == null || constant.shape().elements() != 1) {
            return OptionalDouble.empty();
        }
        return switch (constant.type().element()) {
            case FLOAT -> OptionalDouble.of(constant.floats()[0]);
            case INT64 -> OptionalDouble.of((double) constant.longs()[0]);
            default -> OptionalDouble.empty();
        };
    }

    /** y = the largest or smallest of several: its gradient, shared equally among those that are equal to it. */
    private static List<@Nullable Value> chosen(Ops ops, Node node, Value g) {
        Value y = node.output(0);
        List<Value> equal = new ArrayList<>();
        for (int i = 0; i < node.inputs().size(); i++) {
            equal.add(ops.equal(node.input(i), y));
        }
        Value share = ops.div(
                g,
                equal.stream()
                        .map(each -> ops.cast(each, y.type().element()))
                        .reduce(ops::add)
                        .orElseThrow());
        return equal.stream()
                .<@Nullable Value>map(each -> ops.where(each, share, ops.constant(0)))
                .toList();
    }

    /** y = c ? a : b. */
    private static List<@Nullable Value> where(Ops ops, Node node, Value g) {
        Value zero = ops.constant(0);
        return listOf(null, ops.where(node.input(0), g, zero), ops.where(node.input(0), zero, g));
    }

    /**
     * y = x·mask / (1 - ratio) in training, y = x otherwise; then the mask is all true. Which of the two it is may be
     * an input of the graph.
     */
    private static List<@Nullable Value> dropout(Ops ops, Node node, Value g) {
        if (!node.hasInput(2)) {
            return listOf(g);
        }
        Value training = node.input(2);
        Value ratio = node.hasInput(1) ? node.input(1) : ops.constant(0.5f);
        Value scale = ops.div(ops.constant(1), oneMinus(ops, ratio));
        Tensor known = training.constant();
        if (known != null && known.data()[0] == 0) {
            return listOf(g);
        }
        if (known == null) {
            scale = ops.where(training, scale, ops.constant(1));
        }
        return listOf(ops.where(node.output(1), ops.mul(g, scale), ops.constant(0)));
    }

    /**
     * y = x·Φ(x): dx = Φ(x) + x·φ(x), with Φ(x) = (1 + erf(x/√2)) / 2. Or y = x·(1 + tanh u) / 2 with u = √(2/π)·(x +
     * 0.044715·x³): dx = (1 + t)/2 + x·(1 - t²)·u'/2, t = tanh u. ONNX Runtime's GeluGrad and FastGeluGrad were
     * tried and weren't faster on the CPU.
     */
    private static List<@Nullable Value> gelu(Ops ops, Node node, Value g) {
        Value x = node.input(0);
        Value square = ops.mul(x, x);
        if (node.attributes().string("approximate", "none").equals("none")) {
            Value distribution = plus(ops, ops.mul(ops.erf(ops.mul(x, Math.sqrt(0.5))), 0.5), 0.5);
            Value density = ops.mul(ops.exp(ops.mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
            return listOf(ops.mul(g, ops.add(distribution, ops.mul(x, density))));
        }
        double root = Math.sqrt(2 / Math.PI);
        double cubic = 0.044715 * root;
        Value t = ops.tanh(ops.mul(x, plus(ops, ops.mul(square, cubic), root)));
        Value slope = plus(ops, ops.mul(square, 3 * cubic), root);
        Value side = ops.mul(ops.mul(x, oneMinus(ops, ops.mul(t, t))), slope);
        return listOf(ops.mul(ops.mul(g, 0.5), ops.add(plus(ops, t, 1), side)));
    }

    /** y = max(0, min(1, α·x + β)): α strictly between, 0 elsewhere. */
    private static List<@Nullable Value> hardSigmoid(Ops ops, Node node, Value g) {
        double alpha = node.attributes().real("alpha", 0.2f);
        Value y = node.output(0);
        Value between = ops.and(ops.greater(y, ops.constant(0)), ops.less(y, ops.constant(1)));
        return listOf(ops.where(between, ops.mul(g, alpha), ops.constant(0)));
    }

    /**
     * y = x·h, h = max(0, min(1, x/6 + 1/2)): h + x/6 strictly between -3 and 3, h elsewhere. Multiplying by a mask
     * is cheaper than choosing twice.
     */
    private static Value hardSwish(Ops ops, Value g, Value x, Value y) {
        Attributes sixth = Attributes.NONE.with("alpha", (float) (1.0 / 6)).with("beta", 0.5f);
        Value h = ops.node(OpType.HARD_SIGMOID, List.of(x), sixth).output(0);
        Value between = ops.cast(ops.less(ops.abs(x), ops.constant(3)), ElementType.FLOAT);
        return ops.mul(g, ops.add(h, ops.mul(ops.mul(x, 1.0 / 6), between)));
    }

    /**
     * y = x·t, t = tanh(log(1 + exp x)): dx = t + x·(1 - t²)·s with s = sigmoid x. With q = sigmoid(-x) = 1/(1 + exp x),
     * t is (1 - q²)/(1 + q²) = s·(1 + q)/(1 + q²), which neither overflows nor cancels, and does without ONNX Runtime's
     * Softplus, which is slow on the CPU.
     */
    private static Value mish(Ops ops, Value g, Value x, Value y) {
        Value s = ops.sigmoid(x);
        Value q = ops.sigmoid(ops.neg(x));
        Value t = ops.div(ops.mul(s, plus(ops, q, 1)), plus(ops, ops.mul(q, q), 1));
        Value side = ops.mul(ops.mul(x, s), oneMinus(ops, ops.mul(t, t)));
        return ops.mul(g, ops.add(t, side));
    }

    private static List<@Nullable Value> rightOfZero(Ops ops, Node node, Value right, Value left) {
        return listOf(ops.where(ops.greater(node.input(0), ops.constant(0)), right, left));
    }

    private static Value plus(Ops ops, Value x, double summand) {
        return ops.add(x, ops.constant((float) summand));
    }

    private static Value oneMinus(Ops ops, Value x) {
        return ops.sub(ops.constant(1), x);
    }

    private static Value apply(Ops ops, OpType op, Value... inputs) {
        return ops.node(op, List.of(inputs), Attributes.NONE).output(0);
    }
}

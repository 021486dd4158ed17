package dev.vicreg.training.autodiff;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of each operator: a table, then the longer rules by name.
 *
 * <p>Written for an operator y = f(x₁, …) and a scalar loss L, a rule gives dL/dxᵢ from dL/dy. Rules never mention
 * broadcasting: {@link Backward} sums a gradient back to its input's shape. They use ONNX Runtime Training's kernels
 * where one exists; which kernel finally runs is decided later, by the lowering.
 */
final class GradientRules {
    /** Gradients for the inputs in their order; null for an input that gets none (indices, shapes, statistics). */
    @FunctionalInterface
    interface Rule {
        /**
         * Builds the gradients of one node.
         *
         * @param upstream dL/d(output) of each output; null where the loss does not depend on one. At least one is
         *     there
         */
        List<@Nullable Value> apply(Ops ops, Node node, List<@Nullable Value> upstream);
    }

    /** A rule for operators of which only the first output is differentiable, or that have but one. */
    @FunctionalInterface
    interface FirstOutputRule {
        /**
         * Builds the gradients of one node.
         *
         * @param upstream dL/d(output 0)
         */
        List<@Nullable Value> apply(Ops ops, Node node, Value upstream);
    }

    /** dL/dx of y = f(x). */
    interface Unary {
        /** From upstream dL/dy. */
        Value apply(Ops ops, Value upstream, Value x, Value y);
    }

    /** dL/da or dL/db of y = f(a, b). */
    interface Binary {
        /** From upstream dL/dy. */
        Value apply(Ops ops, Value upstream, Value a, Value b, Value y);
    }

    private static final Map<OpType, Rule> RULED = new EnumMap<>(OpType.class);
    private static final Map<OpType, String> WITHOUT = new EnumMap<>(OpType.class);
    private static final Map<OpType, String> UNSUPPORTED = new EnumMap<>(OpType.class);

    static {
        first(OpType.BATCH_NORM_TRAINING, GradientRules::batchNorm);
        without(OpType.DETACH, "it is there to stop gradients");

        for (OpType op : OpType.values()) {
            if (op.domain() != OpType.Domain.ONNX && of(op).isEmpty() && !isWithout(op)) {
                unsupported(op, "a kernel of the backward pass, the update or a lowering");
            }
        }

        for (OpType op : List.of(OpType.QUANTIZE_LINEAR, OpType.DEQUANTIZE_LINEAR)) {
            unsupported(op, "integers stand for real numbers: train the float32 encoder");
        }

        ElementwiseGradients.register();
        AxisGradients.register();
        StructureGradients.register();
        NeuralGradients.register();
        RecurrentGradients.register();
    }

    private GradientRules() {}

    /** The rule of an operator through which gradients flow. */
    static Optional<Rule> of(OpType op) {
        return Optional.ofNullable(RULED.get(op));
    }

    /** Whether no gradient flows through the operator by its nature. */
    static boolean isWithout(OpType op) {
        return WITHOUT.containsKey(op);
    }

    /** Why no gradient flows through the operator by its nature, where that is so. */
    static Optional<String> without(OpType op) {
        return Optional.ofNullable(WITHOUT.get(op));
    }

    /** Why the operator cannot be differentiated, where that is so. */
    static Optional<String> unsupported(OpType op) {
        return Optional.ofNullable(UNSUPPORTED.get(op));
    }

    /** Adds the rule of an operator with any number of differentiable outputs. */
    static void many(OpType op, Rule rule) {
        once(op);
        RULED.put(op, rule);
    }

    /** Adds the rule of an operator of which only the first output is differentiable. */
    static void first(OpType op, FirstOutputRule rule) {
        many(op, (ops, node, upstream) -> {
            for (int i = 1; i < upstream.size(); i++) {
                if (upstream.get(i) != null) {
                    throw new SettingException("No gradient flows through output " + i + " of " + node
                            + ": only the first output of " + op.onnxName() + " can be differentiated");
                }
            }
            return rule.apply(ops, node, Objects.requireNonNull(upstream.get(0)));
        });
    }

    /** Says that no gradient flows through an operator by its nature. */
    static void without(OpType op, String reason) {
        once(op);
        WITHOUT.put(op, reason);
    }

    /** Says why an operator cannot be differentiated. */
    static void unsupported(OpType op, String reason) {
        once(op);
        UNSUPPORTED.put(op, reason);
    }

    private static void once(OpType op) {
        if (RULED.containsKey(op) || WITHOUT.containsKey(op) || UNSUPPORTED.containsKey(op)) {
            throw new IllegalStateException("Two rows for the gradient of " + op + ": expected one");
        }
    }

    /** Adds the rule of an operator with one input. */
    static void unary(OpType op, Unary rule) {
        first(op, (ops, node, g) -> listOf(rule.apply(ops, g, node.input(0), node.output(0))));
    }

    /** Adds the rules for both inputs of an operator. */
    static void binary(OpType op, Binary left, Binary right) {
        first(op, (ops, node, g) -> {
            Value a = node.input(0);
            Value b = node.input(1);
            return listOf(left.apply(ops, g, a, b, node.output(0)), right.apply(ops, g, a, b, node.output(0)));
        });
    }

    static List<@Nullable Value> listOf(@Nullable Value... values) {
        return Collections.unmodifiableList(new ArrayList<@Nullable Value>(Arrays.asList(values)));
    }

    static Value reshapeLike(Ops ops, Value g, Value x) {
        return ops.reshape(g, x.shape().toArray());
    }

    static long[] constantLongs(Node node, int index) {
        return ShapeValues.longs(node.input(index))
                .orElseThrow(() ->
                        new SettingException(node + ": input " + index + " must be a constant to be differentiated"));
    }

    /** Through the batch's own mean and variance, from what the forward kernel saved of them. */
    private static List<@Nullable Value> batchNorm(Ops ops, Node node, Value g) {
        Attributes attributes =
                Attributes.NONE.with("epsilon", node.attributes().real("epsilon", 1e-5f));
        Node grad = ops.node(
                OpType.BATCH_NORMALIZATION_GRAD,
                List.of(g, node.input(0), node.input(1), node.output(3), node.output(4)),
                attributes);
        return listOf(grad.output(0), grad.output(1), grad.output(2), null, null);
    }
}

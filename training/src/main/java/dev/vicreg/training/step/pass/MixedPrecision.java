package dev.vicreg.training.step.pass;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Computes the network of a training graph in float16 and the rest in float32, after the fact: the forward pass, the
 * gradients and the update are written in float32, and this pass decides node by node, as PyTorch's autocast does
 * operator by operator.
 *
 * <table>
 *   <caption>What is computed in what</caption>
 *   <tr><th>operators<th>precision
 *   <tr><td>matrix products, convolutions and the gradients of the latter<td>float16, whatever they read
 *   <tr><td>sums, products, activations, pooling, changes of shape<td>float16 where all they read is float16, but for
 *       parameters and constants that are added; else float32
 *   <tr><td>batch norms and their gradients<td>data as the data they read; scale, bias, statistics and their gradients
 *       float32
 *   <tr><td>sums over axes, exponentials, roots, quotients, softmax, layer norms and all else<td>float32
 *   <tr><td>how views enter, the objective, the update<td>float32, whatever the operator
 * </table>
 *
 * <p>Where only float32 nodes read a sum or a change of shape, it is float32, too: so the gradients that the two branches
 * give of a weight are added in float32. Parameters stay float32 inputs; each is cast at most once a step, for both branches
 * and the backward pass, and a value that came from a cast is never cast back. Gradients of parameters are float32.
 *
 * <p>Every operator that may become float16 has a float16 kernel on CUDA. The CPU has few, which its lowering makes up for.
 */
public final class MixedPrecision {
    /** In float16 whatever they read: they take the time, and their kernels add up in float32. */
    private static final Set<OpType> PRODUCTS =
            EnumSet.of(OpType.CONV, OpType.CONV_GRAD, OpType.CONV_TRANSPOSE, OpType.GEMM, OpType.MAT_MUL);

    /** In float16 where what they read is; the range of the result is about that of the operands. */
    private static final Set<OpType> FOLLOWING = EnumSet.of(
            OpType.AVERAGE_POOL,
            OpType.CLIP,
            OpType.GELU,
            OpType.GLOBAL_AVERAGE_POOL,
            OpType.GLOBAL_MAX_POOL,
            OpType.HARD_SIGMOID,
            OpType.HARD_SWISH,
            OpType.LEAKY_RELU,
            OpType.MAX_POOL,
            OpType.MUL,
            OpType.RELU,
            OpType.SIGMOID,
            OpType.TANH,
            OpType.WHERE);

    /** As {@link #FOLLOWING}; they follow those who read them as well, and round what is added to their precision. */
    private static final Set<OpType> SUMS = EnumSet.of(OpType.ADD, OpType.SUM);

    /** As {@link #SUMS}, and of parameters alone they give what counts as a parameter. */
    private static final Set<OpType> STRUCTURE = EnumSet.of(
            OpType.CONCAT,
            OpType.EXPAND,
            OpType.FLATTEN,
            OpType.IDENTITY,
            OpType.PAD,
            OpType.RESHAPE,
            OpType.SLICE,
            OpType.SPLIT,
            OpType.SQUEEZE,
            OpType.TILE,
            OpType.TRANSPOSE,
            OpType.UNSQUEEZE);

    /** Of these the first inputs are data, and the rest stays float32: how many, and which of them leads. */
    private static final Map<OpType, Integer> DATA_INPUTS = Map.of(
            OpType.BATCH_NORM_TRAINING, 1,
            OpType.BATCH_NORMALIZATION_GRAD, 2,
            OpType.RELU_GRAD, 2,
            OpType.LEAKY_RELU_GRAD, 2);

    /** What isn't the network. */
    private static final Set<Region> FLOAT_REGIONS = EnumSet.of(Region.INPUT, Region.OBJECTIVE, Region.UPDATE);

    /** Makes the network of a step float16. */
    public static final Pass PASS = step -> step.map(MixedPrecision::apply);

    private static final float SMALLEST_NORMAL = 0x1p-14f;
    private static final float LARGEST = 65_504;

    /** What is known of a float32 value of the plain graph. */
    private enum Kind {
        /** Computed in float16. */
        HALF,
        /** Computed in float32. */
        FULL,
        /** An input or a constant, perhaps in another shape: takes on the precision of what it is added to. */
        EITHER
    }

    private final Graph graph;
    private final Map<Value, Kind> kinds = new HashMap<>();
    private final Set<Node> half = new HashSet<>();

    private MixedPrecision(Graph graph) {
        this.graph = graph;
    }

    /** The same graph in mixed precision. Inputs, outputs and their types stay; it must not have been lowered. */
    public static Graph apply(Graph graph) {
        MixedPrecision pass = new MixedPrecision(graph);
        pass.classify();
        pass.settle();
        Graph mixed = Rewriter.rewrite(graph, Map.of(), pass.new Rule());
        Map<String, Value> outputs = new LinkedHashMap<>();
        mixed.outputs()
                .forEach((name, value) -> outputs.put(
                        name,
                        isHalf(value) ? new Ops().scope("update").in(Region.UPDATE).cast(value, ElementType.FLOAT) : value));
        return Graph.of(mixed.name(), mixed.inputs(), outputs);
    }

    /** Whether an operator gives elements as it got them, so that there is nothing to round. */
    public static boolean onlyMoves(OpType op) {
        return STRUCTURE.contains(op);
    }

    /** The operators that this pass may compute in float16. */
    static Set<OpType> halfOperators() {
        Set<OpType> all = EnumSet.copyOf(PRODUCTS);
        all.addAll(FOLLOWING);
        all.addAll(SUMS);
        all.addAll(STRUCTURE);
        all.addAll(DATA_INPUTS.keySet());
        return all;
    }

    /** Forwards: what each node would be computed in by what it reads. */
    private void classify() {
        for (Node node : graph.nodes()) {
            Kind kind = kind(node);
            if (kind == Kind.HALF) {
                half.add(node);
            }
            node.outputs().forEach(output -> kinds.put(output, isNorm(node) ? Kind.FULL : kind));
            kinds.put(node.output(0), kind); // a norm's other outputs are statistics, or gradients of parameters
        }
    }

    private Kind kind(Node node) {
        if (FLOAT_REGIONS.contains(node.region())) {
            return Kind.FULL;
        }
        List<Value> floats = floatInputs(node);
        if (PRODUCTS.contains(node.op())) {
            return !floats.isEmpty() && floats.stream().allMatch(MixedPrecision::isInRange) ? Kind.HALF : Kind.FULL;
        }
        Integer data = DATA_INPUTS.get(node.op());
        if (data != null) { // a norm's or activation's gradient goes by what it saw on the way forward
            return kind(node.input(data - 1), false) == Kind.HALF ? Kind.HALF : Kind.FULL;
        }
        boolean light = isLight(node);
        if (floats.isEmpty() || !(light || FOLLOWING.contains(node.op()))) {
            return Kind.FULL;
        }
        Set<Kind> read = EnumSet.noneOf(Kind.class);
        floats.forEach(input -> read.add(kind(input, light)));
        if (read.contains(Kind.FULL)) {
            return Kind.FULL;
        }
        if (read.contains(Kind.HALF)) {
            return Kind.HALF;
        }
        return STRUCTURE.contains(node.op()) ? Kind.EITHER : Kind.FULL;
    }

    private static boolean isNorm(Node node) {
        return node.op() == OpType.BATCH_NORM_TRAINING || node.op() == OpType.BATCH_NORMALIZATION_GRAD;
    }

    private static boolean isLight(Node node) {
        return SUMS.contains(node.op()) || STRUCTURE.contains(node.op());
    }

    /** @param added whether rounding the value costs an absolute error only: a factor of 1e-6 would lose its digits */
    private Kind kind(Value value, boolean added) {
        Tensor constant = value.constant();
        if (constant != null) {
            return isRepresentable(constant) ? Kind.EITHER : Kind.FULL;
        }
        Kind kind = value.isInput() ? Kind.EITHER : kinds.getOrDefault(value, Kind.FULL);
        return kind == Kind.EITHER && !added ? Kind.FULL : kind;
    }

    /** Backwards: changes of a parameter's shape, and light nodes, go by who reads them. */
    private void settle() {
        Map<Value, Set<Boolean>> readers = new HashMap<>(); // whether those who read a value do so in float16
        graph.outputs().values().forEach(output -> reads(readers, output, false));
        List<Node> nodes = graph.nodes();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            Set<Boolean> read = new HashSet<>();
            node.outputs().forEach(output -> read.addAll(readers.getOrDefault(output, Set.of())));
            if (kinds.get(node.output(0)) == Kind.EITHER && !read.contains(false)) {
                half.add(node);
            } else if (isLight(node) && !read.contains(true)) {
                half.remove(node);
            }
            for (int input = 0; input < node.inputs().size(); input++) {
                Value value = node.inputs().get(input);
                if (value != null) {
                    reads(readers, value, readsHalf(node, input));
                }
            }
        }
    }

    private static void reads(Map<Value, Set<Boolean>> readers, Value value, boolean inHalf) {
        readers.computeIfAbsent(value, any -> new HashSet<>()).add(inHalf);
    }

    private boolean readsHalf(Node node, int input) {
        return half.contains(node) && input < DATA_INPUTS.getOrDefault(node.op(), Integer.MAX_VALUE);
    }

    private static List<Value> floatInputs(Node node) {
        return node.inputs().stream()
                .filter(Objects::nonNull)
                .filter(input -> input.type().element() == ElementType.FLOAT)
                .toList();
    }

    private static boolean isHalf(Value value) {
        return value.type().element() == ElementType.FLOAT16;
    }

    /** Whether a product may read it: anything but constants that float16 would turn into infinity. */
    private static boolean isInRange(Value value) {
        Tensor constant = value.constant();
        return constant == null || all(constant, magnitude -> magnitude <= LARGEST);
    }

    /** Whether float16 holds a constant to its usual number of digits. */
    private static boolean isRepresentable(Tensor constant) {
        return all(
                constant,
                magnitude -> magnitude == 0
                        || (magnitude >= SMALLEST_NORMAL && magnitude <= LARGEST)
                        || Float.isInfinite(magnitude));
    }

    private interface Condition {
        boolean holds(float magnitude);
    }

    private static boolean all(Tensor tensor, Condition condition) {
        for (float value : tensor.floats()) {
            if (!condition.holds(Math.abs(value))) {
                return false;
            }
        }
        return true;
    }

    /** Builds the nodes again in their precision, casting each value at most once each way. */
    private final class Rule implements Rewriter.Rule {
        private final Map<Value, Value> halves = new HashMap<>();
        private final Map<Value, Value> floats = new HashMap<>();

        @Override
        public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
            List<@Nullable Value> cast = new ArrayList<>();
            for (int i = 0; i < inputs.size(); i++) {
                Value input = inputs.get(i);
                boolean real = input != null && input.type().element().isFloatingPoint();
                cast.add(!real || input == null ? input : readsHalf(node, i) ? half(ops, input) : full(ops, input));
            }
            return Rewriter.copy(ops, node, cast);
        }

        private Value half(Ops ops, Value value) {
            if (isHalf(value)) {
                return value;
            }
            Value known = halves.get(value);
            if (known == null) {
                Tensor constant = value.constant();
                known = constant == null ? ops.cast(value, ElementType.FLOAT16) : ops.constant(constant.toFloat16());
                halves.put(value, known);
                floats.put(known, value);
            }
            return known;
        }

        private Value full(Ops ops, Value value) {
            if (!isHalf(value)) {
                return value;
            }
            Value known = floats.get(value);
            if (known == null) {
                known = ops.cast(value, ElementType.FLOAT);
                floats.put(value, known);
                halves.put(known, value);
            }
            return known;
        }
    }
}

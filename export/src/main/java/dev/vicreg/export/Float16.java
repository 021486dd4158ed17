package dev.vicreg.export;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An encoder with weights and most of its computation in float16, input and outputs as they were. Convolutions, matrix
 * products and tables of tokens are float16 whatever they read; sums, products, activations and pooling follow what they read; norms, softmax,
 * roots, quotients and how the input enters stay float32. Each value is cast at most once each way.
 */
final class Float16 implements Rewriter.Rule {
    private static final Set<OpType> PRODUCTS =
            EnumSet.of(OpType.CONV, OpType.CONV_TRANSPOSE, OpType.GEMM, OpType.MAT_MUL);

    /** In float16 where something they read is. */
    private static final Set<OpType> FOLLOWING = EnumSet.of(
            OpType.ADD,
            OpType.AVERAGE_POOL,
            OpType.CLIP,
            OpType.CONCAT,
            OpType.EXPAND,
            OpType.FLATTEN,
            OpType.GLOBAL_AVERAGE_POOL,
            OpType.GLOBAL_MAX_POOL,
            OpType.HARD_SIGMOID,
            OpType.HARD_SWISH,
            OpType.IDENTITY,
            OpType.MAX_POOL,
            OpType.MUL,
            OpType.RELU,
            OpType.RESHAPE,
            OpType.SIGMOID,
            OpType.SLICE,
            OpType.SPLIT,
            OpType.SQUEEZE,
            OpType.SUB,
            OpType.SUM,
            OpType.TANH,
            OpType.TRANSPOSE,
            OpType.UNSQUEEZE);

    private static final float SMALLEST_NORMAL = 0x1p-14f;

    /** The largest number that there is in float16. */
    static final float LARGEST = 65_504;

    private final Map<Value, Value> halves = new HashMap<>();
    private final Map<Value, Value> floats = new HashMap<>();

    private final List<Value> narrowed = new ArrayList<>();

    private Float16() {}

    /**
     * An encoder that computes so.
     *
     * @param narrowed values of the float32 encoder that are float16 in this one
     */
    record Made(Graph graph, List<Value> narrowed) {}

    /** @throws SettingException if nothing of the graph would be float16 */
    static Made of(Graph encoder) {
        if (encoder.nodes().stream().noneMatch(node -> PRODUCTS.contains(node.op()))) {
            throw new SettingException(
                    "`precision` fp16: the encoder has neither convolutions nor matrix products, so that nothing of it would be float16");
        }
        Float16 rule = new Float16();
        Graph half = Rewriter.rewrite(encoder, Map.of(), rule);
        Map<String, Value> outputs = new LinkedHashMap<>();
        half.outputs()
                .forEach((name, value) -> outputs.put(
                        name, isHalf(value) ? new Ops().scope("output").cast(value, ElementType.FLOAT) : value));
        return new Made(Graph.of(half.name(), half.inputs(), outputs), rule.narrowed);
    }

    @Override
    public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
        boolean inHalf = isInHalf(node, inputs);
        if (inHalf) {
            node.outputs().stream()
                    .filter(output -> output.type().element() == ElementType.FLOAT)
                    .forEach(narrowed::add);
        }
        List<@Nullable Value> cast = new ArrayList<>();
        for (Value input : inputs) {
            boolean real = input != null && input.type().element().isFloatingPoint();
            cast.add(!real || input == null ? input : inHalf ? half(ops, input) : full(ops, input));
        }
        return Rewriter.copy(ops, node, cast);
    }

    private static boolean isInHalf(Node node, List<@Nullable Value> inputs) {
        if (PRODUCTS.contains(node.op())) {
            return inputs.stream().allMatch(input -> input == null || isWithin(input, 0));
        }
        Value first = inputs.get(0);
        if (node.op() == OpType.GATHER && first != null && first.constant() != null) { // a table of tokens
            return first.type().element() == ElementType.FLOAT && isWithin(first, 0);
        }
        return FOLLOWING.contains(node.op())
                && inputs.stream().anyMatch(input -> input != null && isHalf(input))
                && inputs.stream().allMatch(input -> input == null || isWithin(input, SMALLEST_NORMAL));
    }

    /** Whether float16 holds what is known of a value: a constant's numbers, but zeros, from {@code smallest} on. */
    private static boolean isWithin(Value value, float smallest) {
        Tensor constant = value.constant();
        if (constant == null || value.type().element() != ElementType.FLOAT) {
            return true;
        }
        for (float number : constant.floats()) {
            float magnitude = Math.abs(number);
            if (!(magnitude == 0 || (magnitude >= smallest && magnitude <= LARGEST))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isHalf(Value value) {
        return value.type().element() == ElementType.FLOAT16;
    }

    private Value half(Ops ops, Value value) {
        if (isHalf(value)) {
            return value;
        }
        return halves.computeIfAbsent(value, wide -> {
            Tensor constant = wide.constant();
            Value narrow =
                    constant == null ? ops.cast(wide, ElementType.FLOAT16) : Value.constant(null, constant.toFloat16());
            floats.put(narrow, wide);
            return narrow;
        });
    }

    private Value full(Ops ops, Value value) {
        return isHalf(value) ? floats.computeIfAbsent(value, narrow -> ops.cast(narrow, ElementType.FLOAT)) : value;
    }
}

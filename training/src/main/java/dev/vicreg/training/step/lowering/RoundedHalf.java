package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.training.step.pass.MixedPrecision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Float16 for the CPU, which has next to no kernels for it: every operator computes in float32 and its results are rounded
 * to float16, which is what a float16 kernel that adds up in float32 gives.
 *
 * <p>ONNX Runtime would run a float16 graph on the CPU, too, but not as it says: it puts casts around each kernel, then
 * removes pairs of casts, those that the graph asked for among them (seen with 1.24.1 at every level but NO_OPT). Nothing
 * is rounded and nothing overflows then; the losses of ten steps were those of float32 to the last digit. Pairs of casts
 * that are written between float32 operators stay.
 */
final class RoundedHalf implements Rewriter.Rule {
    private final Map<Value, Value> constants = new HashMap<>();

    private RoundedHalf() {}

    /** The graph without float16 operators other than casts; the graph itself if it has none. */
    static Graph apply(Graph graph) {
        boolean any =
                graph.nodes().stream().flatMap(node -> node.outputs().stream()).anyMatch(RoundedHalf::isHalf);
        return any ? Rewriter.rewrite(graph, Map.of(), new RoundedHalf()) : graph;
    }

    /** In the new graph a float16 value is a float32 one that float16 can hold. */
    @Override
    public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
        List<@Nullable Value> floats = new ArrayList<>();
        for (Value input : inputs) {
            floats.add(
                    input != null && isHalf(input) ? constants.computeIfAbsent(input, half -> full(ops, half)) : input);
        }
        Value first = floats.isEmpty() ? null : floats.get(0);
        if (node.op() == OpType.CAST && first != null && isHalf(node.input(0))) {
            return List.of(first.type().equals(node.output(0).type()) ? first : ops.cast(first, element(node)));
        }
        if (node.op() == OpType.CAST && first != null && isHalf(node.output(0))) {
            return List.of(rounded(ops, first));
        }
        List<Value> outputs = new ArrayList<>(Rewriter.copy(ops, node, floats));
        for (int i = 0; i < outputs.size(); i++) {
            if (isHalf(node.output(i)) && !MixedPrecision.onlyMoves(node.op())) {
                outputs.set(i, rounded(ops, outputs.get(i)));
            }
        }
        return outputs;
    }

    private static ElementType element(Node node) {
        return node.output(0).type().element();
    }

    private static Value rounded(Ops ops, Value value) {
        return full(ops, ops.cast(value, ElementType.FLOAT16));
    }

    private static Value full(Ops ops, Value half) {
        return ops.cast(half, ElementType.FLOAT);
    }

    private static boolean isHalf(Value value) {
        return value.type().element() == ElementType.FLOAT16;
    }
}

package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Running statistics of batch norms, left to cuDNN: its kernel moves mean and variance as PyTorch does, so that what
 * {@code Layers} computes around it for the CPU's kernel, seven small operators a norm, becomes nothing.
 *
 * <p>The kernel may write over the statistics that it reads, and those are state that must not change before the update. It
 * reads copies, therefore: all statistics of the graph are joined and split again, which is two kernels in all.
 *
 * <p>Used while one graph is rewritten, in the order of its nodes.
 */
final class CudaStatistics {
    /**
     * One batch norm of the plain graph.
     *
     * @param mean the old running mean
     * @param variance the old running variance
     * @param movedMean where the graph computes the new mean
     * @param movedVariance where it computes the new variance
     */
    private record Norm(Value mean, Value variance, Value movedMean, Value movedVariance) {}

    private final Map<Node, Norm> norms = new HashMap<>();
    /** Statistics of the plain graph, and what stands for them in the new one. */
    private final Map<Value, Value> known = new HashMap<>();

    CudaStatistics(Graph graph) {
        Map<Value, List<Node>> readers = new HashMap<>();
        for (Node node : graph.nodes()) {
            for (@Nullable Value input : node.inputs()) {
                if (input != null) {
                    readers.computeIfAbsent(input, value -> new ArrayList<>()).add(node);
                }
            }
        }
        Set<Value> state = new LinkedHashSet<>();
        for (Node node : graph.nodes()) {
            if (node.op() == OpType.BATCH_NORM_INTERNAL) {
                find(node, readers).ifPresent(norm -> {
                    norms.put(node, norm);
                    state.add(norm.mean);
                    state.add(norm.variance);
                });
            }
        }
        state.removeIf(value -> !value.isInput());
        copy(List.copyOf(state));
    }

    private void copy(List<Value> state) {
        if (state.isEmpty()) {
            return;
        }
        Ops ops = new Ops().scope("statistics");
        long[] sizes =
                state.stream().mapToLong(value -> value.shape().elements()).toArray();
        List<Value> copies = ops.split(ops.concat(0, state.toArray(new Value[0])), 0, sizes);
        for (int i = 0; i < copies.size(); i++) {
            known.put(state.get(i), copies.get(i));
        }
    }

    /** What stands for the only result of {@code node} in the new graph, if that is a moved statistic. */
    Optional<Value> moved(Node node) {
        return node.outputs().size() == 1 ? Optional.ofNullable(known.get(node.output(0))) : Optional.empty();
    }

    /**
     * The norm with cuDNN's statistics, if it is one whose statistics are moved as {@code Layers} does.
     *
     * @param inputs in the new graph
     */
    Optional<List<Value>> norm(Ops ops, Node node, List<@Nullable Value> inputs) {
        Norm norm = norms.get(node);
        if (norm == null) {
            return Optional.empty();
        }
        List<@Nullable Value> own = new ArrayList<>(inputs);
        own.set(3, known.get(norm.mean));
        own.set(4, known.get(norm.variance));
        List<Value> outputs = ops.node(node.op(), own, node.attributes()).outputs();
        known.put(norm.movedMean, outputs.get(1));
        known.put(norm.movedVariance, outputs.get(2));
        return Optional.of(outputs);
    }

    private static Optional<Norm> find(Node node, Map<Value, List<Node>> readers) {
        double c = correction(node);
        Value mean = factorOf(node.input(3), 1 / c);
        Value variance = factorOf(node.input(4), 1 / c);
        Value movedVariance = readers.getOrDefault(node.output(2), List.of()).stream()
                .map(reader -> reader.output(0))
                .filter(value -> factorOf(value, c) == node.output(2))
                .findFirst()
                .orElse(null);
        Value movedMean = readers.getOrDefault(node.output(3), List.of()).stream()
                .flatMap(reader -> readers.getOrDefault(reader.output(0), List.of()).stream())
                .filter(reader -> mean != null && isMoved(reader, mean, node))
                .map(reader -> reader.output(0))
                .findFirst()
                .orElse(null);
        return mean == null || variance == null || movedMean == null || movedVariance == null
                ? Optional.empty()
                : Optional.of(new Norm(mean, variance, movedMean, movedVariance));
    }

    /** Whether this is kept·mean + (1-kept)·batch mean. */
    private static boolean isMoved(Node sum, Value mean, Node norm) {
        double kept = norm.attributes().real("momentum", 0.9f);
        return sum.op() == OpType.ADD
                && factorOf(sum.input(0), kept) == mean
                && factorOf(sum.input(1), 1 - kept) == norm.output(3);
    }

    /** c = n/(n-1) for the n values of a channel. */
    static double correction(Node norm) {
        double n = norm.input(0).shape().elements()
                / (double) norm.input(0).shape().size(1);
        return n / (n - 1);
    }

    /** x, if {@code value} is x times that number; else null. */
    private static @Nullable Value factorOf(Value value, double number) {
        Node product = value.producer();
        if (product == null || product.op() != OpType.MUL) {
            return null;
        }
        Tensor factor = product.input(1).constant();
        return factor != null
                        && factor.shape().elements() == 1
                        && Math.abs(factor.floats()[0] - number) <= 1e-6 * number
                ? product.input(0)
                : null;
    }
}

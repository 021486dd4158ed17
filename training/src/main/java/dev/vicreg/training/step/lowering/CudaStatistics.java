package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Running statistics of batch norms, left to cuDNN: its kernel moves mean and variance as PyTorch does.
 *
 * <p>The kernel may write over the statistics that it reads, and those are state that must not change before the update. It
 * reads copies, therefore: all statistics of the graph are joined and split again, which is two kernels in all.
 */
final class CudaStatistics {
    /** Copies of statistics that are state. */
    private final Map<Value, Value> copies = new HashMap<>();

    CudaStatistics(Graph graph) {
        Set<Value> state = new LinkedHashSet<>();
        for (Node node : graph.nodes()) {
            if (node.op() == OpType.BATCH_NORM_TRAINING) {
                state.add(node.input(3));
                state.add(node.input(4));
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
        List<Value> parts = ops.split(ops.concat(0, state.toArray(new Value[0])), 0, sizes);
        for (int i = 0; i < parts.size(); i++) {
            copies.put(state.get(i), parts.get(i));
        }
    }

    /** The norm with cuDNN's statistics. */
    List<Value> norm(Ops ops, Node node, List<@Nullable Value> inputs) {
        List<@Nullable Value> own = new ArrayList<>(inputs);
        own.replaceAll(input -> input == null ? null : copies.getOrDefault(input, input));
        return ops.node(OpType.BATCH_NORM_INTERNAL, own, CpuKernels.attributes(node))
                .outputs();
    }
}

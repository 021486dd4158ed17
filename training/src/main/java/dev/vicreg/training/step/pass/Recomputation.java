package dev.vicreg.training.step.pass;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What of the forward pass is computed a second time when the backward pass wants it, instead of being held until then:
 * less memory for more time, at the same losses and gradients, bit for bit. After "Training Deep Nets with Sublinear Memory
 * Cost" (Chen, Xu, Zhang, Guestrin 2016), where a network's blocks are dropped and done again.
 *
 * <p>What is done again reads what was kept through a {@code PassThrough} that also takes the gradient which the backward
 * pass has reached: so that ONNX Runtime, which runs a node as soon as what it reads is there, can't do it earlier, nor take
 * it for the first computation. The {@code PassThrough} also waits for gradients of parameters that are due by then, which
 * ONNX Runtime else leaves for the end, with all that they read.
 */
public enum Recomputation implements Pass {
    /** Everything that the backward pass reads is held. */
    NONE,
    /**
     * Norms and activation functions are done again, which cost little, where what they are done of is held anyway: the
     * outputs of convolutions and products.
     */
    NORMS,
    /**
     * Whole blocks are done again, and nothing is held but what goes from one to the next. A block is what lies between two
     * places where a single value goes on, a residual block for example; {@link Blocks} chooses among these places. What
     * comes last before the objective is held, since the backward pass begins with it.
     */
    BLOCKS;

    /** A norm's input with the running mean; behind it is the variance. */
    private static final int RUNNING_MEAN = 3;

    /** Norms, activation functions, and what changes no number or each by itself. */
    private static final Set<OpType> CHEAP = EnumSet.of(
            OpType.ADD,
            OpType.BATCH_NORM_TRAINING,
            OpType.BATCH_NORMALIZATION,
            OpType.CAST,
            OpType.CLIP,
            OpType.DIV,
            OpType.ERF,
            OpType.FLATTEN,
            OpType.GELU,
            OpType.GROUP_NORMALIZATION,
            OpType.HARD_SIGMOID,
            OpType.HARD_SWISH,
            OpType.INSTANCE_NORMALIZATION,
            OpType.LAYER_NORMALIZATION,
            OpType.LEAKY_RELU,
            OpType.MUL,
            OpType.RELU,
            OpType.RESHAPE,
            OpType.SIGMOID,
            OpType.TANH,
            OpType.TRANSPOSE);

    @Override
    public StepGraph apply(StepGraph step) {
        if (this == NONE) {
            return step;
        }
        Activations activations = Activations.of(step.graph());
        Set<Node> dropped = this == NORMS ? norms(activations) : Blocks.dropped(activations); // not held
        return dropped.isEmpty()
                ? step
                : step.map(graph -> Rewriter.rewrite(graph, Map.of(), new Again(activations, dropped)));
    }

    private static Set<Node> norms(Activations activations) {
        Set<Node> dropped = new HashSet<>();
        for (Node node : activations.network()) {
            if (!CHEAP.contains(node.op())) {
                continue;
            }
            List<Value> held = new ArrayList<>();
            boolean fromHeld = true;
            for (Value input : activations.read(node)) {
                if (!dropped.contains(input.producer())) {
                    held.add(input);
                    fromHeld &= activations.isReadBackward(input);
                }
            }
            // Of two held values, such as a residual sum's, the result is as good to hold.
            if (fromHeld && held.size() <= 1) {
                dropped.add(node);
            }
        }
        return dropped;
    }

    /**
     * The values of a step that depend on a view, and who computes and reads them.
     *
     * @param network nodes of the network that compute some, in order
     * @param values all of them, views and what is computed of them alone in the backward pass included
     * @param readBackward those that the backward pass reads
     * @param beforeGradients nodes of the backward pass that read no gradient yet
     * @param late losses, gradients and what depends on them
     * @param ends what the backward pass makes of them that it doesn't go on from: gradients of parameters
     */
    record Activations(
            List<Node> network,
            Set<Value> values,
            Set<Value> readBackward,
            Set<Node> beforeGradients,
            Set<Value> late,
            Set<Value> ends) {
        /** What callers of a step name its views by: the beginning of their inputs' names. */
        private static final String VIEW = "view";

        static Activations of(Graph graph) {
            Set<Value> values = new HashSet<>();
            graph.inputs().stream()
                    .filter(input -> String.valueOf(input.name()).startsWith(VIEW))
                    .forEach(values::add);
            Set<Value> late = new HashSet<>();
            List<Node> network = new ArrayList<>();
            Set<Node> beforeGradients = new HashSet<>();
            Set<Value> readBackward = new HashSet<>();
            for (Node node : graph.nodes()) {
                if (node.region() == Region.OBJECTIVE || reads(node, late::contains)) {
                    late.addAll(node.outputs());
                } else if (reads(node, values::contains)) {
                    values.addAll(node.outputs());
                    if (node.region() == Region.NETWORK) {
                        network.add(node);
                    } else if (node.region() == Region.BACKWARD) {
                        beforeGradients.add(node);
                    }
                }
                if (node.region() == Region.BACKWARD) {
                    node.inputs().stream()
                            .filter(Objects::nonNull)
                            .filter(values::contains)
                            .forEach(readBackward::add);
                }
            }
            return new Activations(
                    network, values, readBackward, beforeGradients, late, ends(graph.nodes(), late, readBackward));
        }

        private static Set<Value> ends(List<Node> nodes, Set<Value> late, Set<Value> readBackward) {
            Set<Value> goneOnFrom = new HashSet<>();
            List<Node> backward = new ArrayList<>();
            for (int i = nodes.size() - 1; i >= 0; i--) {
                Node node = nodes.get(i);
                if (node.region() == Region.BACKWARD && reads(node, late::contains)) {
                    backward.add(node);
                    if (reads(node, readBackward::contains)
                            || node.outputs().stream().anyMatch(goneOnFrom::contains)) {
                        node.inputs().stream().filter(Objects::nonNull).forEach(goneOnFrom::add);
                    }
                }
            }
            Set<Value> ends = new HashSet<>();
            for (Node node : backward) {
                if (reads(node, goneOnFrom::contains)) {
                    ends.addAll(node.outputs());
                }
            }
            ends.removeAll(goneOnFrom);
            for (int i = backward.size() - 1; i >= 0; i--) { // in order: what an end is summed to is one in its place
                Node node = backward.get(i);
                List<Value> read = node.inputs().stream()
                        .filter(Objects::nonNull)
                        .filter(late::contains)
                        .toList();
                if (node.op() == OpType.REDUCE_SUM && read.size() == 1 && ends.remove(read.get(0))) {
                    ends.addAll(node.outputs());
                }
            }
            return ends;
        }

        private static boolean reads(Node node, Predicate<Value> which) {
            return node.inputs().stream().anyMatch(input -> input != null && which.test(input));
        }

        /** Those that a node reads, but for statistics of a batch, which also go from one view's norms to the next's. */
        List<Value> read(Node node) {
            List<Value> read = new ArrayList<>();
            for (@Nullable Value input : node.inputs()) {
                if (input != null && isLarge(input)) {
                    read.add(input);
                }
            }
            return read;
        }

        /** Whether it depends on a view, and isn't a batch's statistic or the like, which are held: they are small. */
        boolean isLarge(Value value) {
            return values.contains(value) && value.shape().rank() > 1;
        }

        boolean isReadBackward(Value value) {
            return readBackward.contains(value);
        }
    }

    /** Has the backward pass read what is done again. Rewrites one graph, whose nodes before the gradients stay. */
    private static final class Again implements Rewriter.Rule {
        private final Activations activations;
        private final Set<Node> dropped;
        private final Map<Value, Value> again = new HashMap<>();
        private final Map<Value, Value> awaited = new HashMap<>(); // what is held, once a gradient is there
        private final List<Value> ends = new ArrayList<>(); // since something was awaited

        Again(Activations activations, Set<Node> dropped) {
            this.activations = activations;
            this.dropped = new HashSet<>(dropped);
            this.dropped.addAll(activations.beforeGradients());
        }

        @Override
        public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
            Value gradient = node.region() == Region.BACKWARD ? gradient(node, inputs) : null;
            if (gradient == null) {
                return Rewriter.copy(ops, node, inputs);
            }
            List<@Nullable Value> changed = new ArrayList<>(inputs);
            for (int i = 0; i < inputs.size(); i++) {
                Value read = node.inputs().get(i);
                if (read != null && isDropped(read)) {
                    changed.set(i, again(read, gradient));
                }
            }
            List<Value> outputs = Rewriter.copy(ops, node, changed);
            for (int i = 0; i < outputs.size(); i++) {
                if (activations.ends().contains(node.output(i))) {
                    ends.add(outputs.get(i));
                }
            }
            return outputs;
        }

        /** The first gradient that the node reads; null where it reads none. */
        private @Nullable Value gradient(Node node, List<@Nullable Value> inputs) {
            for (int i = 0; i < inputs.size(); i++) {
                Value read = node.inputs().get(i);
                if (read != null && activations.late().contains(read)) {
                    return inputs.get(i);
                }
            }
            return null;
        }

        private boolean isDropped(Value value) {
            Node producer = value.producer();
            return producer != null && dropped.contains(producer) && activations.isLarge(value);
        }

        private Value again(Value value, Value gradient) {
            for (Node node : missing(value)) {
                Ops ops = Ops.at(node).in(Region.BACKWARD);
                List<@Nullable Value> inputs = new ArrayList<>();
                for (int i = 0; i < node.inputs().size(); i++) {
                    Value input = node.inputs().get(i);
                    if (input != null && isDropped(input)) {
                        inputs.add(Objects.requireNonNull(again.get(input)));
                    } else if (input != null && isMoved(node, i)) {
                        inputs.add(ops.mul(awaited(ops, input, gradient), 0));
                    } else if (input != null && activations.isLarge(input)) {
                        inputs.add(awaited(ops, input, gradient));
                    } else {
                        inputs.add(input);
                    }
                }
                List<Value> results =
                        ops.node(node.op(), inputs, node.attributes()).outputs();
                for (int i = 0; i < results.size(); i++) {
                    again.put(node.output(i), results.get(i));
                }
            }
            return Objects.requireNonNull(again.get(value));
        }

        /**
         * Running statistics, which a norm's kernel may write over, though the update is yet to read what the first norm left
         * there. The norm that is done again gets zeros in their place, in memory of their own: nobody reads what it makes of
         * them, and a {@code PassThrough} alone is the same memory.
         */
        private static boolean isMoved(Node node, int input) {
            return node.op() == OpType.BATCH_NORM_TRAINING && input >= RUNNING_MEAN;
        }

        private Value awaited(Ops ops, Value held, Value gradient) {
            return awaited.computeIfAbsent(held, value -> await(ops, value, gradient));
        }

        private Value await(Ops ops, Value held, Value gradient) {
            List<Value> all = new ArrayList<>(List.of(held, gradient));
            all.addAll(ends);
            ends.clear();
            return ops.node(OpType.PASS_THROUGH, all, Attributes.NONE).output(0);
        }

        /** The nodes that have to be done again for a value and haven't been yet, in order. */
        private Set<Node> missing(Value value) {
            Set<Node> missing = new TreeSet<>(Comparator.comparingLong(Node::sequence));
            Deque<Value> open = new ArrayDeque<>(List.of(value));
            while (!open.isEmpty()) {
                Value next = open.pop();
                if (isDropped(next)
                        && !again.containsKey(next)
                        && missing.add(Objects.requireNonNull(next.producer()))) {
                    open.addAll(activations.read(Objects.requireNonNull(next.producer())));
                }
            }
            return missing;
        }
    }
}

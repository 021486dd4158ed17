package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.ConditionalWrite;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.training.step.pass.StepGraph;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes a step's new values over the old ones inside the graph, by kernels whose order against other readers ONNX Runtime
 * does not guard: without care a weight can be overwritten before the backward pass reads it, and training is silently
 * wrong. Every write therefore waits for one barrier, a {@code Group} over everything that the update reads and that is
 * fetched or kept of what was computed outside of it: whatever reads a parameter or state leads there. The update itself
 * reads only what it is about to replace ({@link StepGraph}).
 *
 * <p>Adam is one fused kernel per parameter that writes parameter, moments and step count by itself; on the CPU it is
 * faster than the same in elementwise operators: docs/measured.md, Kernels. On CUDA, by its source, it leaves all four
 * as they are where its last input is false; the CPU's kernel doesn't look at that input, so it stands in an If there.
 *
 * <p>ONNX Runtime fetches every output but those whose name ends in {@value #NOT_FETCHED}; so the flags of the writes are
 * named.
 */
final class InPlace {
    private static final String NOT_FETCHED = "_grad.accumulation.out";
    private static final String UPDATE = "update";
    /** Adam's input that is the parameter. */
    private static final int WEIGHTS = 2;
    /** AdamOptimizer's input that says whether it may write. */
    private static final int SIGNAL = 9;

    private final StepGraph step;
    private final Value ready;
    private final Map<Value, Value> mayWrite = new HashMap<>(); // by guard

    private InPlace(StepGraph step) {
        this.step = step;
        this.ready = updating()
                .node(OpType.GROUP, List.copyOf(settled(step)), Attributes.NONE)
                .output(0);
    }

    private static Ops updating() {
        return new Ops().scope(UPDATE).in(Region.UPDATE);
    }

    /**
     * The graph that carries out a step.
     *
     * @param withIf whether kernels that write by themselves don't look at their signal
     */
    static Graph write(StepGraph step, boolean withIf) {
        InPlace writes = new InPlace(step);
        StepGraph lowered = step.map(graph -> Rewriter.rewrite(
                graph,
                Map.of(),
                (ops, node, inputs) -> node.op() == OpType.ADAM
                        ? writes.adam(ops, inputs, node.attributes(), withIf)
                        : Rewriter.copy(ops, node, inputs)));
        Map<String, Value> outputs = new LinkedHashMap<>(lowered.outputs());
        int written = 0;
        for (Value flag : writes.flags(lowered.next())) {
            outputs.put("written" + written++ + NOT_FETCHED, flag);
        }
        return Graph.of(lowered.name(), lowered.inputs(), outputs);
    }

    /** The step by the same kernels, which writes nothing: Adam's too gives new values. */
    static StepGraph none(StepGraph step) {
        return step.map(graph -> Rewriter.rewrite(
                graph,
                Map.of(),
                (ops, node, inputs) -> node.op() == OpType.ADAM
                        ? adam(ops, inputs, node.attributes(), null, false)
                        : Rewriter.copy(ops, node, inputs)));
    }

    /** What is computed outside the update and read by it, fetched or kept. */
    private static Set<Value> settled(StepGraph step) {
        Graph graph = step.graph();
        Set<Value> settled = new LinkedHashSet<>();
        for (Node node : graph.nodes()) {
            for (@Nullable Value input : node.inputs()) {
                if (node.region() == Region.UPDATE && input != null && isOutsideUpdate(input)) {
                    settled.add(input);
                }
            }
        }
        graph.outputs().values().stream().filter(InPlace::isOutsideUpdate).forEach(settled::add);
        return settled;
    }

    private static boolean isOutsideUpdate(Value value) {
        Node producer = value.producer();
        return producer != null && producer.region() != Region.UPDATE;
    }

    private List<Value> adam(Ops ops, List<@Nullable Value> inputs, Attributes given, boolean withIf) {
        Value guard = step.guards().get(inputs.get(WEIGHTS));
        Value signal = guard == null
                ? ready
                : mayWrite.computeIfAbsent(guard, each -> updating().and(ready, each));
        return adam(ops, inputs, given, signal, withIf && guard != null);
    }

    /** @param signal that it may write; null where its results have buffers of their own */
    private static List<Value> adam(
            Ops ops, List<@Nullable Value> inputs, Attributes given, @Nullable Value signal, boolean conditional) {
        Attributes attributes = given.with("do_bias_correction", 1L)
                .with("weight_decay_mode", 0L); // decay first, then the step: PyTorch's order
        List<@Nullable Value> all = Arrays.asList(
                inputs.get(0),
                inputs.get(1),
                inputs.get(2),
                inputs.get(3),
                inputs.get(4),
                inputs.get(5),
                null, // weights in half precision
                null, // loss scale
                null, // global gradient norm
                signal);
        Node kernel = ops.node(
                OpType.ADAM_OPTIMIZER, all, conditional ? ConditionalWrite.on(attributes, SIGNAL) : attributes);
        return List.of(kernel.output(3), kernel.output(0), kernel.output(1), kernel.output(2));
    }

    /** Values that must be computed for the writes to happen, one each. */
    private Set<Value> flags(Map<Value, Value> next) {
        Map<Node, Value> kernels = new LinkedHashMap<>();
        Set<Value> flags = new LinkedHashSet<>();
        next.forEach((target, value) -> {
            Node producer = value.producer();
            flags.add(
                    producer != null && producer.op() == OpType.ADAM_OPTIMIZER
                            ? kernels.computeIfAbsent(producer, InPlace::reached)
                            : assigned(target, value));
        });
        return flags;
    }

    /**
     * A reader keeps the kernel alive. The count itself must not become a graph output: outputs get a buffer of their own,
     * and the state would stay as it was.
     */
    private static Value reached(Node adam) {
        return Ops.at(adam).cast(adam.output(0), ElementType.FLOAT);
    }

    private Value assigned(Value target, Value value) {
        Node producer = value.producer();
        Ops ops = producer != null && producer.region() == Region.UPDATE
                ? Ops.at(producer)
                : new Ops().scope(UPDATE).scope(String.valueOf(target.name())).in(Region.UPDATE);
        Value guard = step.guards().get(target);
        Value written = guard == null ? value : ops.where(guard, value, target);
        return ops.node(OpType.IN_PLACE_ACCUMULATOR, List.of(target, written, ready), Attributes.NONE)
                .output(0);
    }
}

package dev.vicreg.models.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One operator application. Immutable; created by {@code Ops}, which checks arity and shapes. */
public final class Node {
    /** Orders all nodes of the process by construction, so that rewritten graphs may mix old and new nodes. */
    private static final AtomicLong SEQUENCE = new AtomicLong();

    private final long sequence;
    private final OpType op;
    private final String scope;
    private final Region region;
    private final List<@Nullable Value> inputs;
    private final Attributes attributes;
    private final List<Value> outputs;

    /**
     * What is known of an output before the graph runs.
     *
     * @param type element type and shape
     * @param constant the data of a Constant node; null for others
     * @param elements what its elements hold, as far as that follows from shapes and constants
     */
    public record Output(TensorType type, @Nullable Tensor constant, Optional<List<Element>> elements) {}

    /**
     * A node younger than all others; called by {@code Ops}, which infers what its outputs are.
     *
     * @param inputs in the operator's order; null where an optional one is left out
     */
    public Node(
            OpType op,
            String scope,
            Region region,
            List<? extends @Nullable Value> inputs,
            Attributes attributes,
            List<Output> outputs) {
        this.sequence = SEQUENCE.incrementAndGet();
        this.op = op;
        this.scope = scope;
        this.region = region;
        this.inputs = Collections.unmodifiableList(new ArrayList<@Nullable Value>(inputs));
        this.attributes = attributes;
        List<Value> created = new ArrayList<>();
        for (Output output : outputs) {
            created.add(Value.output(this, output.type(), output.constant(), output.elements()));
        }
        this.outputs = List.copyOf(created);
    }

    /** Position in the order of construction: inputs of a node are always older than the node. */
    public long sequence() {
        return sequence;
    }

    /** The operator. */
    public OpType op() {
        return op;
    }

    /** Dotted place in the model, such as {@code encoder.layer1.0.conv1}; empty at the top. */
    public String scope() {
        return scope;
    }

    /** The part of a training step that it belongs to. */
    public Region region() {
        return region;
    }

    /** The inputs in the operator's order; null where an optional one is left out. */
    public List<@Nullable Value> inputs() {
        return inputs;
    }

    /**
     * The input at {@code index}.
     *
     * @throws IllegalStateException if it was left out
     */
    public Value input(int index) {
        Value value = index < inputs.size() ? inputs.get(index) : null;
        if (value == null) {
            throw new IllegalStateException(this + " has no input " + index);
        }
        return value;
    }

    /** Whether the optional input at {@code index} was given. */
    public boolean hasInput(int index) {
        return index < inputs.size() && inputs.get(index) != null;
    }

    /** The attributes. */
    public Attributes attributes() {
        return attributes;
    }

    /** The outputs. */
    public List<Value> outputs() {
        return outputs;
    }

    /** The output at {@code index}. */
    public Value output(int index) {
        return outputs.get(index);
    }

    @Override
    public String toString() {
        return op.onnxName() + (scope.isEmpty() ? "" : " at " + scope);
    }
}

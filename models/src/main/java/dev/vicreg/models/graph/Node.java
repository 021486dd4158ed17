package dev.vicreg.models.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One operator application. Immutable; created by {@link Ops}, which checks arity and shapes. */
public final class Node {
    private final long sequence;
    private final OpType op;
    private final String scope;
    private final List<@Nullable Value> inputs;
    private final Attributes attributes;
    private final List<Value> outputs;

    Node(
            long sequence,
            OpType op,
            String scope,
            List<? extends @Nullable Value> inputs,
            Attributes attributes,
            List<TensorType> outputTypes) {
        this.sequence = sequence;
        this.op = op;
        this.scope = scope;
        this.inputs = Collections.unmodifiableList(new ArrayList<@Nullable Value>(inputs));
        this.attributes = attributes;
        List<Value> created = new ArrayList<>();
        Tensor constant = op == OpType.CONSTANT ? StructureShapes.constant(attributes) : null;
        for (int i = 0; i < outputTypes.size(); i++) {
            TensorType type = outputTypes.get(i);
            created.add(Value.output(
                    this, type, constant, ElementRules.infer(op, new ShapeRules.Call(inputs, attributes), type, i)));
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

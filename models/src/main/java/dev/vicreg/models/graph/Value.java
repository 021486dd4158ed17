package dev.vicreg.models.graph;

import dev.vicreg.models.graph.infer.ShapeValues;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A tensor in a graph: a graph input, a constant, a parameter, or an output of a {@link Node}. Values are compared by
 * identity and referred to by reference; computed values get names only when a graph is written.
 */
public final class Value {
    private final TensorType type;
    private final @Nullable String name;
    private final @Nullable Tensor constant;
    private final @Nullable Node producer;
    private final Optional<List<KnownElement>> elements;

    private Value(
            TensorType type,
            @Nullable String name,
            @Nullable Tensor constant,
            @Nullable Node producer,
            Optional<List<KnownElement>> elements) {
        this.type = type;
        this.name = name;
        this.constant = constant;
        this.producer = producer;
        this.elements = elements;
    }

    /** A graph input: fed by the caller, or a parameter that lives in a checkpoint. */
    public static Value input(String name, TensorType type) {
        return new Value(type, name, null, null, Optional.empty());
    }

    /** A constant (an initialiser that is no graph input). Unnamed ones are named when the graph is written. */
    public static Value constant(@Nullable String name, Tensor data) {
        return new Value(data.type(), name, data, null, Optional.empty());
    }

    /** @param constant the data of a Constant node */
    static Value output(
            Node producer, TensorType type, @Nullable Tensor constant, Optional<List<KnownElement>> elements) {
        return new Value(type, null, constant, producer, elements);
    }

    /** Element type and shape. */
    public TensorType type() {
        return type;
    }

    /** The shape. */
    public Shape shape() {
        return type.shape();
    }

    /** The name of an input or a named constant; null for others. */
    public @Nullable String name() {
        return name;
    }

    /** The data of a constant, also of one that a Constant node gives; null for others. */
    public @Nullable Tensor constant() {
        return constant;
    }

    /** The node that computes this value; null for inputs and constants. */
    public @Nullable Node producer() {
        return producer;
    }

    /** What the elements hold as far as it follows from shapes and constants; see {@link ShapeValues}. */
    public Optional<List<KnownElement>> elements() {
        return constant == null ? elements : KnownElement.of(constant);
    }

    /** Whether this is an input of the graph. */
    public boolean isInput() {
        return producer == null && constant == null;
    }

    @Override
    public String toString() {
        String what = name != null ? name : producer != null ? "output of " + producer : "constant";
        return what + " " + type;
    }
}

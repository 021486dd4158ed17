package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import java.util.Set;

/** A network from pictures, signals, vectors or sequences of ids to representations. Immutable. */
public interface Encoder {
    /**
     * Builds the network, declaring its parameters under the scope of {@code layers}.
     *
     * @param input float32, normalised: pictures [N,C,H,W], signals [N,C,T] or vectors [N,D]; or ids, int64 [N,T]
     * @return the representation, float32 [N,{@link #dimension}]
     * @throws IllegalArgumentException if the input's size does not fit the network
     */
    Value build(Layers layers, Value input);

    /** Width of the representation. */
    int dimension();

    /** Names of tensors that the network has and that are no parameters, though users may take them for some. */
    default Set<String> untrained() {
        return Set.of();
    }

    /**
     * The scope of {@code layers} in {@link #build}: what the names of all its parameters start with, before a dot.
     * Empty for networks whose parameters have names of their own.
     */
    default String scope() {
        return "encoder";
    }
}

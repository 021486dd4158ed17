package dev.vicreg.models.graph;

/** Which part of a training step a node belongs to; passes over a step go by it. */
public enum Region {
    /** How a view enters, before the network. */
    INPUT,
    /** Encoders and heads: where nodes are unless something else is said. */
    NETWORK,
    /** The objective, and the scaling of its value. */
    OBJECTIVE,
    /** Gradients through the network. */
    BACKWARD,
    /** From gradients to new parameters and state. */
    UPDATE;

    /** Where the gradients of this region's nodes are: those of what isn't the network belong to it. */
    public Region ofGradients() {
        return this == NETWORK ? BACKWARD : this;
    }
}

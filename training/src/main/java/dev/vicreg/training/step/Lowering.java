package dev.vicreg.training.step;

import dev.vicreg.models.graph.Graph;

/** Which kernels carry out a training graph: the choice between equal formulations, by device and threads. */
public record Lowering() {
    /** As the autodiff wrote it. */
    public static final Lowering NONE = new Lowering();

    /** The same computation with the chosen kernels. */
    public Graph apply(Graph graph) {
        return graph;
    }
}

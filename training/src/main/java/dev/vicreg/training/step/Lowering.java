package dev.vicreg.training.step;

import dev.vicreg.models.graph.Graph;

/** Which kernels carry out a training graph: the choice between equal formulations, by device and threads. */
public record Lowering() {
    /** As the autodiff wrote it. */
    public static final Lowering NONE = new Lowering();

    /** What suits the device and number of threads. */
    public static Lowering of(dev.vicreg.runtime.Device device, int threads) {
        return NONE;
    }

    /** The same computation with the chosen kernels. */
    public Graph apply(Graph graph) {
        return graph;
    }
}

package dev.vicreg.models.graph;

/** Shape rules of operators along axes: reductions, softmax, cumulative sums, the largest k. */
final class AxisShapes {
    private AxisShapes() {}

    static void register() {}
}

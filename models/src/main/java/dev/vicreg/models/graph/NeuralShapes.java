package dev.vicreg.models.graph;

/** Shape rules of matrices, convolutions, pooling, norms and recurrent layers. */
final class NeuralShapes {
    private NeuralShapes() {}

    static void register() {}
}

package dev.vicreg.training.autodiff;

/** Gradients of operators that move elements. */
final class StructureGradients {
    private StructureGradients() {}

    static void register() {}
}

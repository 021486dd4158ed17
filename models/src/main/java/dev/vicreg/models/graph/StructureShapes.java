package dev.vicreg.models.graph;

/** Shape rules of operators that move elements: shapes, slices, gathers, scatters, pads, resizes. */
final class StructureShapes {
    private StructureShapes() {}

    static void register() {}
}

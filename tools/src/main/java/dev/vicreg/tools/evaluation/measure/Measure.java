package dev.vicreg.tools.evaluation.measure;

import java.util.List;

/** One way to measure vectors. Immutable and thread-safe. */
public interface Measure {
    /** Whether it needs classes: other measures take samples without labels too. */
    default boolean needsLabels() {
        return true;
    }

    /** How many labelled training samples it needs at least. */
    default int leastTraining() {
        return 1;
    }

    /**
     * Figures, in the order of a table. Each measure gives the same keys for every space, but for figures that a space
     * doesn't have.
     *
     * @throws IllegalStateException if the vectors cannot be measured, such as vectors that aren't finite
     */
    List<Figure> of(Space space, Labels labels);
}

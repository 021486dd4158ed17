package dev.vicreg.tools.evaluation.measure;

import java.util.List;

/** One way to measure vectors. Immutable and thread-safe. */
public interface Measure {
    /** What it is called where it could not be taken. */
    String name();

    /** What a measure has to know of the samples. */
    enum Needs {
        /** The classes of all. */
        CLASSES,
        /** A number of each, to predict. */
        TARGETS,
        /** Views of samples, as a run draws them, and no labels. */
        VIEWS,
        /** None of that: it takes samples without labels too. */
        NOTHING
    }

    /** What it needs. */
    default Needs needs() {
        return Needs.CLASSES;
    }

    /**
     * Figures, in the order of a table. Each measure gives the same keys for every space, but for figures that a space
     * doesn't have.
     *
     * @throws IllegalStateException if the samples are too few for it, or their classes, or vectors cannot be measured: says
     *     why, in one line
     */
    List<Figure> of(Space space, Labels labels);
}

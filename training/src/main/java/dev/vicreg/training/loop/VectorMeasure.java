package dev.vicreg.training.loop;

import java.util.Map;

/** Measures how vectors fill their space; called on the training thread. */
@FunctionalInterface
public interface VectorMeasure {
    /**
     * Finite figures by name in snake case; those that the vectors don't have are left out.
     *
     * @param vectors two or more rows of one length, all finite
     */
    Map<String, Double> of(float[][] vectors);
}

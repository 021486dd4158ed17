package dev.vicreg.training.step;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The names of what a training step takes and gives.
 *
 * @param fed by the caller in each step, in the graph's order
 * @param terms of the loss that are fetched besides {@link TrainingGraph#LOSS}, in the objective's order
 * @param state that a checkpoint holds
 */
public record StepSignature(List<String> fed, List<String> terms, Set<String> state) {
    /** Copies. */
    public StepSignature {
        fed = List.copyOf(fed);
        terms = List.copyOf(terms);
        state = Collections.unmodifiableSet(new LinkedHashSet<>(state));
    }
}

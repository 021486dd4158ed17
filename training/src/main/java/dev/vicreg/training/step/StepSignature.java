package dev.vicreg.training.step;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.training.objective.TargetMomentum;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names of what a training step takes and gives.
 *
 * @param fed by the caller in each step, in the graph's order
 * @param terms of the loss that are fetched besides {@link TrainingGraph#LOSS}, in the objective's order
 * @param state that a checkpoint holds
 * @param directions shape of {@link TrainingGraph#DIRECTIONS}, [width, number]; null where none are fed
 * @param target how the averaged networks move; null where there are none
 */
public record StepSignature(
        List<String> fed,
        List<String> terms,
        Set<String> state,
        @Nullable Shape directions,
        @Nullable TargetMomentum target) {
    /** Copies. */
    public StepSignature {
        fed = List.copyOf(fed);
        terms = List.copyOf(terms);
        state = Collections.unmodifiableSet(new LinkedHashSet<>(state));
    }

    /**
     * The momentum of the averaging that a step begins with; empty where there are no averaged networks. What is averaged is
     * what the step before left behind, so the momentum is of that one.
     *
     * @param step counted from 0
     * @param total steps of the run
     */
    public OptionalDouble targetMomentum(long step, long total) {
        return target == null ? OptionalDouble.empty() : OptionalDouble.of(target.at(Math.max(0, step - 1), total));
    }
}

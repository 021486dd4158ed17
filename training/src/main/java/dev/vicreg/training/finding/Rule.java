package dev.vicreg.training.finding;

import java.util.Map;
import java.util.Optional;

/** Looks for a fault. Sees a run's values in their order and remembers what it needs of them. Not thread-safe. */
interface Rule {
    /**
     * Sees what is known of a step.
     *
     * @param step counted from 1; 0 for what is known before the first
     * @param values finite or not, by name in snake case: those of the step's line in metrics.jsonl, {@link LossShape}'s
     *     among them; or what was measured after the step, without a loss
     * @return the finding, while it holds
     */
    Optional<Finding> see(long step, Map<String, Float> values);
}

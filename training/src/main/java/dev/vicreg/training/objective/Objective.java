package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;

/** What a step makes small: a loss of two batches of projections, and the heads that give them. Immutable. */
public interface Objective {
    /** What stands between representation and loss. */
    Heads heads();

    /**
     * Builds the loss of two batches of projections. What it takes as given goes through {@link Ops#detach}.
     *
     * @param za projections of view a, float32 [n,d]
     * @param zb projections of view b, of the same shape
     * @throws IllegalArgumentException if they don't fit
     */
    Loss build(Ops ops, Value za, Value zb);
}

package dev.vicreg.training.objective;

import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;

/** What a step makes small: a loss of the projections of two or more views, and the heads that give them. Immutable. */
public interface Objective {
    /** What stands between representation and loss. */
    Heads heads();

    /** Whether it compares directions alone, so that the lengths of projections make no difference to it. */
    default boolean isOfDirections() {
        return false;
    }

    /**
     * Builds the loss. What it takes as given goes through {@link Ops#detach}.
     *
     * @throws SettingException if it cannot be had of so many samples or views
     */
    Loss build(Ops ops, Projections projections);
}

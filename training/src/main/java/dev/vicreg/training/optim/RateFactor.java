package dev.vicreg.training.optim;

import dev.vicreg.models.nn.Parameter;
import java.util.Collection;
import java.util.Set;

/** By how much a parameter's learning rate differs from the run's: for fine-tuning. */
@FunctionalInterface
public interface RateFactor {
    /** Every parameter at the run's rate. */
    RateFactor ONE = parameter -> 1;

    /** Multiplies the learning rate; 0 for a frozen parameter, which gets neither a gradient nor optimizer state. */
    float of(Parameter parameter);

    /**
     * Checks that this makes sense for a network.
     *
     * @param untrained names of tensors that are no parameters, so that they can be frozen without effect
     * @throws IllegalArgumentException if it speaks of parameters that are not there
     */
    default void check(Collection<Parameter> parameters, Set<String> untrained) {}
}

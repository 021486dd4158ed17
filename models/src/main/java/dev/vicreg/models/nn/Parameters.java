package dev.vicreg.models.nn;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The parameters of a model by name, in order of first use. A layer that asks for a name a second time gets the same
 * parameter: that is how two branches share weights. Not thread-safe.
 */
public final class Parameters {
    private final Map<String, Parameter> byName = new LinkedHashMap<>();

    /**
     * The parameter of that name, declared on first use.
     *
     * @throws IllegalArgumentException if it was declared before with another shape or role
     */
    public Parameter declare(String name, Shape shape, Parameter.Role role, Initializer initializer) {
        Parameter parameter = byName.computeIfAbsent(name, key -> new Parameter(key, shape, role, initializer));
        if (!parameter.shape().equals(shape) || parameter.role() != role) {
            throw new IllegalArgumentException("Parameter " + name + " was declared as " + parameter.role()
                    + parameter.shape() + " and again as " + role + shape);
        }
        return parameter;
    }

    /** All parameters, in order of declaration; a read-only view. */
    public Collection<Parameter> all() {
        return Collections.unmodifiableCollection(byName.values());
    }

    /** Number of elements of the trained parameters. */
    public long trainedElements() {
        return byName.values().stream()
                .filter(Parameter::isTrained)
                .mapToLong(parameter -> parameter.shape().elements())
                .sum();
    }

    /**
     * Initial data by name. Each parameter's random numbers depend on {@code seed} and its name alone, so adding a layer
     * leaves the others as they were.
     */
    public Map<String, Tensor> draw(long seed) {
        Map<String, Tensor> drawn = new LinkedHashMap<>();
        for (Parameter parameter : byName.values()) {
            long own = seed * 0x9E3779B97F4A7C15L + parameter.name().hashCode();
            drawn.put(parameter.name(), parameter.initializer().draw(parameter.shape(), new SplittableRandom(own)));
        }
        return drawn;
    }
}

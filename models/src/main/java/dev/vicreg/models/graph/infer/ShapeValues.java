package dev.vicreg.models.graph.infer;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.KnownElement;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import java.util.List;
import java.util.Optional;

/**
 * What tensors hold when it can be told before the graph runs: constants, and what is computed from shapes. Exporters
 * write {@code x.view(x.size(0), -1)} as Shape → Gather → Concat → Reshape; such a chain gives the target's
 * dimensions, symbols included, without running anything. Elements are worked out as nodes are made, by
 * {@link ElementRules}, for tensors of few elements ({@code ElementRules.LIMIT}); constants are known whatever
 * their size.
 *
 * <p>Elements are listed row-major.
 */
public final class ShapeValues {
    private ShapeValues() {}

    /** The elements of an integer or boolean value as numbers, if every one is known. */
    public static Optional<long[]> longs(Value value) {
        Tensor constant = value.constant();
        if (constant != null && constant.type().element() == ElementType.INT64) {
            return Optional.of(constant.longs());
        }
        return value.elements()
                .filter(elements -> elements.stream().allMatch(KnownElement.Whole.class::isInstance))
                .map(elements -> elements.stream()
                        .mapToLong(element -> ((KnownElement.Whole) element).value())
                        .toArray());
    }

    /** The elements of a floating-point value as numbers, if every one is known. */
    public static Optional<double[]> reals(Value value) {
        return value.elements()
                .filter(elements -> elements.stream().allMatch(KnownElement.Real.class::isInstance))
                .map(elements -> elements.stream()
                        .mapToDouble(element -> ((KnownElement.Real) element).value())
                        .toArray());
    }

    /** The elements as dimensions, symbols for what cannot be told; empty if one is no size, such as -1. */
    public static Optional<List<Dim>> dims(Value value) {
        return value.elements()
                .filter(elements -> elements.stream()
                        .allMatch(element -> element instanceof KnownElement.Symbol
                                || (element instanceof KnownElement.Whole whole && whole.value() >= 0)))
                .map(elements -> elements.stream().map(ShapeValues::dim).toList());
    }

    /**
     * A size or symbol as a dimension; sizes may be floating-point numbers.
     *
     * @throws IllegalArgumentException if it is no whole number
     */
    static Dim dim(KnownElement element) {
        if (element instanceof KnownElement.Symbol symbol) {
            return symbol.dim();
        }
        double number = element.known().orElseThrow();
        if (number != Math.rint(number)) {
            throw new IllegalArgumentException("a size of " + number + ": expected a whole number");
        }
        return Dim.of(element instanceof KnownElement.Whole whole ? whole.value() : (long) number);
    }
}

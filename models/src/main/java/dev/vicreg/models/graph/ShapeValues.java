package dev.vicreg.models.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.LongBinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What integer tensors hold when it can be told before the graph runs: constants, and what is computed from shapes.
 * Exporters write {@code x.view(x.size(0), -1)} as Shape → Gather → Concat → Reshape; following such a chain back gives
 * the target's dimensions, symbols included, without running anything.
 *
 * <p>Values are scalars or rows, row-major. A dimension that cannot be expressed, such as 2·N, makes the whole value
 * unknown.
 */
public final class ShapeValues {
    private ShapeValues() {}

    /** The elements as numbers, if every one is known. */
    public static Optional<long[]> longs(Value value) {
        Tensor constant = value.constant();
        if (constant != null && constant.type().element() == ElementType.INT64) {
            return Optional.of(constant.longs()); // numbers below zero are no dimensions: -1 in a target
        }
        return values(value)
                .filter(dims -> dims.stream().allMatch(Number::isKnown))
                .map(numbers -> numbers.stream().mapToLong(Number::value).toArray());
    }

    /** The elements as dimensions; empty if one is neither a size nor a symbol. */
    public static Optional<List<Dim>> dims(Value value) {
        return values(value)
                .filter(numbers -> numbers.stream().allMatch(number -> !number.isKnown() || number.value >= 0))
                .map(numbers -> numbers.stream().map(Number::dim).toList());
    }

    /** A known integer of any sign, or a symbol. */
    record Number(long value, @Nullable String symbol) {
        static Number of(Dim dim) {
            return new Number(dim.isFixed() ? dim.size() : 0, dim.symbol());
        }

        boolean isKnown() {
            return symbol == null;
        }

        Dim dim() {
            return symbol == null ? Dim.of(value) : Dim.symbol(symbol);
        }
    }

    /** The elements as numbers of any sign and symbols. */
    static Optional<List<Number>> values(Value value) {
        Tensor constant = value.constant();
        if (constant != null) {
            return constant(constant);
        }
        Node node = value.producer();
        if (node == null || value != node.output(0)) {
            return Optional.empty();
        }
        return switch (node.op()) {
            case SHAPE -> Optional.of(shape(node));
            case SIZE ->
                node.input(0).shape().isFixed() ? known(node.input(0).shape().elements()) : Optional.empty();
            case GATHER -> gather(node);
            case SLICE -> slice(node);
            case CONCAT -> concat(node);
            case CAST -> isInteger(value) ? values(node.input(0)) : Optional.empty();
            case IDENTITY, UNSQUEEZE, SQUEEZE, RESHAPE -> values(node.input(0));
            case ADD -> binary(node, Math::addExact, 0);
            case SUB -> binary(node, Math::subtractExact, 0);
            case MUL -> binary(node, Math::multiplyExact, 1);
            case DIV -> binary(node, (a, b) -> a / b, 1);
            case CONSTANT_OF_SHAPE -> filled(node);
            default -> Optional.empty();
        };
    }

    private static boolean isInteger(Value value) {
        return value.type().element() == ElementType.INT64 || value.type().element() == ElementType.INT32;
    }

    private static Optional<List<Number>> known(long... numbers) {
        return Optional.of(Arrays.stream(numbers)
                .mapToObj(number -> new Number(number, null))
                .toList());
    }

    private static Optional<List<Number>> constant(Tensor tensor) {
        if (tensor.type().element() == ElementType.INT64) {
            return known(tensor.longs());
        }
        if (tensor.type().element() == ElementType.INT32) {
            int[] integers = new int[(int) tensor.shape().elements()];
            tensor.buffer().asIntBuffer().get(integers);
            return known(Arrays.stream(integers).asLongStream().toArray());
        }
        return Optional.empty();
    }

    private static List<Number> shape(Node node) {
        List<Dim> dims = node.input(0).shape().dims();
        int rank = dims.size();
        int start = bound(node.attributes().integer("start", 0), rank);
        int end = bound(node.attributes().integer("end", rank), rank);
        return dims.subList(start, Math.max(start, end)).stream()
                .map(Number::of)
                .toList();
    }

    private static int bound(long place, int rank) {
        return (int) Math.max(0, Math.min(place < 0 ? place + rank : place, rank));
    }

    private static Optional<List<Number>> gather(Node node) {
        Optional<List<Number>> from = values(node.input(0));
        Optional<long[]> indices = longs(node.input(1));
        if (from.isEmpty() || indices.isEmpty() || node.input(0).shape().rank() != 1) {
            return Optional.empty();
        }
        List<Number> taken = new ArrayList<>();
        for (long index : indices.get()) {
            taken.add(from.get().get((int) (index < 0 ? index + from.get().size() : index)));
        }
        return Optional.of(taken);
    }

    private static Optional<List<Number>> slice(Node node) {
        Optional<List<Number>> from = values(node.input(0));
        Optional<long[]> start = longs(node.input(1));
        Optional<long[]> end = longs(node.input(2));
        boolean forward = !node.hasInput(4)
                || longs(node.input(4)).filter(step -> step[0] == 1).isPresent();
        if (from.isEmpty() || start.isEmpty() || end.isEmpty() || !forward) {
            return Optional.empty();
        }
        int size = from.get().size();
        int low = bound(start.get()[0], size);
        return Optional.of(from.get().subList(low, Math.max(low, bound(end.get()[0], size))));
    }

    private static Optional<List<Number>> concat(Node node) {
        List<Number> all = new ArrayList<>();
        for (int i = 0; i < node.inputs().size(); i++) {
            Optional<List<Number>> part = values(node.input(i));
            if (part.isEmpty()) {
                return Optional.empty();
            }
            all.addAll(part.get());
        }
        return Optional.of(all);
    }

    /** @param neutral right operand that leaves the left one as it is, symbols too */
    private static Optional<List<Number>> binary(Node node, LongBinaryOperator operator, long neutral) {
        Optional<List<Number>> left = values(node.input(0));
        Optional<List<Number>> right = values(node.input(1));
        if (left.isEmpty() || right.isEmpty() || !isInteger(node.output(0))) {
            return Optional.empty();
        }
        int count = Math.max(left.get().size(), right.get().size());
        List<Number> results = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Number a = left.get().get(left.get().size() == 1 ? 0 : i);
            Number b = right.get().get(right.get().size() == 1 ? 0 : i);
            if (a.isKnown() && b.isKnown()) {
                results.add(new Number(operator.applyAsLong(a.value, b.value), null));
            } else if (b.isKnown() && b.value == neutral) {
                results.add(a);
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(results);
    }

    private static Optional<List<Number>> filled(Node node) {
        Optional<long[]> size = longs(node.input(0));
        if (size.isEmpty() || size.get().length > 1 || !isInteger(node.output(0))) {
            return Optional.empty();
        }
        long count = size.get().length == 0 ? 1 : size.get()[0];
        Optional<List<Number>> element =
                node.attributes().tensor("value").map(ShapeValues::constant).orElseGet(() -> known(0));
        return element.map(one -> Collections.nCopies((int) count, one.get(0)));
    }
}

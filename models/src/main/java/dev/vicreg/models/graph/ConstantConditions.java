package dev.vicreg.models.graph;

import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;

/** Tells whether a boolean of one element is known before the graph runs, as are comparisons of fixed sizes. */
final class ConstantConditions {
    private ConstantConditions() {}

    /** The only element of {@code value}, if it can be told. */
    static Optional<Boolean> of(Value value) {
        Tensor constant = value.constant();
        if (constant != null) {
            boolean one = constant.type().element() == ElementType.BOOL && constant.data().length == 1;
            return one ? Optional.of(constant.data()[0] != 0) : Optional.empty();
        }
        Node node = value.producer();
        if (node == null) {
            return Optional.empty();
        }
        return switch (node.op()) {
            case IDENTITY, SQUEEZE, UNSQUEEZE, RESHAPE -> of(node.input(0));
            case CAST ->
                node.input(0).type().element() == ElementType.BOOL
                        ? of(node.input(0))
                        : single(node.input(0)).map(number -> number != 0);
            case NOT -> of(node.input(0)).map(truth -> !truth);
            case AND -> both(node, (a, b) -> a && b);
            case OR -> both(node, (a, b) -> a || b);
            case EQUAL -> compared(node, sign -> sign == 0);
            case GREATER -> compared(node, sign -> sign > 0);
            case GREATER_OR_EQUAL -> compared(node, sign -> sign >= 0);
            case LESS -> compared(node, sign -> sign < 0);
            case LESS_OR_EQUAL -> compared(node, sign -> sign <= 0);
            default -> Optional.empty();
        };
    }

    private static Optional<Boolean> both(Node node, BiPredicate<Boolean, Boolean> operator) {
        return of(node.input(0)).flatMap(a -> of(node.input(1)).map(b -> operator.test(a, b)));
    }

    private static Optional<Boolean> compared(Node node, IntPredicate sign) {
        return single(node.input(0)).flatMap(a -> single(node.input(1)).map(b -> sign.test(Long.compare(a, b))));
    }

    private static Optional<Long> single(Value value) {
        return ShapeValues.longs(value).filter(numbers -> numbers.length == 1).map(numbers -> numbers[0]);
    }
}

package dev.vicreg.models.graph;

import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * One element of a tensor, as far as it can be told before the graph runs. Booleans are 0 and 1.
 *
 * <p>Arithmetic is the runtime's: integers wrap around and divide towards zero, floats are rounded to their precision.
 * What depends on a symbol in another way than by a whole factor is a new symbol of which nothing is known.
 */
public sealed interface KnownElement {
    /** Elements are followed in tensors of at most so many. */
    int LIMIT = 1024;

    /** The elements of a constant of a type that shape computations use. */
    static Optional<List<KnownElement>> of(Tensor tensor) {
        int count = tensor.data().length / tensor.type().element().bytes();
        if (count > LIMIT) {
            return Optional.empty();
        }
        var buffer = tensor.buffer();
        IntStream places = IntStream.range(0, count);
        return switch (tensor.type().element()) {
            case INT64 ->
                Optional.of(places.mapToObj(i -> (KnownElement) new KnownElement.Whole(buffer.getLong(8 * i)))
                        .toList());
            case INT32 ->
                Optional.of(places.mapToObj(i -> (KnownElement) new KnownElement.Whole(buffer.getInt(4 * i)))
                        .toList());
            case BOOL ->
                Optional.of(places.mapToObj(i -> (KnownElement) new KnownElement.Whole(buffer.get(i)))
                        .toList());
            case FLOAT ->
                Optional.of(places.mapToObj(i -> (KnownElement) new KnownElement.Real(buffer.getFloat(4 * i)))
                        .toList());
            case DOUBLE ->
                Optional.of(places.mapToObj(i -> (KnownElement) new KnownElement.Real(buffer.getDouble(8 * i)))
                        .toList());
            default -> Optional.empty();
        };
    }

    /** A known integer or boolean. */
    record Whole(long value) implements KnownElement {
        @Override
        public Optional<Double> known() {
            return Optional.of((double) value);
        }
    }

    /** A known floating-point number. */
    record Real(double value) implements KnownElement {
        @Override
        public Optional<Double> known() {
            return Optional.of(value);
        }
    }

    /**
     * A number that is known only when the graph runs.
     *
     * @param dim the number's name
     * @param isSize whether it is certainly whole and not negative, as sizes of tensors are
     */
    record Symbol(Dim dim, boolean isSize) implements KnownElement {
        @Override
        public Optional<Double> known() {
            return Optional.empty();
        }

        /** Eight times N; nothing but its sign is known of a product of two symbols, nothing of a fraction. */
        private KnownElement times(KnownElement factor) {
            if (factor instanceof Symbol) {
                return new Symbol(Dim.unknown(), true);
            }
            double number = factor.known().orElseThrow();
            return number == Math.rint(number) ? of(dim.times((long) number)) : unknown();
        }

        /** N of eight times N divided by eight, eight of that divided by N. */
        private KnownElement over(KnownElement divisor, ElementType type) {
            Optional<Dim> quotient = Optional.empty();
            double number = divisor.known().orElse(0.0);
            if (divisor instanceof Symbol symbol) {
                quotient = dim.over(symbol.dim);
            } else if (number > 0 && number == Math.rint(number)) {
                quotient = dim.over(Dim.of((long) number));
            }
            return quotient.map(KnownElement::of)
                    .map(exact -> exact.known().isPresent() ? exact.cast(type) : exact)
                    .orElseGet(() -> new Symbol(Dim.unknown(), !type.isFloatingPoint()));
        }
    }

    /** The number, unless it is a symbol. */
    Optional<Double> known();

    /** A number of which nothing is known. */
    static KnownElement unknown() {
        return new Symbol(Dim.unknown(), false);
    }

    /** A tensor's size along an axis. */
    static KnownElement of(Dim dim) {
        return dim.isFixed() ? new Whole(dim.size()) : new Symbol(dim, true);
    }

    /** A known number as an element of that type. */
    static KnownElement of(double value, ElementType type) {
        return switch (type) {
            case FLOAT, FLOAT16 -> new Real((float) value);
            case DOUBLE -> new Real(value);
            case BOOL -> new Whole(value != 0 ? 1 : 0);
            default -> new Whole((long) value);
        };
    }

    /** Whether this is certainly not negative. */
    private boolean notNegative() {
        return this instanceof Symbol symbol ? symbol.isSize : known().orElse(-1.0) >= 0;
    }

    private boolean is(double value) {
        return known().filter(number -> number == value).isPresent();
    }

    /** This number converted to another type. */
    default KnownElement cast(ElementType type) {
        if (this instanceof Symbol symbol) {
            boolean same = type.isFloatingPoint() || (symbol.isSize && type != ElementType.BOOL);
            return same ? this : unknown();
        }
        boolean longs = this instanceof Whole && (type == ElementType.INT64 || type == ElementType.INT32);
        return longs ? this : of(known().orElseThrow(), type);
    }

    /** What Floor, Ceil and Round leave alone: whole numbers. Others are given to {@code rounding}. */
    default KnownElement rounded(DoubleUnaryOperator rounding) {
        if (this instanceof Symbol symbol) {
            return symbol.isSize ? this : unknown();
        }
        return this instanceof Real real ? new Real(rounding.applyAsDouble(real.value)) : this;
    }

    /** The result of Add, Sub, Mul, Div, Mod, Min, Max or Pow on elements of {@code type}. */
    static KnownElement arithmetic(OpType op, KnownElement a, KnownElement b, ElementType type) {
        if (a instanceof Whole x && b instanceof Whole y && !type.isFloatingPoint()) {
            return whole(op, x.value, y.value);
        }
        Optional<Double> x = a.known();
        Optional<Double> y = b.known();
        if (x.isPresent() && y.isPresent()) {
            return of(real(op, x.get(), y.get()), type);
        }
        return symbolic(op, a, b, type);
    }

    private static KnownElement whole(OpType op, long a, long b) {
        if (b == 0 && (op == OpType.DIV || op == OpType.MOD)) {
            return unknown();
        }
        return new Whole(
                switch (op) {
                    case ADD -> a + b;
                    case SUB -> a - b;
                    case MUL -> a * b;
                    case DIV -> a / b;
                    case MOD -> Math.floorMod(a, b);
                    case MIN -> Math.min(a, b);
                    case MAX -> Math.max(a, b);
                    default -> (long) Math.pow((double) a, (double) b);
                });
    }

    private static double real(OpType op, double a, double b) {
        return switch (op) {
            case ADD -> a + b;
            case SUB -> a - b;
            case MUL -> a * b;
            case DIV -> a / b;
            case MOD -> a % b;
            case MIN -> Math.min(a, b);
            case MAX -> Math.max(a, b);
            default -> Math.pow(a, b);
        };
    }

    private static KnownElement symbolic(OpType op, KnownElement a, KnownElement b, ElementType type) {
        boolean same = a.equals(b);
        boolean unchanged = switch (op) {
            case ADD, SUB -> b.is(0);
            case MUL, DIV, POW -> b.is(1);
            case MIN, MAX -> same || (op == OpType.MAX && a.notNegative() && b.is(0));
            default -> false;
        };
        if (unchanged) {
            return a;
        }
        if ((op == OpType.ADD && a.is(0)) || (op == OpType.MUL && a.is(1))) {
            return b;
        }
        if (op == OpType.SUB && same) {
            return of(0, type);
        }
        if (op == OpType.MUL && a.notNegative() && b.notNegative()) {
            KnownElement product = a instanceof Symbol symbol ? symbol.times(b) : ((Symbol) b).times(a);
            return product.known().isPresent() ? product.cast(type) : product;
        }
        if (op == OpType.DIV && a instanceof Symbol symbol && a.notNegative() && b.notNegative()) {
            return symbol.over(b, type);
        }
        boolean size = a.notNegative() && b.notNegative() && !type.isFloatingPoint() && op != OpType.SUB;
        return new Symbol(Dim.unknown(), size);
    }

    /** Less, equal or greater as -1, 0 and 1, if it can be told. */
    static Optional<Integer> compare(KnownElement a, KnownElement b) {
        Optional<Double> x = a.known();
        Optional<Double> y = b.known();
        if (a instanceof Whole p && b instanceof Whole q) {
            return Optional.of(Long.compare(p.value, q.value));
        }
        if (x.isPresent() && y.isPresent()) {
            return Optional.of(Double.compare(x.get(), y.get()));
        }
        if (a.equals(b)) {
            return Optional.of(0);
        }
        if (a.notNegative() && y.filter(number -> number < 0).isPresent()) {
            return Optional.of(1);
        }
        return b.notNegative() && x.filter(number -> number < 0).isPresent() ? Optional.of(-1) : Optional.empty();
    }

    /** What Where gives for one element. */
    static KnownElement choose(KnownElement condition, KnownElement a, KnownElement b) {
        return condition
                .known()
                .map(holds -> holds != 0 ? a : b)
                .orElseGet(() -> a.equals(b) ? a : new Symbol(Dim.unknown(), a.notNegative() && b.notNegative()));
    }
}

package dev.vicreg.models.graph;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One dimension: a size, or a symbol such as the batch {@code N} whose size is known only when the graph runs.
 *
 * @param size number of elements, 0 or more; -1 for a symbol
 * @param symbol name of a symbolic dimension, null for a fixed one
 */
public record Dim(long size, @Nullable String symbol) {
    private static final AtomicLong UNKNOWN = new AtomicLong();
    private static final Pattern MULTIPLE = Pattern.compile("([1-9][0-9]{0,8})\\*([\\w?.]+)");

    /** Checks that the dimension is either fixed or symbolic. */
    public Dim {
        if (symbol == null ? size < 0 : size != -1) {
            throw new IllegalArgumentException("A dimension is a size >= 0 or a symbol, found " + size + " " + symbol);
        }
    }

    /** A fixed dimension. */
    public static Dim of(long size) {
        return new Dim(size, null);
    }

    /** A symbolic dimension. Two symbolic dimensions are the same size if their names are equal. */
    public static Dim symbol(String name) {
        return new Dim(-1, name);
    }

    /** A dimension of which nothing is known until the graph runs: a symbol that equals no other. */
    public static Dim unknown() {
        return symbol("?" + UNKNOWN.incrementAndGet());
    }

    /** This many times {@code factor}. A multiple of a symbol is a symbol, {@code 8*N}, the same wherever it arises. */
    public Dim times(long factor) {
        if (isFixed()) {
            return of(Math.multiplyExact(size, factor));
        }
        if (factor == 0 || factor == 1) {
            return factor == 0 ? of(0) : this;
        }
        // The symbols of a file may be expressions, such as N + 1.
        return base().matches("[\\w?.]+") ? multiple(Math.multiplyExact(factor(), factor), base()) : unknown();
    }

    /** The product; {@link #unknown} for two symbols. */
    public Dim times(Dim other) {
        return other.isFixed() ? times(other.size) : isFixed() ? other.times(size) : unknown();
    }

    /** This divided by {@code divisor}, if that comes out even for every size of the symbol. */
    public Optional<Dim> over(Dim divisor) {
        if (divisor.factor() == 0 || factor() % divisor.factor() != 0) {
            return Optional.empty();
        }
        long quotient = factor() / divisor.factor();
        if (divisor.isFixed()) {
            return Optional.of(isFixed() ? of(quotient) : multiple(quotient, base()));
        }
        return !isFixed() && base().equals(divisor.base()) ? Optional.of(of(quotient)) : Optional.empty();
    }

    private static Dim multiple(long factor, String base) {
        return symbol(factor == 1 ? base : factor + "*" + base);
    }

    /** The whole number before a symbol, 8 for {@code 8*N}; a fixed size itself. */
    private long factor() {
        if (symbol == null) {
            return size;
        }
        Matcher matcher = MULTIPLE.matcher(symbol);
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : 1;
    }

    private String base() {
        Matcher matcher = MULTIPLE.matcher(toString());
        return matcher.matches() ? matcher.group(2) : toString();
    }

    /** Whether this is {@link #unknown}: a symbol without a meaning to the graph's author. */
    public boolean isUnknown() {
        return symbol != null && symbol.contains("?");
    }

    /** Whether the size is known. */
    public boolean isFixed() {
        return symbol == null;
    }

    @Override
    public String toString() {
        return symbol == null ? Long.toString(size) : symbol;
    }
}

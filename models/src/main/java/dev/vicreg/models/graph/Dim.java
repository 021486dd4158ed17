package dev.vicreg.models.graph;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One dimension: a size, or a symbol such as the batch {@code N} whose size is known only when the graph runs.
 *
 * @param size number of elements, 0 or more; -1 for a symbol
 * @param symbol name of a symbolic dimension, null for a fixed one
 */
public record Dim(long size, @Nullable String symbol) {
    private static final AtomicLong UNKNOWN = new AtomicLong();

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

package dev.vicreg.models.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Dimensions of a tensor, outermost first. A scalar has rank 0.
 *
 * @param dims the dimensions; copied
 */
public record Shape(List<Dim> dims) {
    /** The shape of a scalar. */
    public static final Shape SCALAR = new Shape(List.of());

    /** A size is needed of a dimension that has none before the graph runs. */
    public static final class SymbolicSizeException extends IllegalStateException {
        private static final long serialVersionUID = 1;

        SymbolicSizeException(String message) {
            super(message);
        }
    }

    /** Copies the dimensions. */
    public Shape {
        dims = List.copyOf(dims);
    }

    /** A shape of fixed sizes. */
    public static Shape of(long... sizes) {
        return new Shape(Arrays.stream(sizes).mapToObj(Dim::of).toList());
    }

    /** Number of dimensions. */
    public int rank() {
        return dims.size();
    }

    /**
     * The dimension at {@code axis}; negative axes count from the back.
     *
     * @throws IllegalArgumentException if there is no such axis
     */
    public Dim at(int axis) {
        int place = axis < 0 ? axis + rank() : axis;
        if (place < 0 || place >= rank()) {
            throw new IllegalArgumentException("there is no axis " + axis + " in " + this);
        }
        return dims.get(place);
    }

    /**
     * The size at {@code axis}; negative axes count from the back.
     *
     * @throws SymbolicSizeException if the dimension is symbolic
     */
    public long size(int axis) {
        Dim dim = at(axis);
        if (!dim.isFixed()) {
            throw new SymbolicSizeException("Size of axis " + axis + " of " + this + " is needed but symbolic");
        }
        return dim.size();
    }

    /** Whether every size is known. */
    public boolean isFixed() {
        return dims.stream().allMatch(Dim::isFixed);
    }

    /**
     * Number of elements.
     *
     * @throws SymbolicSizeException if a dimension is symbolic
     */
    public long elements() {
        long product = 1;
        for (int axis = 0; axis < rank(); axis++) {
            product = Math.multiplyExact(product, size(axis));
        }
        return product;
    }

    /**
     * The sizes as an array.
     *
     * @throws SymbolicSizeException if a dimension is symbolic
     */
    public long[] toArray() {
        long[] sizes = new long[rank()];
        for (int axis = 0; axis < sizes.length; axis++) {
            sizes[axis] = size(axis);
        }
        return sizes;
    }

    /** This shape with the dimension at {@code axis} (negative counts from the back) replaced. */
    public Shape with(int axis, Dim dim) {
        List<Dim> changed = new ArrayList<>(dims);
        changed.set(axis < 0 ? axis + rank() : axis, dim);
        return new Shape(changed);
    }

    /**
     * The shape that ONNX's (NumPy's) multidirectional broadcasting of two shapes gives. A symbol beside a size above 1
     * gives that size, as in ONNX's own inference; unknown dimensions beside symbols remain unknown.
     *
     * @throws IllegalArgumentException if they do not broadcast
     */
    public static Shape broadcast(Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        List<Dim> result = new ArrayList<>(rank);
        for (int axis = -rank; axis < 0; axis++) {
            Dim da = -axis <= a.rank() ? a.at(axis) : Dim.of(1);
            Dim db = -axis <= b.rank() ? b.at(axis) : Dim.of(1);
            if (da.equals(db) || db.size() == 1) {
                result.add(da);
            } else if (da.size() == 1) {
                result.add(db);
            } else if (da.isFixed() != db.isFixed()) {
                result.add(da.isFixed() ? da : db);
            } else if (da.isUnknown() || db.isUnknown()) {
                result.add(Dim.unknown());
            } else {
                throw new IllegalArgumentException("Shapes " + a + " and " + b + " do not broadcast");
            }
        }
        return new Shape(result);
    }

    @Override
    public String toString() {
        return dims.stream().map(Dim::toString).collect(Collectors.joining(",", "[", "]"));
    }
}

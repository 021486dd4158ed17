package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRules.axis;
import static dev.vicreg.models.graph.infer.StructureShapes.axes;
import static dev.vicreg.models.graph.infer.StructureShapes.size;
import static dev.vicreg.models.graph.infer.StructureShapes.target;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.KnownElement;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.infer.ShapeRules.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Shapes of the same elements laid out otherwise: reshaped, transposed, repeated. Rows of {@link StructureShapes}. */
final class LayoutShapes {
    private LayoutShapes() {}

    /** [N,C·b·b,H,W] → [N,C,H·b,W·b]. */
    static TensorType depthToSpace(Call call) {
        long block = call.attributes().integer("blocksize", 1);
        return pictures(call, dim -> over(dim, block * block), dim -> dim.times(block));
    }

    /** [N,C,H·b,W·b] → [N,C·b·b,H,W]. */
    static TensorType spaceToDepth(Call call) {
        long block = call.attributes().integer("blocksize", 1);
        return pictures(call, dim -> dim.times(block * block), dim -> over(dim, block));
    }

    private static TensorType pictures(Call call, UnaryOperator<Dim> channels, UnaryOperator<Dim> sides) {
        Shape shape = call.shape(0);
        if (shape.rank() != 4) {
            throw new IllegalArgumentException("expected [N,C,H,W], found " + shape);
        }
        return call.shaped(new Shape(
                List.of(shape.at(0), channels.apply(shape.at(1)), sides.apply(shape.at(2)), sides.apply(shape.at(3)))));
    }

    private static Dim over(Dim dim, long divisor) {
        return dim.over(Dim.of(divisor)).orElseGet(() -> {
            if (dim.isFixed()) {
                throw new IllegalArgumentException(dim + " cannot be divided into parts of " + divisor);
            }
            return Dim.unknown();
        });
    }

    static TensorType expand(Call call) {
        Shape shape = call.shape(0);
        List<KnownElement> target = target(call, 1);
        int rank = Math.max(shape.rank(), target.size());
        List<Dim> dims = new ArrayList<>();
        for (int axis = -rank; axis < 0; axis++) {
            Dim from = -axis <= shape.rank() ? shape.at(axis) : Dim.of(1);
            Dim to = -axis <= target.size() ? size(target.get(target.size() + axis)) : Dim.of(1);
            dims.add(stretch(from, to, shape));
        }
        return call.shaped(new Shape(dims));
    }

    /** A size that meets another in a broadcast. A symbol that meets a size above 1 must be 1 or that size. */
    private static Dim stretch(Dim from, Dim to, Shape shape) {
        if (from.equals(to) || to.size() == 1) {
            return from;
        }
        if (from.size() == 1) {
            return to;
        }
        if (from.isFixed() && to.isFixed()) {
            throw new IllegalArgumentException(shape + " cannot be expanded: " + from + " is not " + to);
        }
        return from.isFixed() ? from : to.isFixed() ? to : Dim.unknown();
    }

    static TensorType flatten(Call call) {
        Shape shape = call.shape(0);
        long written = call.attributes().integer("axis", 1);
        int axis = written == shape.rank() ? shape.rank() : axis(written, Math.max(1, shape.rank()));
        return call.shaped(new Shape(List.of(
                product(shape.dims().subList(0, axis)), product(shape.dims().subList(axis, shape.rank())))));
    }

    private static Dim product(List<Dim> dims) {
        return dims.stream().reduce(Dim.of(1), Dim::times);
    }

    static TensorType reshape(Call call) {
        Shape from = call.shape(0);
        boolean zeros = call.attributes().integer("allowzero", 0) != 0;
        List<Dim> dims = new ArrayList<>();
        int rest = -1;
        List<KnownElement> target = target(call, 1);
        for (int i = 0; i < target.size(); i++) {
            long written = target.get(i).known().orElse(1.0).longValue();
            if (written == -1) {
                rest = i;
                dims.add(Dim.of(1));
            } else {
                dims.add(written == 0 && !zeros ? from.at(i) : size(target.get(i)));
            }
        }
        if (rest >= 0) {
            dims.set(rest, rest(from, dims));
        } else if (!fits(from.dims(), dims)) {
            throw new IllegalArgumentException(product(from.dims()) + " elements do not fit into " + dims);
        }
        return call.shaped(new Shape(dims));
    }

    /** The size of -1: all elements over those of the other axes. */
    private static Dim rest(Shape from, List<Dim> others) {
        List<Dim> left = new ArrayList<>(from.dims());
        List<Dim> divisors = new ArrayList<>(others);
        cancel(left, divisors);
        Dim divisor = product(divisors);
        Optional<Dim> quotient = product(left).over(divisor);
        if (quotient.isEmpty() && left.stream().allMatch(Dim::isFixed) && divisor.isFixed()) {
            throw new IllegalArgumentException("the size of -1 cannot be told from " + from);
        }
        return quotient.orElseGet(Dim::unknown);
    }

    private static boolean fits(List<Dim> from, List<Dim> to) {
        List<Dim> left = new ArrayList<>(from);
        List<Dim> right = new ArrayList<>(to);
        cancel(left, right);
        Dim a = product(left);
        Dim b = product(right);
        return !a.isFixed() || !b.isFixed() || a.equals(b);
    }

    /** Removes the symbols that occur on both sides of an equation. */
    private static void cancel(List<Dim> left, List<Dim> right) {
        for (Dim dim : List.copyOf(left)) {
            if (!dim.isFixed() && right.remove(dim)) {
                left.remove(dim);
            }
        }
    }

    /** Without axes, those of size 1; a symbol is taken not to be 1. */
    static TensorType squeeze(Call call) {
        Shape shape = call.shape(0);
        List<Integer> axes = call.has(1)
                ? axes(call, 1, shape.rank())
                : IntStream.range(0, shape.rank())
                        .filter(axis -> shape.at(axis).equals(Dim.of(1)))
                        .boxed()
                        .toList();
        List<Dim> dims = new ArrayList<>();
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (!axes.contains(axis)) {
                dims.add(shape.at(axis));
            } else if (shape.at(axis).isFixed() && shape.size(axis) != 1) {
                throw new IllegalArgumentException("axis " + axis + " of " + shape + " is not of size 1");
            }
        }
        return call.shaped(new Shape(dims));
    }

    static TensorType unsqueeze(Call call) {
        Shape shape = call.shape(0);
        long[] axes = call.constantLongs(1);
        int rank = shape.rank() + axes.length;
        List<Integer> added =
                LongStream.of(axes).mapToObj(each -> axis(each, rank)).toList();
        if (added.stream().distinct().count() != axes.length) {
            throw new IllegalArgumentException("axes " + added + " are not distinct");
        }
        List<Dim> dims = new ArrayList<>();
        int next = 0;
        for (int axis = 0; axis < rank; axis++) {
            dims.add(added.contains(axis) ? Dim.of(1) : shape.at(next++));
        }
        return call.shaped(new Shape(dims));
    }

    static TensorType tile(Call call) {
        Shape shape = call.shape(0);
        List<KnownElement> repeats = target(call, 1);
        if (repeats.size() != shape.rank()) {
            throw new IllegalArgumentException(repeats.size() + " repeats for a rank of " + shape.rank());
        }
        List<Dim> dims = new ArrayList<>();
        for (int axis = 0; axis < shape.rank(); axis++) {
            dims.add(shape.at(axis).times(size(repeats.get(axis))));
        }
        return call.shaped(new Shape(dims));
    }

    /** The order of a Transpose's axes, by default reversed. */
    static long[] permutation(Call call) {
        int rank = call.shape(0).rank();
        long[] reversed = IntStream.range(0, rank).mapToLong(i -> rank - 1L - i).toArray();
        return call.attributes().integers("perm", reversed);
    }

    static TensorType transpose(Call call) {
        Shape shape = call.shape(0);
        long[] permutation = permutation(call);
        if (!LongStream.of(permutation)
                .sorted()
                .boxed()
                .toList()
                .equals(LongStream.range(0, shape.rank()).boxed().toList())) {
            throw new IllegalArgumentException("perm does not order " + shape.rank() + " axes");
        }
        return call.shaped(new Shape(LongStream.of(permutation)
                .mapToObj(axis -> shape.at((int) axis))
                .toList()));
    }
}

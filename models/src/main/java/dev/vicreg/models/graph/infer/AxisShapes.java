package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRules.axis;
import static dev.vicreg.models.graph.infer.ShapeRules.many;
import static dev.vicreg.models.graph.infer.ShapeRules.one;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.infer.ShapeRules.Call;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Shape rules of operators along axes: reductions, softmax, cumulative sums, the largest k. */
final class AxisShapes {
    private static final List<OpType> REDUCTIONS = List.of(
            OpType.REDUCE_L1,
            OpType.REDUCE_L2,
            OpType.REDUCE_LOG_SUM,
            OpType.REDUCE_LOG_SUM_EXP,
            OpType.REDUCE_MAX,
            OpType.REDUCE_MEAN,
            OpType.REDUCE_MIN,
            OpType.REDUCE_PROD,
            OpType.REDUCE_SUM,
            OpType.REDUCE_SUM_SQUARE);

    private AxisShapes() {}

    static void register() {
        REDUCTIONS.forEach(op -> one(op, AxisShapes::reduce));
        one(OpType.ARG_MAX, AxisShapes::place);
        one(OpType.ARG_MIN, AxisShapes::place);
        one(OpType.SOFTMAX, AxisShapes::softmax);
        one(OpType.LOG_SOFTMAX, AxisShapes::softmax);
        one(OpType.CUM_SUM, AxisShapes::cumSum);
        many(OpType.TOP_K, AxisShapes::topK);
    }

    private static TensorType reduce(Call call) {
        Shape shape = call.shape(0);
        boolean keep = call.attributes().integer("keepdims", 1) != 0;
        if (call.has(1) && ShapeValues.longs(call.in(1)).isEmpty()) {
            return call.shaped(reducedSomewhere(shape, keep, call.shape(1)));
        }
        long[] axes = call.has(1) ? call.constantLongs(1) : new long[0];
        if (axes.length == 0 && call.attributes().integer("noop_with_empty_axes", 0) == 0) {
            axes = LongStream.range(0, shape.rank()).toArray();
        }
        return call.shaped(reduced(shape, keep, axes));
    }

    private static Shape reduced(Shape shape, boolean keep, long... axes) {
        List<@Nullable Dim> dims = new ArrayList<>(shape.dims());
        for (long each : axes) {
            dims.set(axis(each, shape.rank()), keep ? Dim.of(1) : null);
        }
        return new Shape(dims.stream().filter(dim -> dim != null).toList());
    }

    /** Over axes that are computed when the graph runs, of which only their number may be known. */
    private static Shape reducedSomewhere(Shape shape, boolean keep, Shape axes) {
        long rank = keep ? shape.rank() : shape.rank() - axes.elements();
        return new Shape(LongStream.range(0, rank).mapToObj(i -> Dim.unknown()).toList());
    }

    /** Of the largest or smallest element along an axis. */
    private static TensorType place(Call call) {
        boolean keep = call.attributes().integer("keepdims", 1) != 0;
        long axis = call.attributes().integer("axis", 0);
        return new TensorType(ElementType.INT64, reduced(call.shape(0), keep, axis));
    }

    private static TensorType softmax(Call call) {
        axis(call.attributes().integer("axis", -1), call.shape(0).rank());
        return ElementwiseShapes.floating(call).like(0);
    }

    private static TensorType cumSum(Call call) {
        ShapeValues.longs(call.in(1)).ifPresent(axis -> {
            if (axis.length != 1) {
                throw new IllegalArgumentException("expected one axis, found " + Arrays.toString(axis));
            }
            axis(axis[0], call.shape(0).rank());
        });
        return call.like(0);
    }

    /** The k largest (or smallest) along an axis, and their places on it. */
    private static List<TensorType> topK(Call call) {
        Shape shape = call.shape(0);
        int axis = axis(call.attributes().integer("axis", -1), shape.rank());
        Optional<List<Dim>> told = call.dims(1);
        Dim k = told.orElseGet(() -> Collections.singletonList(Dim.unknown())).get(0);
        if (k.isFixed() && shape.at(axis).isFixed() && k.size() > shape.size(axis)) {
            throw new IllegalArgumentException("k = " + k + " is more than the " + shape.size(axis)
                    + " elements along axis " + axis + " of " + shape);
        }
        Shape taken = shape.with(axis, k);
        return List.of(call.shaped(taken), new TensorType(ElementType.INT64, taken));
    }
}

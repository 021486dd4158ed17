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
import java.util.List;
import java.util.stream.IntStream;

/** Shape rules of matrices, convolutions, pooling, norms and recurrent layers. */
final class NeuralShapes {
    private NeuralShapes() {}

    static void register() {
        one(OpType.QUANTIZE_LINEAR, call -> new TensorType(call.element(2), call.shape(0)));
        one(OpType.DEQUANTIZE_LINEAR, call -> new TensorType(call.element(1), call.shape(0)));
        one(OpType.MAT_MUL, NeuralShapes::matMul);
        one(OpType.GEMM, NeuralShapes::gemm);
        one(OpType.EINSUM, NeuralShapes::einsum);
        one(OpType.CONV, NeuralShapes::conv);
        one(OpType.CONV_TRANSPOSE, NeuralShapes::convTranspose);
        one(OpType.AVERAGE_POOL, call -> call.shaped(pooled(call)));
        many(OpType.MAX_POOL, NeuralShapes::maxPool);
        one(OpType.GLOBAL_AVERAGE_POOL, NeuralShapes::globalPool);
        one(OpType.GLOBAL_MAX_POOL, NeuralShapes::globalPool);
        many(OpType.BATCH_NORMALIZATION, NeuralShapes::batchNormalization);
        one(OpType.INSTANCE_NORMALIZATION, NeuralShapes::perChannel);
        one(OpType.GROUP_NORMALIZATION, NeuralShapes::groupNormalization);
        many(OpType.LAYER_NORMALIZATION, NeuralShapes::layerNormalization);
        many(OpType.LSTM, call -> recurrent(call, 4));
        many(OpType.GRU, call -> recurrent(call, 3));
    }

    /** Whether two dimensions are two different sizes for certain. */
    private static boolean differ(Dim a, Dim b) {
        return a.isFixed() && b.isFixed() && !a.equals(b);
    }

    /** Whether channels can be divided into that many groups, as far as their number is known. */
    private static boolean divides(long groups, Dim channels) {
        return groups > 0 && (!channels.isFixed() || channels.size() % groups == 0);
    }

    /** NumPy's matrix product: a vector counts as a row on the left and as a column on the right. */
    private static TensorType matMul(Call call) {
        Shape a = call.shape(0);
        Shape b = call.shape(1);
        if (a.rank() == 0 || b.rank() == 0 || differ(a.at(-1), b.at(b.rank() == 1 ? 0 : -2))) {
            throw new IllegalArgumentException(a + " and " + b + " cannot be multiplied");
        }
        List<Dim> dims = new ArrayList<>(Shape.broadcast(batch(a), batch(b)).dims());
        if (a.rank() > 1) {
            dims.add(a.at(-2));
        }
        if (b.rank() > 1) {
            dims.add(b.at(-1));
        }
        return call.shaped(new Shape(dims));
    }

    private static Shape batch(Shape shape) {
        return new Shape(shape.dims().subList(0, Math.max(0, shape.rank() - 2)));
    }

    private static TensorType gemm(Call call) {
        boolean ta = call.attributes().integer("transA", 0) != 0;
        boolean tb = call.attributes().integer("transB", 0) != 0;
        Shape a = call.shape(0);
        Shape b = call.shape(1);
        if (a.rank() != 2 || b.rank() != 2 || differ(a.at(ta ? 0 : 1), b.at(tb ? 1 : 0))) {
            throw new IllegalArgumentException(a + " and " + b + " cannot be multiplied");
        }
        Shape result = new Shape(List.of(a.at(ta ? 1 : 0), b.at(tb ? 0 : 1)));
        if (call.has(2) && !Shape.broadcast(result, call.shape(2)).equals(result)) {
            throw new IllegalArgumentException(call.shape(2) + " cannot be added to " + result);
        }
        return call.shaped(result);
    }

    private static TensorType einsum(Call call) {
        List<Shape> shapes =
                IntStream.range(0, call.inputs().size()).mapToObj(call::shape).toList();
        return call.shaped(new EinsumEquation(call.attributes().string("equation", ""), shapes).shape());
    }

    /** x [N,C,…], w [O,C/groups,…], bias [O] → [N,O,…]. */
    private static TensorType conv(Call call) {
        Shape x = call.shape(0);
        Shape w = call.shape(1);
        long groups = call.attributes().integer("group", 1);
        Window window = Window.of(call.attributes(), call.inputs());
        boolean channelsDiffer = w.at(1).isFixed() && differ(x.at(1), Dim.of(w.size(1) * groups));
        if (channelsDiffer || !divides(groups, w.at(0))) {
            throw new IllegalArgumentException(
                    "input channels " + x.at(1) + " do not fit the weights " + w + " in " + groups + " groups");
        }
        checkBias(call, w.at(0));
        return call.shaped(window.outputs(x, w.at(0)));
    }

    /** x [N,C,…], w [C,O/groups,…], bias [O] → [N,O,…]. */
    private static TensorType convTranspose(Call call) {
        Shape x = call.shape(0);
        Shape w = call.shape(1);
        long groups = call.attributes().integer("group", 1);
        Window window = Window.of(call.attributes(), call.inputs());
        if (differ(x.at(1), w.at(0)) || !divides(groups, w.at(0))) {
            throw new IllegalArgumentException(
                    "input channels " + x.at(1) + " do not fit the weights " + w + " in " + groups + " groups");
        }
        Dim channels = Dim.of(w.size(1) * groups);
        checkBias(call, channels);
        return call.shaped(window.transposedOutputs(x, channels));
    }

    private static void checkBias(Call call, Dim channels) {
        if (call.has(2) && (call.shape(2).rank() != 1 || differ(call.shape(2).at(0), channels))) {
            throw new IllegalArgumentException(
                    "a bias of " + call.shape(2) + " does not fit " + channels + " channels");
        }
    }

    private static Shape pooled(Call call) {
        return Window.of(call.attributes(), call.inputs())
                .outputs(call.shape(0), call.shape(0).at(1));
    }

    private static List<TensorType> maxPool(Call call) {
        Shape shape = pooled(call);
        return List.of(call.shaped(shape), new TensorType(ElementType.INT64, shape));
    }

    private static TensorType globalPool(Call call) {
        Shape shape = call.shape(0);
        for (int axis = 2; axis < shape.rank(); axis++) {
            shape = shape.with(axis, Dim.of(1));
        }
        return call.shaped(shape);
    }

    /** One output, or in training form also the running mean and variance. */
    private static List<TensorType> batchNormalization(Call call) {
        Dim channels = channels(call);
        for (int i = 1; i < 5; i++) {
            if (differ(call.shape(i).at(0), channels)) {
                throw new IllegalArgumentException(
                        "input " + i + " of " + call.shape(i) + " does not fit " + channels + " channels");
            }
        }
        return call.attributes().integer("training_mode", 0) == 0
                ? List.of(call.like(0))
                : List.of(call.like(0), call.like(3), call.like(4));
    }

    private static Dim channels(Call call) {
        Shape x = call.shape(0);
        if (x.rank() < 1) {
            throw new IllegalArgumentException("the input must be [N,C,…], found a scalar");
        }
        return x.rank() == 1 ? Dim.of(1) : x.at(1);
    }

    /** x [N,C,…], scale and bias [C] → x's type. */
    private static TensorType perChannel(Call call) {
        Dim channels = channels(call);
        for (int i = 1; i < 3; i++) {
            if (call.shape(i).rank() != 1 || differ(call.shape(i).at(0), channels)) {
                throw new IllegalArgumentException(
                        "input " + i + " of " + call.shape(i) + " does not fit " + channels + " channels");
            }
        }
        return call.like(0);
    }

    private static TensorType groupNormalization(Call call) {
        long groups = call.attributes().integer("num_groups", 0);
        Dim channels = channels(call);
        if (!divides(groups, channels)) {
            throw new IllegalArgumentException(channels + " channels cannot be divided into " + groups + " groups");
        }
        return perChannel(call);
    }

    /** The result, and the mean and reciprocal deviation of each stretch, with axes of 1 in the stretch's place. */
    private static List<TensorType> layerNormalization(Call call) {
        Shape x = call.shape(0);
        int first = axis(call.attributes().integer("axis", -1), x.rank());
        Shape statistics = x;
        for (int axis = first; axis < x.rank(); axis++) {
            statistics = statistics.with(axis, Dim.of(1));
        }
        for (int i = 1; i < call.inputs().size(); i++) {
            if (call.has(i) && !Shape.broadcast(x, call.shape(i)).equals(x)) {
                throw new IllegalArgumentException("input " + i + " of " + call.shape(i) + " does not fit " + x);
            }
        }
        TensorType saved = new TensorType(ElementType.FLOAT, statistics);
        return List.of(call.like(0), saved, saved);
    }

    /**
     * x [T,B,I], w [D,gates·H,I], r [D,gates·H,H] → Y [T,D,B,H], Y_h and (LSTM) Y_c [D,B,H]; with layout 1 the batch
     * comes first everywhere.
     */
    private static List<TensorType> recurrent(Call call, int gates) {
        Shape x = call.shape(0);
        Shape w = call.shape(1);
        Shape r = call.shape(2);
        Dim directions = Dim.of(call.attributes().string("direction", "forward").equals("bidirectional") ? 2 : 1);
        if (x.rank() != 3 || w.rank() != 3 || r.rank() != 3) {
            throw new IllegalArgumentException("x, w and r must be of rank 3, found " + x + ", " + w + " and " + r);
        }
        Dim hidden = r.at(2);
        Dim rows = hidden.isFixed() ? Dim.of(gates * hidden.size()) : w.at(1);
        long written = call.attributes().integer("hidden_size", Math.max(0, hidden.size()));
        if (differ(x.at(2), w.at(2))
                || differ(w.at(1), rows)
                || differ(r.at(1), rows)
                || differ(w.at(0), directions)
                || differ(r.at(0), directions)
                || differ(Dim.of(written), hidden)) {
            throw new IllegalArgumentException("x " + x + ", w " + w + " and r " + r + " do not fit " + directions
                    + " direction(s) of " + gates + " gates and hidden_size " + written);
        }
        boolean batchFirst = call.attributes().integer("layout", 0) == 1;
        Dim batch = x.at(batchFirst ? 0 : 1);
        Dim steps = x.at(batchFirst ? 1 : 0);
        TensorType all = call.shaped(new Shape(
                batchFirst ? List.of(batch, steps, directions, hidden) : List.of(steps, directions, batch, hidden)));
        TensorType last = call.shaped(
                new Shape(batchFirst ? List.of(batch, directions, hidden) : List.of(directions, batch, hidden)));
        return gates == 4 ? List.of(all, last, last) : List.of(all, last);
    }
}

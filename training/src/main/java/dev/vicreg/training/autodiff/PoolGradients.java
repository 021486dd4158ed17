package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.first;
import static dev.vicreg.training.autodiff.GradientRules.listOf;
import static dev.vicreg.training.autodiff.GradientRules.unary;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.Window;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Gradients of pooling. ONNX Runtime's kernels for them have no CUDA counterpart, so standard operators do it. */
final class PoolGradients {
    private PoolGradients() {}

    static void register() {
        first(OpType.AVERAGE_POOL, PoolGradients::averagePool);
        first(OpType.MAX_POOL, (ops, node, g) -> listOf(toMaxima(ops, node, g)));
        unary(OpType.GLOBAL_AVERAGE_POOL, PoolGradients::globalAveragePool);
        unary(OpType.GLOBAL_MAX_POOL, PoolGradients::globalMaxPool);
    }

    /** Each mean's gradient, divided by the number of its elements, goes to all of them; windows that overlap add up. */
    private static List<@Nullable Value> averagePool(Ops ops, Node node, Value g) {
        Value x = node.input(0);
        Shape y = g.shape();
        Window window = Window.of(node);
        long[] pads = window.pads(x.shape());
        Value share = ops.mul(g, ops.constant(shares(node, window, pads)));
        long[] perChannel = y.toArray(); // [N,C,…] → [N·C,1,…]: every channel on its own
        perChannel[0] = -1;
        perChannel[1] = 1;
        Value full = spread(ops, window, ops.reshape(share, perChannel));
        long[] cut = new long[pads.length];
        for (int axis = 0; axis < window.axes(); axis++) {
            cut[axis] = pads[axis];
            cut[axis + window.axes()] =
                    full.shape().size(2 + axis) - pads[axis] - x.shape().size(2 + axis);
        }
        boolean whole = Arrays.stream(cut).allMatch(each -> each == 0);
        Value fitted = whole ? full : ConvolutionGradients.pad(ops, full, cut, -1);
        return listOf(GradientRules.reshapeLike(ops, fitted, x));
    }

    /**
     * One over the number of elements of each window [1,1,…]: those inside x, or also those inside its padding.
     *
     * <p>ONNX Runtime 1.24's CPU kernel, when it counts padding, takes the {@code pads} to alternate between beginnings
     * and ends. Where that changes a count, what it computes isn't AveragePool, and there is no gradient to give.
     */
    private static Tensor shares(Node node, Window window, long... pads) {
        int axes = window.axes();
        boolean counted = node.attributes().integer("count_include_pad", 0) != 0;
        long[] ends = new long[axes];
        long[] alternating = new long[axes];
        for (int axis = 0; axis < axes; axis++) {
            ends[axis] = counted ? pads[axis + axes] : 0;
            alternating[axis] = counted ? pads[2 * axis + 1] : 0;
        }
        long[] begins = counted ? Arrays.copyOf(pads, axes) : new long[axes];
        Tensor shares = shares(node, window, pads, begins, ends);
        if (!shares.equals(shares(node, window, pads, begins, alternating))) {
            throw new SettingException("No gradient for " + node + ": ONNX Runtime counts the padding "
                    + Arrays.toString(pads) + " wrongly; set count_include_pad to 0, or pad the input before");
        }
        return shares;
    }

    private static Tensor shares(Node node, Window window, long[] pads, long[] begins, long[] ends) {
        Shape x = node.input(0).shape();
        long[] shape = node.output(0).shape().toArray();
        shape[0] = 1;
        shape[1] = 1;
        float[] result = new float[(int) Shape.of(shape).elements()];
        for (int i = 0; i < result.length; i++) {
            long count = 1;
            int rest = i;
            for (int axis = window.axes() - 1; axis >= 0; axis--) {
                long start = rest % shape[2 + axis] * window.stride(axis) - pads[axis];
                rest /= (int) shape[2 + axis];
                count *= inside(window, axis, start, -begins[axis], x.size(2 + axis) + ends[axis]);
            }
            result[i] = 1f / count;
        }
        return Tensor.of(Shape.of(shape), result);
    }

    /** How many elements of a window that begins at {@code start} lie from {@code low} on and before {@code high}. */
    private static long inside(Window window, int axis, long start, long low, long high) {
        return IntStream.range(0, (int) window.kernel(axis))
                .mapToLong(tap -> start + tap * window.dilation(axis))
                .filter(place -> place >= low && place < high)
                .count();
    }

    /** g [M,1,…], each element added to all places of its window: a transposed convolution with ones. */
    private static Value spread(Ops ops, Window window, Value g) {
        int axes = window.axes();
        boolean disjoint = IntStream.range(0, axes)
                .allMatch(axis -> window.stride(axis) == window.kernel(axis) && window.dilation(axis) == 1);
        if (disjoint) {
            return repeat(ops, window, g);
        }
        long[] kernel = new long[2 + axes];
        Arrays.fill(kernel, 0, 2, 1);
        for (int axis = 0; axis < axes; axis++) {
            kernel[2 + axis] = window.kernel(axis);
        }
        Value ones = ops.constant(Tensor.filled(Shape.of(kernel), 1));
        return ops.convTranspose(
                g, ones, null, window.attributes(new long[2 * axes]).with("group", 1L));
    }

    /** Windows side by side: every element repeated. [M,1,H,W] → [M,1,H,1,W,1] → [M,1,H,k,W,k] → [M,1,H·k,W·k]. */
    private static Value repeat(Ops ops, Window window, Value g) {
        int axes = window.axes();
        long[] apart = new long[2 + 2 * axes];
        long[] repeated = new long[2 + 2 * axes];
        long[] joined = new long[2 + axes];
        for (int axis = 0; axis < 2 + axes; axis++) {
            long size = g.shape().size(axis);
            int place = axis < 2 ? axis : 2 * axis - 2;
            apart[place] = size;
            repeated[place] = size;
            joined[axis] = size;
            if (axis >= 2) {
                apart[place + 1] = 1;
                repeated[place + 1] = window.kernel(axis - 2);
                joined[axis] = size * window.kernel(axis - 2);
            }
        }
        return ops.reshape(ops.expand(ops.reshape(g, apart), Shape.of(repeated)), joined);
    }

    /**
     * Each maximum's gradient goes to where it was found (of equal ones, the first); windows that overlap add up. The
     * indices count through the whole input [N,C,…] as one row.
     */
    private static Value toMaxima(Ops ops, Node maxPool, Value g) {
        if (maxPool.attributes().integer("storage_order", 0) != 0) {
            throw new SettingException(
                    "No gradient for " + maxPool + ": storage_order 1 counts its indices by columns; expected 0");
        }
        Shape shape = maxPool.input(0).shape();
        Value zeros = ops.zeros(Shape.of(shape.elements()));
        Value indices = ops.reshape(maxPool.output(1), -1);
        Value scattered = ops.scatterAdd(zeros, indices, ops.reshape(g, -1));
        return ops.reshape(scattered, shape.toArray());
    }

    /** y = mean over the spatial axes. [N,C,1,1] → [N,C,H,W]. */
    private static Value globalAveragePool(Ops ops, Value g, Value x, Value y) {
        double n = (double) x.shape().elements() / y.shape().elements();
        return ops.expand(ops.mul(g, 1 / n), x.shape());
    }

    /** The same as a window of the input's size, which tells where it found the maximum. */
    private static Value globalMaxPool(Ops ops, Value g, Value x, Value y) {
        long[] shape = x.shape().toArray();
        Attributes whole = Attributes.NONE.with("kernel_shape", Arrays.copyOfRange(shape, 2, shape.length));
        return toMaxima(ops, ops.maxPool(x, whole), g);
    }
}

package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.Window;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Poolings whose windows ONNX Runtime 1.28's CUDA kernels take otherwise than ONNX has them, seen on an H200: an average
 * leaves dilations out, and divides by the wrong count where padding counts that isn't alike on both sides; a maximum of a
 * dilated window finds wrong places where there is padding. Those that they take right stay, and so do those of sizes that
 * are left open.
 */
final class CudaPools {
    private CudaPools() {}

    /** Sums by a convolution of each channel with ones, over how many elements each has: the same convolution of ones. */
    static List<Value> average(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value x = Lowering.input(inputs, 0);
        Window window = Window.of(node);
        long[] pads = isFixed(x) ? window.pads(x.shape()) : new long[0];
        boolean counted = node.attributes().integer("count_include_pad", 0) != 0;
        if (!isFixed(x) || (!isDilated(window) && !(counted && isUneven(pads)))) {
            return Rewriter.copy(ops, node, inputs);
        }
        long[] spatial = new long[window.axes()];
        Arrays.setAll(spatial, axis -> x.shape().size(2 + axis));
        Value padded = x;
        if (counted) { // padding then is data
            padded = ops.pad(x, Window.around(pads));
            Arrays.setAll(spatial, axis -> padded(spatial, pads, axis));
            Arrays.fill(pads, 0);
        }
        for (int axis = 0; axis < spatial.length; axis++) { // rounding up: as far as the last window reaches
            long reach = (node.output(0).shape().size(2 + axis) - 1) * window.stride(axis) + window.extent(axis);
            pads[axis + spatial.length] = Math.max(0, reach - spatial[axis] - pads[axis]);
        }
        long channels = x.shape().size(1);
        Value sums = ops.conv(padded, ones(ops, x, channels, window), null, attributes(window, pads, channels));
        long[] one = new long[2 + spatial.length];
        Arrays.fill(one, 0, 2, 1);
        System.arraycopy(spatial, 0, one, 2, spatial.length);
        Value data = ops.constant(typed(Tensor.filled(Shape.of(one), 1), x));
        return List.of(ops.div(sums, ops.conv(data, ones(ops, x, 1, window), null, attributes(window, pads, 1))));
    }

    /** The maxima of what is padded before, and their places counted as without that padding. */
    static List<Value> maximum(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value x = Lowering.input(inputs, 0);
        Window window = Window.of(node);
        long[] pads = isFixed(x) ? window.pads(x.shape()) : new long[0];
        if (!isDilated(window) || Arrays.stream(pads).allMatch(pad -> pad == 0)) {
            return Rewriter.copy(ops, node, inputs);
        }
        boolean half = x.type().element() == ElementType.FLOAT16;
        Value lowest = ops.constant(typed(Tensor.scalar(half ? -65504f : -Float.MAX_VALUE), x));
        Value padded = ops.node(OpType.PAD, List.of(x, ops.longs(Window.around(pads)), lowest), Attributes.NONE)
                .output(0);
        Node pool = ops.node(
                OpType.MAX_POOL,
                List.of(padded),
                node.attributes().without("auto_pad").without("pads"));
        if (!pool.output(0).shape().equals(node.output(0).shape())) {
            return Rewriter.copy(ops, node, inputs);
        }
        Value rest = pool.output(1);
        Value place = ops.longs(0);
        long step = 1;
        for (int axis = window.axes() - 1; axis >= 0; axis--) {
            Value size = ops.longs(padded.shape().size(2 + axis));
            Value within =
                    ops.node(OpType.MOD, List.of(rest, size), Attributes.NONE).output(0);
            place = ops.add(place, ops.mul(ops.sub(within, ops.longs(pads[axis])), ops.longs(step)));
            rest = ops.div(rest, size);
            step *= x.shape().size(2 + axis);
        }
        return List.of(pool.output(0), ops.add(place, ops.mul(rest, ops.longs(step))));
    }

    private static boolean isFixed(Value x) {
        return x.shape().dims().stream().skip(1).allMatch(dim -> dim.isFixed());
    }

    private static boolean isDilated(Window window) {
        return IntStream.range(0, window.axes()).anyMatch(axis -> window.dilation(axis) != 1);
    }

    private static boolean isUneven(long... pads) {
        int axes = pads.length / 2;
        return IntStream.range(0, axes).anyMatch(axis -> pads[axis] != pads[axis + axes]);
    }

    private static long padded(long[] spatial, long[] pads, int axis) {
        return spatial[axis] + pads[axis] + pads[axis + spatial.length];
    }

    private static Value ones(Ops ops, Value like, long channels, Window window) {
        long[] kernel = new long[2 + window.axes()];
        kernel[0] = channels;
        kernel[1] = 1;
        for (int axis = 0; axis < window.axes(); axis++) {
            kernel[2 + axis] = window.kernel(axis);
        }
        return ops.constant(typed(Tensor.filled(Shape.of(kernel), 1), like));
    }

    private static Attributes attributes(Window window, long[] pads, long group) {
        return window.attributes(pads).with("group", group);
    }

    private static Tensor typed(Tensor tensor, Value like) {
        return like.type().element() == ElementType.FLOAT16 ? tensor.toFloat16() : tensor;
    }
}

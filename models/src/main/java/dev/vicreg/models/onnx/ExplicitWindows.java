package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.Window;
import dev.vicreg.models.onnx.OpsetUpgrade.Call;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Convolutions and poolings with their padding as numbers, {@code pads} in place of {@code auto_pad}, {@code ceil_mode} and
 * {@code output_shape}: runtimes differ in what they take those for, and ONNX Runtime refuses some. What the window covers,
 * and what an average is divided by, stays what ONNX has it. Those of sizes that are left open stay as they are, as do
 * dilated windows whose padding would be wider than ONNX Runtime takes: as wide as the kernel.
 */
final class ExplicitWindows {
    private ExplicitWindows() {}

    static List<Value> convolution(Call call) {
        List<Value> y = plain(call, OpType.CONV, call.attributes());
        if (!call.attributes().has("auto_pad") || isOpen(call)) {
            return y;
        }
        long[] pads = Window.of(node(y.get(0))).pads(call.in(0).shape());
        return plain(call, OpType.CONV, explicit(call, pads));
    }

    /** What the output has beyond the full result becomes output padding, which has to be less than a step. */
    static List<Value> transposed(Call call) {
        List<Value> y = plain(call, OpType.CONV_TRANSPOSE, call.attributes());
        Attributes own = call.attributes();
        boolean sized = own.integers("output_shape").length > 0;
        if (!sized && own.string("auto_pad", "").equals("VALID")) {
            return plain(call, OpType.CONV_TRANSPOSE, own.without("auto_pad").without("pads"));
        }
        Shape x = call.in(0).shape();
        if (!(sized || own.has("auto_pad")) || !isFixed(x)) {
            return y;
        }
        Window window = Window.of(node(y.get(0)));
        long[] pads = window.transposedPads(x, y.get(0).shape());
        long[] more = new long[window.axes()];
        for (int axis = 0; axis < more.length; axis++) {
            int end = axis + window.axes();
            more[axis] = Math.max(0, -pads[end]);
            pads[end] = Math.max(0, pads[end]);
            if (more[axis] >= Math.max(window.stride(axis), window.dilation(axis)) && more[axis] > 0) {
                return y;
            }
        }
        return plain(
                call,
                OpType.CONV_TRANSPOSE,
                explicit(call, pads).without("output_shape").with("output_padding", more));
    }

    /**
     * The part of a last window that rounding up lets reach beyond the padding never counts. So padding that counts is made
     * data there, and also where it isn't the same on all sides, which ONNX Runtime 1.24's CPU kernel takes wrongly.
     */
    static List<Value> average(Call call) {
        List<Value> y = plain(call, OpType.AVERAGE_POOL, call.attributes());
        if (isOpen(call)) {
            return y;
        }
        Window window = Window.of(node(y.get(0)));
        long[] pads = window.pads(call.in(0).shape());
        long[] beyond = beyond(call, window, y.get(0).shape(), pads);
        boolean even = Arrays.stream(pads).allMatch(pad -> pad == pads[0]);
        if (call.attributes().integer("count_include_pad", 0) == 0) {
            return pooled(call, OpType.AVERAGE_POOL, window, y, added(pads, beyond));
        }
        if (even && Arrays.stream(beyond).allMatch(each -> each == 0)) {
            return isImplicit(call) ? plain(call, OpType.AVERAGE_POOL, explicit(call, pads)) : y;
        }
        if (!fits(window, beyond)) {
            return y;
        }
        Attributes rest = explicit(call, beyond).without("count_include_pad");
        return call.node(OpType.AVERAGE_POOL, rest, call.ops().pad(call.in(0), Window.around(pads)));
    }

    static List<Value> maximum(Call call) {
        List<Value> y = plain(call, OpType.MAX_POOL, call.attributes());
        if (isOpen(call)) {
            return y;
        }
        Window window = Window.of(node(y.get(0)));
        long[] pads = window.pads(call.in(0).shape());
        return pooled(
                call,
                OpType.MAX_POOL,
                window,
                y,
                added(pads, beyond(call, window, y.get(0).shape(), pads)));
    }

    private static List<Value> pooled(Call call, OpType op, Window window, List<Value> y, long... pads) {
        return isImplicit(call) && fits(window, pads) ? plain(call, op, explicit(call, pads)) : y;
    }

    /** How far the last windows reach beyond the padded input, at the ends of the axes; zeros for their beginnings. */
    private static long[] beyond(Call call, Window window, Shape y, long... pads) {
        int axes = window.axes();
        long[] beyond = new long[2 * axes];
        for (int axis = 0; isRoundedUp(call) && axis < axes; axis++) {
            long last = (y.size(2 + axis) - 1) * window.stride(axis) + window.extent(axis);
            long padded = call.in(0).shape().size(2 + axis) + pads[axis] + pads[axis + axes];
            beyond[axis + axes] = Math.max(0, last - padded);
        }
        return beyond;
    }

    private static long[] added(long[] a, long... b) {
        long[] sums = new long[a.length];
        Arrays.setAll(sums, i -> a[i] + b[i]);
        return sums;
    }

    private static boolean fits(Window window, long... pads) {
        return IntStream.range(0, pads.length).allMatch(i -> pads[i] < window.kernel(i % window.axes()));
    }

    private static Attributes explicit(Call call, long... pads) {
        return call.attributes().without("auto_pad").without("ceil_mode").with("pads", pads);
    }

    private static Node node(Value y) {
        Node producer = y.producer();
        if (producer == null) {
            throw new IllegalStateException("no node computes " + y);
        }
        return producer;
    }

    private static boolean isImplicit(Call call) {
        return call.attributes().has("auto_pad") || call.attributes().has("ceil_mode");
    }

    private static boolean isRoundedUp(Call call) {
        return call.attributes().integer("ceil_mode", 0) != 0;
    }

    /** Whether the padding depends on a size that is symbolic. */
    private static boolean isOpen(Call call) {
        boolean same = call.attributes().string("auto_pad", "NOTSET").startsWith("SAME");
        return (same || isRoundedUp(call)) && !isFixed(call.in(0).shape());
    }

    private static boolean isFixed(Shape x) {
        return x.dims().stream().skip(2).allMatch(dim -> dim.isFixed());
    }

    private static List<Value> plain(Call call, OpType op, Attributes attributes) {
        return call.ops().node(op, call.inputs(), attributes).outputs();
    }
}

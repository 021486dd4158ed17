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

/**
 * Convolutions and poolings whose window ONNX Runtime 1.24 takes otherwise than ONNX has it, or not at all, in other words
 * that it takes alike. Those that it takes right stay as they are, and so do those of sizes that are left open.
 */
final class ExplicitWindows {
    private ExplicitWindows() {}

    /** Same padding with dilations, which the CPU kernel refuses. */
    static List<Value> convolution(Call call) {
        List<Value> y = plain(call, OpType.CONV, call.attributes());
        boolean dilated =
                Arrays.stream(call.attributes().integers("dilations", 1)).anyMatch(dilation -> dilation != 1);
        return isSame(call) && dilated && isFixed(call.in(0)) ? plain(call, OpType.CONV, padded(call, y.get(0))) : y;
    }

    /** Same padding beside output padding, which shape inference counts twice. */
    static List<Value> transposed(Call call) {
        List<Value> y = plain(call, OpType.CONV_TRANSPOSE, call.attributes());
        Shape x = call.in(0).shape();
        if (!isSame(call) || !call.attributes().has("output_padding") || !isFixed(call.in(0))) {
            return y;
        }
        Window window = Window.of(node(y.get(0)));
        long[] pads = window.transposedPads(x, y.get(0).shape());
        long[] more = new long[window.axes()];
        for (int axis = 0; axis < more.length; axis++) {
            int end = axis + window.axes();
            more[axis] = Math.max(0, -pads[end]);
            pads[end] = Math.max(0, pads[end]);
        }
        Attributes explicit =
                call.attributes().without("auto_pad").with("pads", pads).with("output_padding", more);
        return plain(call, OpType.CONV_TRANSPOSE, explicit);
    }

    /** Counted padding that isn't the same on all sides; and windows that would begin beyond the input. */
    static List<Value> average(Call call) {
        List<Value> y = whole(call, OpType.AVERAGE_POOL);
        if (call.attributes().integer("count_include_pad", 0) == 0
                || call.attributes().integer("ceil_mode", 0) != 0
                || (isSame(call) && !isFixed(call.in(0)))) {
            return y;
        }
        Window window = Window.of(node(y.get(0)));
        long[] pads = window.pads(call.in(0).shape());
        if (Arrays.stream(pads).allMatch(pad -> pad == pads[0])) {
            return y;
        }
        int axes = window.axes();
        long[] around = new long[2 * axes + 4]; // [N,C,…]
        System.arraycopy(pads, 0, around, 2, axes);
        System.arraycopy(pads, axes, around, axes + 4, axes);
        Attributes rest = call.attributes().without("auto_pad").without("pads").without("count_include_pad");
        return call.node(OpType.AVERAGE_POOL, rest, call.ops().pad(call.in(0), around));
    }

    static List<Value> maximum(Call call) {
        return whole(call, OpType.MAX_POOL);
    }

    /** Rounding up that comes to the same as rounding down, as where a last window would begin beyond the input. */
    private static List<Value> whole(Call call, OpType op) {
        List<Value> up = plain(call, op, call.attributes());
        if (call.attributes().integer("ceil_mode", 0) == 0 || !isFixed(call.in(0))) {
            return up;
        }
        List<Value> down = plain(call, op, call.attributes().without("ceil_mode"));
        return down.get(0).shape().equals(up.get(0).shape()) ? down : up;
    }

    private static Attributes padded(Call call, Value y) {
        return call.attributes()
                .without("auto_pad")
                .with("pads", Window.of(node(y)).pads(call.in(0).shape()));
    }

    private static Node node(Value y) {
        Node producer = y.producer();
        if (producer == null) {
            throw new IllegalStateException("no node computes " + y);
        }
        return producer;
    }

    private static boolean isSame(Call call) {
        return call.attributes().string("auto_pad", "NOTSET").startsWith("SAME");
    }

    private static boolean isFixed(Value x) {
        return x.shape().dims().stream().skip(2).allMatch(dim -> dim.isFixed());
    }

    private static List<Value> plain(Call call, OpType op, Attributes attributes) {
        return call.ops().node(op, call.inputs(), attributes).outputs();
    }
}

package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Depthwise convolutions, x [N,C,H,W] with w [C,1,k,k], in ONNX Runtime's blocked layout, whose kernel for them computes
 * a whole block of channels at once. {@link Lowering} tells where each is chosen.
 *
 * <p>The layout wants channels that are a multiple of the block. No channel of such a convolution knows of another, so f
 * pictures of C channels are one picture of f·C channels, which are the same bytes: 72 channels become 144. By the same
 * token a weight gradient is a depthwise convolution of its own: each channel of each picture, N·C of them, is convolved
 * with its own dY as a kernel of H×W, and the k×k results are summed over the pictures.
 */
final class Depthwise {
    /** Weights as kernels want them; both branches share them. */
    private record Arranged(Value weights, long pictures, boolean flipped) {}

    private final int block;
    private final Map<Arranged, Value> arranged = new HashMap<>();

    /**
     * @param block channels in a block; 0 where this machine has no blocked layout
     */
    Depthwise(int block) {
        this.block = block;
    }

    /** Whether x [N,C,H,W] and w [C,1,k,k] are those of a depthwise convolution, with more than one channel. */
    static boolean matches(Value x, Value w) {
        return x.shape().isFixed()
                && x.shape().size(1) > 1
                && w.shape().size(0) == x.shape().size(1)
                && w.shape().size(1) == 1;
    }

    /** How many of the pictures [N,C,…] become one, so that channels fill blocks; 0 where none do. */
    private long together(Shape pictures) {
        for (long f = 1; f <= block; f *= 2) {
            if (pictures.size(0) % f == 0 && pictures.size(1) * f % block == 0) {
                return f;
            }
        }
        return 0;
    }

    /** Whether {@code x} can be laid out in blocks. */
    boolean fits(Value x) {
        return together(x.shape()) > 0;
    }

    /** The convolution: x [N,C,H,W] → [N,C,H',W']. The input must fit. */
    Value convolution(Ops ops, Value x, Value w, @Nullable Value bias, Attributes attributes) {
        return fromBlocks(ops, inBlocks(ops, blocks(ops, x), w, bias, false, attributes), x.shape());
    }

    /** [N,C,H,W] → blocks, under the shape [N/f,f·C,H,W]. */
    Value blocks(Ops ops, Value x) {
        long f = together(x.shape());
        Value folded = f == 1
                ? x
                : ops.reshape(
                        x,
                        x.shape().size(0) / f,
                        x.shape().size(1) * f,
                        x.shape().size(2),
                        x.shape().size(3));
        return one(ops, OpType.REORDER_INPUT, Attributes.NONE, folded);
    }

    /** Blocks → [N,C,H,W]. */
    private Value fromBlocks(Ops ops, Value blocked, Shape pictures) {
        Value out = one(
                ops,
                OpType.REORDER_OUTPUT,
                Attributes.NONE.with("channels", blocked.shape().size(1)),
                blocked);
        return ops.reshape(
                out,
                pictures.size(0),
                pictures.size(1),
                out.shape().size(2),
                out.shape().size(3));
    }

    private Value inBlocks(Ops ops, Value x, Value w, @Nullable Value bias, boolean flipped, Attributes attributes) {
        long f = x.shape().size(1) / w.shape().size(0);
        Value weights = arranged.computeIfAbsent(new Arranged(w, f, flipped), key -> weights(ops, key));
        List<Value> inputs = new ArrayList<>(List.of(x, weights));
        if (bias != null) {
            inputs.add(f == 1 ? bias : ops.tile(bias, f));
        }
        return ops.node(
                        OpType.BLOCKED_CONV,
                        inputs,
                        attributes.with("group", x.shape().size(1)))
                .output(0);
    }

    /** [C,1,k,k] → blocks [f·C/b,k·k,b], under the shape [f·C,1,k,k]; flipped: both spatial axes reversed. */
    private Value weights(Ops ops, Arranged key) {
        Value w = key.weights();
        long channels = w.shape().size(0) * key.pictures();
        long kernel = w.shape().size(2);
        Value tiled = key.pictures() == 1 ? w : ops.tile(w, key.pictures(), 1, 1, 1);
        Value places = ops.transpose(ops.reshape(tiled, channels / block, block, kernel * kernel), 0, 2, 1);
        Value ordered = key.flipped() && kernel > 1 ? ops.reverse(places, 1) : places;
        return ops.reshape(ordered, channels, 1, kernel, kernel);
    }

    /** [C,1,k,k] with both spatial axes reversed. */
    static Value flipped(Ops ops, Value w) {
        long kernel = w.shape().size(2);
        Value row = ops.reshape(w, w.shape().size(0), kernel * kernel);
        return ops.reshape(kernel == 1 ? row : ops.reverse(row, 1), w.shape().toArray());
    }

    /**
     * The window of a data gradient: dX is dY, with s-1 zeros after each row and column, convolved with the flipped
     * weights. Its padding begins with k-1-p and ends with what makes the result as large as x, H - s·H' + p; null where
     * one of them is below zero.
     */
    static @Nullable Attributes dataWindow(Geometry g) {
        long low = g.kernel() - 1 - g.padding();
        long high = g.rows() - g.stride() * g.outRows() + g.padding();
        long right = g.columns() - g.stride() * g.outColumns() + g.padding();
        return Math.min(low, Math.min(high, right)) < 0 ? null : window(g.kernel(), g.kernel(), 1, low, high, right);
    }

    /**
     * dX [N,C,H,W].
     *
     * @param dy in blocks
     * @param window what {@link #dataWindow} gives
     */
    Value dataGradient(Ops ops, Value dy, Value w, Shape x, long stride, Attributes window) {
        Value spread = stride == 1 ? dy : spread(ops, dy, stride);
        return fromBlocks(ops, inBlocks(ops, spread, w, null, true, window), x);
    }

    /** Blocks of [N,C,H,W] → blocks of [N,C,s·H,s·W]: s-1 zeros after each row and column. */
    private Value spread(Ops ops, Value blocked, long stride) {
        Shape s = blocked.shape();
        long rows = s.size(0) * s.size(1) / block * s.size(2);
        Value pixels = ops.reshape(blocked, rows, 1, s.size(3), block);
        Value padded = ops.pad(pixels, 0, 0, 0, 0, 0, stride - 1, 0, block * (stride - 1));
        return ops.reshape(padded, s.size(0), s.size(1), stride * s.size(2), stride * s.size(3));
    }

    /**
     * The window of a weight gradient: the kernel is dY, dilated by the stride, and the padding ends with what makes the
     * result as large as w, k + s·(H'-1) - H - p; null where that is below zero.
     */
    static @Nullable Attributes weightWindow(Geometry g) {
        long high = g.kernel() + g.stride() * (g.outRows() - 1) - g.rows() - g.padding();
        long right = g.kernel() + g.stride() * (g.outColumns() - 1) - g.columns() - g.padding();
        return Math.min(high, right) < 0
                ? null
                : window(g.outRows(), g.outColumns(), g.stride(), g.padding(), high, right);
    }

    /**
     * dW [C,1,k,k].
     *
     * @param dy in blocks
     * @param x in blocks
     * @param window what {@link #weightWindow} gives
     */
    Value weightGradient(Ops ops, Value dy, Value x, Value w, Attributes window) {
        long all = x.shape().size(0) * x.shape().size(1);
        long channels = w.shape().size(0);
        Value pictures = ops.reshape(x, 1, all, x.shape().size(2), x.shape().size(3));
        Value kernels = ops.reshape(dy, all, 1, dy.shape().size(2), dy.shape().size(3));
        Value each = ops.node(OpType.BLOCKED_CONV, List.of(pictures, kernels), window.with("group", all))
                .output(0);
        Value plain = one(ops, OpType.REORDER_OUTPUT, Attributes.NONE.with("channels", all), each); // [1,N·C,k,k]
        Value rows = ops.reshape(
                plain, all / channels, channels, 1, w.shape().size(2), w.shape().size(3));
        return ops.reduceSum(rows, false, 0);
    }

    private static Attributes window(long rows, long columns, long dilation, long low, long high, long right) {
        return Attributes.NONE
                .with("kernel_shape", rows, columns)
                .with("strides", 1L, 1L)
                .with("dilations", dilation, dilation)
                .with("pads", low, low, high, right);
    }

    private static Value one(Ops ops, OpType op, Attributes attributes, Value x) {
        return ops.node(op, List.of(x), attributes).output(0);
    }

    /** Sizes of a convolution with square windows: k, s and p, the maps that it reads and those that it gives. */
    record Geometry(long kernel, long stride, long padding, long rows, long columns, long outRows, long outColumns) {
        static Geometry of(Attributes attributes, Shape x, Shape y) {
            return new Geometry(
                    attributes.integers("kernel_shape", 0)[0],
                    attributes.integers("strides", 1)[0],
                    attributes.integers("pads", 0)[0],
                    x.size(2),
                    x.size(3),
                    y.size(2),
                    y.size(3));
        }
    }
}

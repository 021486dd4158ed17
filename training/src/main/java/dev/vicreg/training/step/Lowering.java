package dev.vicreg.training.step;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OnlyIf;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Ops;
import dev.vicreg.models.graph.Rewriter;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which kernels carry out the convolutions of a training graph. All choices give the same numbers up to rounding; which
 * is fastest differs by device and number of threads. This file is the one place where that is decided:
 *
 * <table>
 *   <caption>Formulations on the CPU; W is [O,C,k,k]</caption>
 *   <tr><th>what<th>formulation<th>where
 *   <tr><td>convolution<td>blocked layout
 *       <td>O and C multiples of the block, both at least {@value #BLOCKED_CHANNELS}
 *   <tr><td>data gradient<td>convolution of dY with W, transposed and flipped, in the blocked layout if O and C are
 *       multiples of the block<td>stride 1
 *   <tr><td>weight gradient<td>one matrix product over three shifts of dY and three of X
 *       <td>3×3, stride 1, padding 1, maps below {@value #CONV_GRAD_HEIGHT} rows, more than one thread
 *   <tr><td>everything else<td>ConvGrad<td>
 * </table>
 *
 * <p>Measured for the 3×3 convolutions of stride 1 of ResNet-18 at width 64 (64 pictures) and 16 (256 pictures), maps of
 * 32, 16, 8 and 4 rows, 2 threads of an AMD EPYC (family 26) with AVX-512 and nothing else running, medians of 9 in
 * milliseconds, 2026-11-25:
 *
 * <table>
 *   <caption>Milliseconds by rows of the map</caption>
 *   <tr><th>formulation<th>width 64<th>width 16
 *   <tr><td>forward, plain<td>14.4, 14.0, 15.4, 17.5<td>8.2, 10.6, 4.7, 10.5
 *   <tr><td>forward, blocked<td>12.6, 12.2, 11.0, 13.9<td>8.5, 4.7, 3.3, 4.0
 *   <tr><td>both gradients by ConvGrad<td>45.0, 39.2, 35.2, 47.6<td>39.4, 28.4, 24.0, 22.3
 *   <tr><td>data gradient, ConvGrad<td>27.2, 19.7, 18.3, 29.5<td>23.1, 14.3, 11.9, 11.2
 *   <tr><td>data gradient, blocked<td>12.6, 12.0, 12.6, 21.0<td>8.8, 4.7, 3.5, 3.6
 *   <tr><td>weight gradient, ConvGrad<td>18.6, 18.2, 17.3, 18.6<td>16.1, 13.9, 12.3, 11.6
 *   <tr><td>weight gradient, product<td>25.0, 19.2, 15.2, 14.5<td>20.7, 13.0, 8.1, 6.7
 * </table>
 *
 * <p>On a machine under load the figures of ConvGrad for both gradients look better than those of two kernels, since
 * less memory moves: measure on a quiet one.
 *
 * <p>Float16 operators of {@link MixedPrecision} compute in float32 on the CPU, and their results are rounded:
 * {@link RoundedHalf}. AdamOptimizer's CPU kernel writes whether or not it is told to, so it stands in an If there.
 *
 * <p>On CUDA everything stays as the autodiff wrote it: cuDNN chooses.
 *
 * @param target what the kernels are chosen for
 * @param threads that one operator may use
 * @param block channels in a block of ONNX Runtime's blocked layout on this machine; 0 where it has none
 */
public record Lowering(Target target, int threads, int block) {
    /** What kernels are chosen for. */
    public enum Target {
        /** Nothing: as the autodiff wrote it. */
        PLAIN,
        /** The CPU. */
        CPU
    }

    /** As the autodiff wrote it: on CUDA, and to compare with. */
    public static final Lowering NONE = new Lowering(Target.PLAIN, 0, 0);

    private static final int BLOCKED_CHANNELS = 32;
    private static final int CONV_GRAD_HEIGHT = 16;
    /** AdamOptimizer's input that says whether it may write. */
    private static final int SIGNAL = 9;

    /** For the CPU. */
    public static Lowering cpu(int threads, int block) {
        return new Lowering(Target.CPU, threads, block);
    }

    /** The same computation with the chosen kernels. */
    public Graph apply(Graph graph) {
        return target == Target.CPU ? Rewriter.rewrite(RoundedHalf.apply(graph), Map.of(), new Rule()) : graph;
    }

    /** Rewrites one graph; remembers rearranged weights, which both branches share. */
    private final class Rule implements Rewriter.Rule {
        private final Map<Value, Value> flipped = new HashMap<>();
        private final Map<Value, Value> blocked = new HashMap<>();

        @Override
        public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
            if (node.op() == OpType.CONV && isPlain(node) && inputs.size() == 2) {
                return List.of(convolution(ops, input(inputs, 0), input(inputs, 1), node.attributes()));
            }
            if (node.op() == OpType.CONV_GRAD && isPlain(node) && stride(node) == 1) {
                return gradients(ops, node, input(inputs, 0), input(inputs, 1), input(inputs, 2));
            }
            if (node.op() == OpType.ADAM_OPTIMIZER && !isAlwaysTrue(node.input(SIGNAL))) {
                return ops.node(node.op(), inputs, OnlyIf.on(node.attributes(), SIGNAL))
                        .outputs();
            }
            return Rewriter.copy(ops, node, inputs);
        }

        private Value input(List<@Nullable Value> inputs, int index) {
            Value value = inputs.get(index);
            if (value == null) {
                throw new IllegalStateException("A convolution lacks input " + index);
            }
            return value;
        }

        private Value convolution(Ops ops, Value x, Value w, Attributes attributes) {
            return fitsBlocks(w, BLOCKED_CHANNELS)
                    ? blockedConvolution(
                            ops, x, blocked.computeIfAbsent(w, weights -> blockedWeights(ops, weights)), attributes)
                    : ops.conv(x, w, null, attributes);
        }

        private boolean fitsBlocks(Value w, int fewest) {
            long outputs = w.shape().size(0);
            long channels = w.shape().size(1);
            return block > 0 && Math.min(outputs, channels) >= fewest && outputs % block == 0 && channels % block == 0;
        }

        /** w: [O,C,k,k] in blocks. */
        private Value blockedConvolution(Ops ops, Value x, Value w, Attributes attributes) {
            Value in =
                    ops.node(OpType.REORDER_INPUT, List.of(x), Attributes.NONE).output(0);
            Value out = ops.node(OpType.BLOCKED_CONV, List.of(in, w), attributes.with("group", 1L))
                    .output(0);
            return ops.node(
                            OpType.REORDER_OUTPUT,
                            List.of(out),
                            Attributes.NONE.with("channels", w.shape().size(0)))
                    .output(0);
        }

        /** [O,C,k,k] → blocks [O/b,C/b,k,k,b of C,b of O], kept under the old shape. */
        private Value blockedWeights(Ops ops, Value w) {
            return ops.reshape(
                    ops.transpose(split(ops, w), 0, 2, 4, 5, 3, 1), w.shape().toArray());
        }

        /** [O,C,k,k] → [O/b,b,C/b,b,k,k]. */
        private Value split(Ops ops, Value w) {
            long[] shape = w.shape().toArray();
            return ops.reshape(w, shape[0] / block, block, shape[1] / block, block, shape[2], shape[3]);
        }

        /** dX = dY * flipped W: [N,O,H,W] with [C,O,k,k] → [N,C,H,W]. */
        private Value dataGradient(Ops ops, Value dy, Value w, Attributes attributes) {
            return fitsBlocks(w, 1)
                    ? blockedConvolution(
                            ops, dy, flipped.computeIfAbsent(w, weights -> flippedBlocks(ops, weights)), attributes)
                    : ops.conv(
                            dy, flipped.computeIfAbsent(w, weights -> flippedWeights(ops, weights)), null, attributes);
        }

        /**
         * [O,C,k,k] → blocks [C/b,O/b,k,k,b of O,b of C] of the flipped weights, under the shape [C,O,k,k]. Reversing
         * both spatial axes is reversing the row of k·k blocks, each of which stays whole.
         */
        private Value flippedBlocks(Ops ops, Value w) {
            long outputs = w.shape().size(0);
            long channels = w.shape().size(1);
            long kernel = w.shape().size(2);
            Value blocks = ops.transpose(split(ops, w), 2, 0, 4, 5, 1, 3);
            Value rows =
                    ops.reshape(blocks, channels / block * (outputs / block), kernel * kernel, (long) block * block);
            return ops.reshape(kernel == 1 ? rows : ops.reverse(rows, 1), channels, outputs, kernel, kernel);
        }

        private List<Value> gradients(Ops ops, Node node, Value dy, Value x, Value w) {
            Attributes attributes = node.attributes();
            long kernel = w.shape().size(2);
            long padding = attributes.integers("pads", 0)[0];
            Value dx = dataGradient(ops, dy, w, Ops.window(kernel, 1, kernel - 1 - padding));
            boolean product =
                    kernel == 3 && padding == 1 && threads > 1 && x.shape().size(2) < CONV_GRAD_HEIGHT;
            Node plain = ops.node(OpType.CONV_GRAD, List.of(dy, x, w), attributes);
            Value dw = product ? weightGradient(ops, dy, x) : plain.output(1);
            return List.of(dx, dw, plain.output(2));
        }

        /** [O,C,k,k] → [C,O,k,k], both spatial axes reversed. */
        private Value flippedWeights(Ops ops, Value w) {
            Value swapped = ops.transpose(w, 1, 0, 2, 3);
            long kernel = w.shape().size(2);
            return kernel == 1 ? swapped : ops.reverse(ops.reverse(swapped, 2), 3);
        }

        /**
         * dW[o,c,i,j] = Σ dY[n,o,h-i+1,w]·X[n,c,h,w+j-1] over n, h, w: three vertical shifts i of dY and three horizontal
         * shifts j of X, stacked, give all nine places in one product [3O,L]·[3C,L]ᵀ with L = N·H·W.
         */
        private Value weightGradient(Ops ops, Value dy, Value x) {
            long outputs = dy.shape().size(1);
            long channels = x.shape().size(1);
            Value rows = shifts(ops, ops.transpose(dy, 1, 0, 2, 3), 2, true); // [3O,N,H,W]
            Value columns = shifts(ops, ops.transpose(x, 1, 0, 2, 3), 3, false); // [3C,N,H,W]
            Value product = ops.gemm(ops.flatten(rows, 1), ops.flatten(columns, 1), null, false, true);
            Value places = ops.reshape(product, 3, outputs, 3, channels);
            return ops.transpose(places, 1, 3, 0, 2); // [O,C,3,3]
        }

        /** x moved by one, by none and by minus one along {@code axis} (or the other way round), zeros moving in. */
        private Value shifts(Ops ops, Value x, int axis, boolean forwardFirst) {
            Shape shape = x.shape();
            long size = shape.size(axis);
            long[] pads = new long[2 * shape.rank()];
            pads[axis] = 1;
            pads[axis + shape.rank()] = 1;
            Value padded = ops.pad(x, pads);
            Value[] moved = new Value[3];
            for (int i = 0; i < 3; i++) {
                long start = forwardFirst ? 2 - i : i;
                moved[i] = start == 1 ? x : ops.slice(padded, axis, start, start + size, 1);
            }
            return ops.concat(0, moved);
        }
    }

    /** Whether a value is a barrier, which says when and not whether. */
    private static boolean isAlwaysTrue(Value signal) {
        Node producer = signal.producer();
        return producer != null && producer.op() == OpType.GROUP;
    }

    /** A square, undilated, ungrouped, evenly padded convolution over two axes. */
    private static boolean isPlain(Node node) {
        Attributes attributes = node.attributes();
        long[] kernel = attributes.integers("kernel_shape", 0, 0);
        long[] pads = attributes.integers("pads", 0, 0, 0, 0);
        long[] strides = attributes.integers("strides", 1, 1);
        return kernel.length == 2
                && kernel[0] > 0
                && kernel[0] == kernel[1]
                && strides[0] == strides[1]
                && Arrays.stream(pads).allMatch(pad -> pad == pads[0])
                && Arrays.stream(attributes.integers("dilations", 1, 1)).allMatch(d -> d == 1)
                && attributes.integer("group", 1) == 1
                && attributes.string("auto_pad", "NOTSET").equals("NOTSET");
    }

    private static long stride(Node node) {
        return node.attributes().integers("strides", 1)[0];
    }
}

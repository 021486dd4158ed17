package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.training.step.pass.MixedPrecision;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which kernels carry out the convolutions of a training graph on the CPU. All choices give the same numbers up to rounding;
 * which is fastest differs by machine and number of threads. This file is the one place where that is decided:
 *
 * <table>
 *   <caption>Formulations on the CPU; W is [O,C,k,k]</caption>
 *   <tr><th>what<th>formulation<th>where
 *   <tr><td>convolution<td>blocked layout
 *       <td>O and C multiples of the block, both at least {@value #BLOCKED_CHANNELS}
 *   <tr><td>data gradient<td>convolution of dY with W, transposed and flipped, in the blocked layout if O and C are
 *       multiples of the block<td>stride 1
 *   <tr><td>data gradient<td>one convolution of dY in the blocked layout for the four parities of rows and columns
 *       <td>3×3, stride 2, padding 1, maps of an even side of at most {@value #HALVED_HEIGHT} rows, O and C multiples of the
 *       block
 *   <tr><td>weight gradient<td>convolution of X by dY in the blocked layout, pictures in the place of channels
 *       <td>3×3, stride 1, padding 1, maps of at most {@value #SWAPPED_HEIGHT} rows, pictures and O multiples of the block
 *   <tr><td>weight gradient<td>one matrix product over three shifts of dY and three of X
 *       <td>3×3, stride 1, padding 1, maps below {@value #CONV_GRAD_HEIGHT} rows, more than one thread
 *   <tr><td>depthwise convolution, its data gradient and its weight gradient<td>{@link Depthwise}, in the blocked layout
 *       <td>k at least {@value #BLOCKED_KERNEL}, or maps of at most {@value #DEPTHWISE_HEIGHT} rows (data gradients of other
 *       strides than 1: {@value #SPREAD_HEIGHT})
 *   <tr><td>data gradient, depthwise<td>convolution of dY with W, flipped<td>stride 1, where blocks don't pay
 *   <tr><td>everything else<td>ConvGrad<td>
 * </table>
 *
 * <p>Convolutions are faster in the blocked layout from {@value #BLOCKED_CHANNELS} channels on, depthwise ones where
 * the table says so, and for both gradients of stride 1 two kernels are faster than one ConvGrad: docs/measured.md,
 * Kernels. Tried for weight gradients and slower: k·k products of shifts of X with dY, summed, and a grouped
 * convolution with pictures and channels swapped. ConvTranspose gives data gradients of stride 2 as slowly as
 * ConvGrad. Convolutions over patches stay as they are: as matrix products over rows of patches they were as often
 * slower as faster.
 *
 * <p>Float16 operators of {@link MixedPrecision} compute in float32 on the CPU, and their results are rounded:
 * {@link RoundedHalf}.
 *
 * <p>Remembers rearranged weights, which both branches share: one instance rewrites one graph.
 */
final class CpuLowering implements Rewriter.Rule {
    private static final int BLOCKED_CHANNELS = 32;
    private static final int CONV_GRAD_HEIGHT = 16;
    private static final int SWAPPED_HEIGHT = 8;
    private static final int HALVED_HEIGHT = 16;
    private static final int BLOCKED_KERNEL = 5;
    private static final int DEPTHWISE_HEIGHT = 32;
    private static final int SPREAD_HEIGHT = 16;

    private final int threads;
    private final int block;

    private final Map<Value, Value> flipped = new HashMap<>();
    private final Map<Value, Value> blocked = new HashMap<>();
    private final Map<Value, Value> halved = new HashMap<>();
    private final Depthwise depthwise;

    /**
     * For one graph.
     *
     * @param threads that one operator may use
     * @param block channels in a block of the blocked layout; 0 where there is none
     */
    CpuLowering(int threads, int block) {
        this.threads = threads;
        this.block = block;
        this.depthwise = new Depthwise(block);
    }

    @Override
    public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
        if (node.op() == OpType.CONV && isDepthwise(node, inputs, 0)) {
            return depthwiseConvolution(ops, node, inputs);
        }
        if (node.op() == OpType.CONV_GRAD && isDepthwise(node, inputs, 1)) {
            return depthwiseGradients(
                    ops, node, Lowering.input(inputs, 0), Lowering.input(inputs, 1), Lowering.input(inputs, 2));
        }
        if (node.op() == OpType.CONV && isPlain(node) && inputs.size() == 2) {
            return List.of(convolution(ops, Lowering.input(inputs, 0), Lowering.input(inputs, 1), node.attributes()));
        }
        if (node.op() == OpType.CONV_GRAD && isHalving(node, inputs)) {
            return halvingGradients(
                    ops, node, Lowering.input(inputs, 0), Lowering.input(inputs, 1), Lowering.input(inputs, 2));
        }
        if (node.op() == OpType.CONV_GRAD && isPlain(node) && stride(node) == 1) {
            return gradients(
                    ops, node, Lowering.input(inputs, 0), Lowering.input(inputs, 1), Lowering.input(inputs, 2));
        }
        return switch (node.op()) {
            case LAYER_NORMALIZATION -> CentredNorms.layer(ops, node, inputs);
            case GROUP_NORMALIZATION -> CentredNorms.group(ops, node, inputs);
            default -> CpuKernels.rewrite(ops, node, inputs);
        };
    }

    /** x and w stand at {@code first} and behind it. */
    private boolean isDepthwise(Node node, List<@Nullable Value> inputs, int first) {
        return isSquare(node) && Depthwise.matches(Lowering.input(inputs, first), Lowering.input(inputs, first + 1));
    }

    private List<Value> depthwiseConvolution(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value x = Lowering.input(inputs, 0);
        Value bias = inputs.size() > 2 ? inputs.get(2) : null;
        return depthwise.fits(x) && isWorthBlocks(node, x, DEPTHWISE_HEIGHT)
                ? List.of(depthwise.convolution(ops, x, Lowering.input(inputs, 1), bias, node.attributes()))
                : Rewriter.copy(ops, node, inputs);
    }

    private List<Value> depthwiseGradients(Ops ops, Node node, Value dy, Value x, Value w) {
        boolean fits = depthwise.fits(x);
        Depthwise.Geometry sizes = Depthwise.Geometry.of(node.attributes(), x.shape(), dy.shape());
        Value blocks = fits ? depthwise.blocks(ops, dy) : dy;
        Node plain = ops.node(OpType.CONV_GRAD, List.of(dy, x, w), node.attributes());

        Attributes window = Depthwise.dataWindow(sizes);
        Value dx = plain.output(0);
        if (window != null && fits && isWorthBlocks(node, x, stride(node) == 1 ? DEPTHWISE_HEIGHT : SPREAD_HEIGHT)) {
            dx = depthwise.dataGradient(ops, blocks, w, x.shape(), stride(node), window);
        } else if (window != null && stride(node) == 1) {
            dx = ops.conv(
                    dy,
                    Depthwise.flipped(ops, w),
                    null,
                    window.with("group", x.shape().size(1)));
        }
        Attributes places = Depthwise.weightWindow(sizes);
        Value dw = places != null && fits && isWorthBlocks(node, x, DEPTHWISE_HEIGHT)
                ? depthwise.weightGradient(ops, blocks, depthwise.blocks(ops, x), w, places)
                : plain.output(1);
        return List.of(dx, dw, ops.reduceSum(dy, false, 0, 2, 3));
    }

    private boolean isWorthBlocks(Node node, Value x, int rows) {
        return kernel(node) >= BLOCKED_KERNEL || x.shape().size(2) <= rows;
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
        Value in = ops.node(OpType.REORDER_INPUT, List.of(x), Attributes.NONE).output(0);
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
                : ops.conv(dy, flipped.computeIfAbsent(w, weights -> flippedWeights(ops, weights)), null, attributes);
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
        Value rows = ops.reshape(blocks, channels / block * (outputs / block), kernel * kernel, (long) block * block);
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
        Value dw = plain.output(1);
        if (kernel == 3 && padding == 1 && x.shape().size(2) <= SWAPPED_HEIGHT && fitsSwapped(dy)) {
            dw = swappedWeightGradient(ops, dy, x);
        } else if (product) {
            dw = weightGradient(ops, dy, x);
        }
        return List.of(dx, dw, plain.output(2));
    }

    /** A convolution by 3×3 of stride 2 over small maps of even sides, whose gradients blocks fit. */
    private boolean isHalving(Node node, List<@Nullable Value> inputs) {
        if (!isPlain(node)
                || kernel(node) != 3
                || stride(node) != 2
                || node.attributes().integers("pads", 0)[0] != 1) {
            return false;
        }
        Shape x = Lowering.input(inputs, 1).shape();
        return x.size(2) <= HALVED_HEIGHT
                && x.size(2) % 2 == 0
                && x.size(3) % 2 == 0
                && fitsBlocks(Lowering.input(inputs, 2), 1);
    }

    private List<Value> halvingGradients(Ops ops, Node node, Value dy, Value x, Value w) {
        Node plain = ops.node(OpType.CONV_GRAD, List.of(dy, x, w), node.attributes());
        Value blocks = halved.computeIfAbsent(w, weights -> blockedWeights(ops, halvedWeights(ops, weights)));
        Value parities = blockedConvolution(
                ops, dy, blocks, Attributes.NONE.with("kernel_shape", 2L, 2L).with("pads", 0L, 0L, 1L, 1L));
        Value dx = ops.node(OpType.DEPTH_TO_SPACE, List.of(parities), Attributes.NONE.with("blocksize", 2L))
                .output(0);
        return List.of(dx, plain.output(1), plain.output(2));
    }

    /**
     * [O,C,3,3] → [4C,O,2,2]: dX at even rows 2i is dY's row i by the middle of the kernel, at odd rows 2i+1 dY's rows i and i+1
     * by its end and its beginning; columns likewise. The four parities are channels [2,2,C], which DepthToSpace puts in their
     * places.
     */
    private static Value halvedWeights(Ops ops, Value w) {
        long outputs = w.shape().size(0);
        long channels = w.shape().size(1);
        Value rows =
                ops.longs(1, 3, 2, 0); // of both parities: the kernel's row for dY's row i, and for i+1; 3 is zeros
        Value taps = ops.gather(ops.gather(ops.pad(w, 0, 0, 0, 0, 0, 0, 1, 1), rows, 2), rows, 3);
        Value parities = ops.transpose(ops.reshape(taps, outputs, channels, 2, 2, 2, 2), 2, 4, 1, 0, 3, 5);
        return ops.reshape(parities, 4 * channels, outputs, 2, 2);
    }

    private boolean fitsSwapped(Value dy) {
        return block > 0 && dy.shape().size(0) % block == 0 && dy.shape().size(1) % block == 0;
    }

    /**
     * dW[o,c,i,j] = Σ X[n,c,h+i-1,w+j-1]·dY[n,o,h,w]: the convolution of X by dY, pictures in the place of channels and maps
     * in that of kernels, [C,N,H,W] by [O,N,H,W] → [C,O,3,3].
     */
    private Value swappedWeightGradient(Ops ops, Value dy, Value x) {
        long[] sizes = dy.shape().toArray(); // [N,O,H,W]
        Value split = ops.reshape(dy, sizes[0] / block, block, sizes[1] / block, block, sizes[2], sizes[3]);
        Value kernels = ops.reshape(ops.transpose(split, 2, 0, 4, 5, 1, 3), sizes[1], sizes[0], sizes[2], sizes[3]);
        Value swapped = blockedConvolution(
                ops,
                ops.transpose(x, 1, 0, 2, 3),
                kernels,
                Attributes.NONE.with("kernel_shape", sizes[2], sizes[3]).with("pads", 1L, 1L, 1L, 1L));
        return ops.transpose(swapped, 1, 0, 2, 3);
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

    /** A square, undilated, ungrouped, evenly padded convolution over two axes. */
    private static boolean isPlain(Node node) {
        return isSquare(node) && node.attributes().integer("group", 1) == 1;
    }

    /** The same, grouped or not. */
    private static boolean isSquare(Node node) {
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
                && attributes.string("auto_pad", "NOTSET").equals("NOTSET");
    }

    private static long kernel(Node node) {
        return node.attributes().integers("kernel_shape", 0)[0];
    }

    private static long stride(Node node) {
        return node.attributes().integers("strides", 1)[0];
    }
}

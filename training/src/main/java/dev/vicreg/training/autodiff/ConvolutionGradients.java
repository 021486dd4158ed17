package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.first;
import static dev.vicreg.training.autodiff.GradientRules.listOf;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.Window;
import dev.vicreg.models.ops.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Gradients of convolutions over one, two or three axes, in groups or not. */
final class ConvolutionGradients {
    private ConvolutionGradients() {}

    static void register() {
        first(OpType.CONV, ConvolutionGradients::conv);
        first(OpType.CONV_TRANSPOSE, ConvolutionGradients::convTranspose);
    }

    /**
     * One kernel gives dX, dW and dB; those that nobody reads are not computed. It knows no {@code auto_pad}, and on
     * CUDA it pads both ends of an axis by the number of the first (cuDNN has but one): uneven padding is done outside.
     */
    private static List<@Nullable Value> conv(Ops ops, Node node, Value g) {
        Value x = node.input(0);
        Value w = node.input(1);
        Window window = Window.of(node);
        long[] pads = window.pads(x.shape());
        boolean even = isEven(pads);
        Value padded = even ? x : pad(ops, x, pads, 1);
        Attributes attributes = window.attributes(even ? pads : new long[pads.length]);
        Node grad = ops.node(OpType.CONV_GRAD, List.of(g, padded, w), attributes);
        Value dx = even ? grad.output(0) : pad(ops, grad.output(0), pads, -1);
        return node.hasInput(2) ? listOf(dx, grad.output(1), grad.output(2)) : listOf(dx, grad.output(1));
    }

    private static boolean isEven(long... pads) {
        return IntStream.range(0, pads.length / 2).allMatch(i -> pads[i] >= 0 && pads[i] == pads[i + pads.length / 2]);
    }

    /** x [N,C,…] with {@code sign} times {@code pads} zeros around its spatial axes; below zero elements are cut off. */
    static Value pad(Ops ops, Value x, long[] pads, int sign) {
        return ops.pad(
                x, Window.around(Arrays.stream(pads).map(pad -> sign * pad).toArray()));
    }

    /**
     * A transposed convolution is the data gradient of a convolution from y to x with the same weights [C,O/groups,…]:
     * dX is that convolution of dY, and dW its weight gradient, with x in the place of its upstream.
     */
    private static List<@Nullable Value> convTranspose(Ops ops, Node node, Value g) {
        Value x = node.input(0);
        Value w = node.input(1);
        Window window = Window.of(node);
        long[] pads = window.transposedPads(x.shape(), g.shape());
        boolean even = isEven(pads);
        Value full = even ? g : pad(ops, g, pads, 1);
        Attributes attributes = window.attributes(even ? pads : new long[pads.length]);
        Value dx = ops.conv(full, w, null, attributes);
        Value dw = ops.node(OpType.CONV_GRAD, List.of(x, full, w), attributes).output(1);
        return node.hasInput(2) ? listOf(dx, dw, sumOfChannels(ops, g)) : listOf(dx, dw);
    }

    /** [N,C,…] → [C]. */
    static Value sumOfChannels(Ops ops, Value x) {
        return ops.reduceSum(x, false, allButChannels(x.shape()));
    }

    /** The axes of [N,C,…] other than C. */
    static long[] allButChannels(Shape shape) {
        return IntStream.range(0, shape.rank())
                .filter(axis -> axis != 1)
                .asLongStream()
                .toArray();
    }
}

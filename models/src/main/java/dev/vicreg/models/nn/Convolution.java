package dev.vicreg.models.nn;

import org.jspecify.annotations.Nullable;

/**
 * Settings of a convolution whose window has the same size along every spatial axis.
 *
 * @param channels that come out
 * @param kernel window's size along each spatial axis
 * @param stride step along each spatial axis
 * @param padding zeros on every side
 * @param groups sets of channels that don't see each other; as many as input channels for a depthwise convolution
 * @param weights how the weights start
 * @param bias how the bias starts; null for none
 */
public record Convolution(
        int channels,
        int kernel,
        int stride,
        int padding,
        int groups,
        Initializer weights,
        @Nullable Initializer bias) {
    /** Ungrouped and without bias, padded so that stride 1 keeps the size of odd windows; {@code kaimingNormalFanOut}. */
    public static Convolution of(int channels, int kernel, int stride) {
        return new Convolution(channels, kernel, stride, (kernel - 1) / 2, 1, Initializer.kaimingNormalFanOut(), null);
    }

    /** The same with other padding. */
    public Convolution padded(int zeros) {
        return new Convolution(channels, kernel, stride, zeros, groups, weights, bias);
    }

    /** The same in groups. */
    public Convolution grouped(int sets) {
        return new Convolution(channels, kernel, stride, padding, sets, weights, bias);
    }

    /** The same with other initial weights, and with a bias. */
    public Convolution starting(Initializer initialWeights, Initializer initialBias) {
        return new Convolution(channels, kernel, stride, padding, groups, initialWeights, initialBias);
    }

    /** The same with a bias that starts at zero. */
    public Convolution withBias() {
        return starting(weights, Initializer.constant(0));
    }
}

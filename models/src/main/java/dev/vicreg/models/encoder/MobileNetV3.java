package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Activation;
import dev.vicreg.models.nn.BatchNorm;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Layers;
import java.util.List;

/**
 * MobileNetV3 (Howard et al. 2019, "Searching for MobileNetV3", table 1), with torchvision's names, initialisation and
 * norms (ε 0.001, momentum 0.01). Ends with the mean over the 960 channels of the last convolution; the wide layer
 * behind it belongs to torchvision's classifier.
 *
 * @param blocks in order, at the published width
 * @param width channels of the first convolution, 16 as published; all others are scaled along and rounded to
 *     multiples of 8
 */
public record MobileNetV3(List<Block> blocks, int width) implements Encoder {
    /**
     * One row of the paper's table.
     *
     * @param hardSwish whether its activations are hard-swish rather than ReLU
     */
    public record Block(
            int kernel, int expanded, int channels, boolean squeezeExcitation, boolean hardSwish, int stride) {}

    private static final int PUBLISHED_WIDTH = 16;
    private static final int LAST_EXPANSION = 6;
    private static final BatchNorm NORM = new BatchNorm(1e-3f, 0.01f, 1);

    private static final List<Block> LARGE = List.of(
            new Block(3, 16, 16, false, false, 1),
            new Block(3, 64, 24, false, false, 2),
            new Block(3, 72, 24, false, false, 1),
            new Block(5, 72, 40, true, false, 2),
            new Block(5, 120, 40, true, false, 1),
            new Block(5, 120, 40, true, false, 1),
            new Block(3, 240, 80, false, true, 2),
            new Block(3, 200, 80, false, true, 1),
            new Block(3, 184, 80, false, true, 1),
            new Block(3, 184, 80, false, true, 1),
            new Block(3, 480, 112, true, true, 1),
            new Block(3, 672, 112, true, true, 1),
            new Block(5, 672, 160, true, true, 2),
            new Block(5, 960, 160, true, true, 1),
            new Block(5, 960, 160, true, true, 1));

    /** Checks the settings. */
    public MobileNetV3 {
        blocks = List.copyOf(blocks);
        InvertedResidual.requireWidth(width);
    }

    /** MobileNetV3-large. */
    public static MobileNetV3 large(int width) {
        return new MobileNetV3(LARGE, width);
    }

    private int scaled(int channels) {
        return InvertedResidual.scaled(channels, (double) width / PUBLISHED_WIDTH);
    }

    @Override
    public int dimension() {
        return LAST_EXPANSION * scaled(blocks.get(blocks.size() - 1).channels);
    }

    @Override
    public Value build(Layers layers, Value pictures) {
        Layers features = layers.scope("features");
        Value x = convolution(features.scope("0"), pictures, Convolution.of(width, 3, 2));
        for (int i = 0; i < blocks.size(); i++) {
            x = residual(blocks.get(i)).build(features.scope(Integer.toString(i + 1)), x);
        }
        x = convolution(features.scope(Integer.toString(blocks.size() + 1)), x, Convolution.of(dimension(), 1, 1));
        return layers.globalMean(x);
    }

    private static Value convolution(Layers layers, Value x, Convolution settings) {
        return layers.activate(Activation.HARD_SWISH, layers.batchNorm("1", layers.conv("0", x, settings), NORM));
    }

    private InvertedResidual residual(Block block) {
        int expanded = scaled(block.expanded);
        Activation activation = block.hardSwish ? Activation.HARD_SWISH : Activation.RELU;
        return new InvertedResidual(
                block.kernel,
                expanded,
                scaled(block.channels),
                block.stride,
                block.squeezeExcitation ? InvertedResidual.scaled(expanded, 0.25) : 0,
                new InvertedResidual.Style(activation, Activation.RELU, Activation.HARD_SIGMOID, NORM));
    }
}

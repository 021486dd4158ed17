package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Activation;
import dev.vicreg.models.nn.BatchNorm;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Layers;
import java.util.List;

/**
 * EfficientNet (Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", table 1),
 * with torchvision's names, initialisation and norms. Stochastic depth, which the paper trains with (0.2 for B0), is
 * not supported: every block takes part in every step.
 *
 * @param stages in order, at the published width
 * @param width channels of the first convolution, 32 as published; all others are scaled along and rounded to
 *     multiples of 8
 */
public record EfficientNet(List<Stage> stages, int width) implements Encoder {
    /**
     * One row of the paper's table.
     *
     * @param expansion channels inside a block as a multiple of those that enter it
     * @param stride of its first block
     * @param blocks how often the block is repeated
     */
    public record Stage(int expansion, int kernel, int stride, int channels, int blocks) {}

    private static final int PUBLISHED_WIDTH = 32;
    private static final int LAST_EXPANSION = 4;
    private static final InvertedResidual.Style STYLE =
            new InvertedResidual.Style(Activation.SILU, Activation.SILU, Activation.SIGMOID, BatchNorm.DEFAULT);

    private static final List<Stage> B0 = List.of(
            new Stage(1, 3, 1, 16, 1),
            new Stage(6, 3, 2, 24, 2),
            new Stage(6, 5, 2, 40, 2),
            new Stage(6, 3, 2, 80, 3),
            new Stage(6, 5, 1, 112, 3),
            new Stage(6, 5, 2, 192, 4),
            new Stage(6, 3, 1, 320, 1));

    /** Checks the settings. */
    public EfficientNet {
        stages = List.copyOf(stages);
        InvertedResidual.requireWidth(width);
    }

    /** EfficientNet-B0. */
    public static EfficientNet b0(int width) {
        return new EfficientNet(B0, width);
    }

    private int scaled(int channels) {
        return InvertedResidual.scaled(channels, (double) width / PUBLISHED_WIDTH);
    }

    @Override
    public int dimension() {
        return LAST_EXPANSION * scaled(stages.get(stages.size() - 1).channels);
    }

    @Override
    public Value build(Layers layers, Value pictures) {
        Layers features = layers.scope("features");
        Value x = convolution(features.scope("0"), pictures, Convolution.of(width, 3, 2));
        for (int i = 0; i < stages.size(); i++) {
            Layers inStage = features.scope(Integer.toString(i + 1));
            for (int block = 0; block < stages.get(i).blocks; block++) {
                int entering = Math.toIntExact(x.shape().size(1));
                x = residual(stages.get(i), entering, block == 0).build(inStage.scope(Integer.toString(block)), x);
            }
        }
        x = convolution(features.scope(Integer.toString(stages.size() + 1)), x, Convolution.of(dimension(), 1, 1));
        return layers.globalMean(x);
    }

    private static Value convolution(Layers layers, Value x, Convolution settings) {
        return layers.activate(Activation.SILU, layers.batchNorm("1", layers.conv("0", x, settings)));
    }

    private InvertedResidual residual(Stage stage, int entering, boolean first) {
        return new InvertedResidual(
                stage.kernel,
                InvertedResidual.scaled(entering, stage.expansion),
                scaled(stage.channels),
                first ? stage.stride : 1,
                Math.max(1, entering / 4),
                STYLE);
    }
}

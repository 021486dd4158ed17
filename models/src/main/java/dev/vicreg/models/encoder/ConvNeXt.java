package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Activation;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Initializer;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import java.util.List;

/**
 * ConvNeXt (Liu et al. 2022, "A ConvNet for the 2020s"), with the names of timm's {@code ConvNeXt} and the paper's
 * initialisation: truncated normal of deviation 0.02, zero biases, layer scale 1e-6. Stochastic depth, which the paper
 * trains with (0.1 for ConvNeXt-T), is not supported: every block takes part in every step.
 *
 * @param blocks per stage: 3-3-9-3 is ConvNeXt-T
 * @param width channels of the first stage, doubled at each following one; ConvNeXt-T has 96
 * @param patchSize side and stride of the first convolution; the paper has 4, small pictures want 1 or 2
 */
public record ConvNeXt(
        List<Integer> blocks,
        int width,

        @Option(help = VisionTransformer.PATCHES, argument = "PIXELS", min = 1, max = 256)
        int patchSize)
        implements Encoder {
    /** The paper's stem. */
    public static final int PATCH_SIZE = 4;

    private static final float EPSILON = 1e-6f;
    private static final float LAYER_SCALE = 1e-6f;
    private static final int MLP_RATIO = 4;
    private static final Initializer WEIGHTS = Initializer.truncatedNormal(0.02);
    private static final Initializer ZERO = Initializer.constant(0);

    /** Checks the settings. */
    public ConvNeXt {
        blocks = List.copyOf(blocks);
        if (width < 1 || width > 1024) {
            throw new SettingException("Encoder width: expected 1 to 1024 channels, found " + width);
        }
        if (patchSize < 1 || patchSize > 256) {
            throw new SettingException("Patch size: expected 1 to 256 pixels, found " + patchSize);
        }
    }

    /** ConvNeXt-T, whose published width is 96. */
    public static ConvNeXt tiny(int width, int patchSize) {
        return new ConvNeXt(List.of(3, 3, 9, 3), width, patchSize);
    }

    @Override
    public int dimension() {
        return width << (blocks.size() - 1);
    }

    @Override
    public Value build(Layers layers, Value pictures) {
        requireSize(pictures.shape());
        Layers stem = layers.scope("stem");
        Value x = stem.conv("0", pictures, patches(width, patchSize));
        x = normChannels(stem, "1", x);
        for (int stage = 0; stage < blocks.size(); stage++) {
            Layers inStage = layers.scope("stages").scope(Integer.toString(stage));
            if (stage > 0) {
                Layers downsample = inStage.scope("downsample");
                x = downsample.conv("1", normChannels(downsample, "0", x), patches(width << stage, 2));
            }
            for (int block = 0; block < blocks.get(stage); block++) {
                x = block(inStage.scope("blocks").scope(Integer.toString(block)), x);
            }
        }
        return layers.scope("head").layerNorm("norm", layers.globalMean(x), EPSILON);
    }

    private void requireSize(Shape shape) {
        int smallest = patchSize << (blocks.size() - 1);
        if (Math.min(shape.size(2), shape.size(3)) < smallest) {
            throw new SettingException(Messages.imageSize(shape) + " is too small for a ConvNeXt with patches of "
                    + patchSize + ": expected at least " + smallest);
        }
    }

    /** A convolution over windows that touch but don't overlap. */
    private static Convolution patches(int channels, int size) {
        return Convolution.of(channels, size, size).padded(0).starting(WEIGHTS, ZERO);
    }

    /** Layer norm over the channels of [N,C,H,W]. */
    private static Value normChannels(Layers layers, String name, Value x) {
        return channelsFirst(layers, layers.layerNorm(name, channelsLast(layers, x), EPSILON));
    }

    private static Value channelsLast(Layers layers, Value x) {
        return layers.ops().transpose(x, 0, 2, 3, 1); // [N,C,H,W] → [N,H,W,C]
    }

    private static Value channelsFirst(Layers layers, Value x) {
        return layers.ops().transpose(x, 0, 3, 1, 2); // [N,H,W,C] → [N,C,H,W]
    }

    /** x + γ·fc2(gelu(fc1(norm(depthwise 7×7(x))))), norm and linear layers over the channels. */
    private static Value block(Layers layers, Value x) {
        int channels = Math.toIntExact(x.shape().size(1));
        Convolution depthwise = Convolution.of(channels, 7, 1).grouped(channels).starting(WEIGHTS, ZERO);
        Value y = channelsLast(layers, layers.conv("conv_dw", x, depthwise));
        y = layers.layerNorm("norm", y, EPSILON);
        Layers mlp = layers.scope("mlp");
        y = mlp.activate(Activation.GELU, mlp.linear("fc1", y, MLP_RATIO * channels, WEIGHTS, ZERO));
        y = layers.layerScale("gamma", mlp.linear("fc2", y, channels, WEIGHTS, ZERO), LAYER_SCALE);
        return layers.ops().add(x, channelsFirst(layers, y));
    }
}

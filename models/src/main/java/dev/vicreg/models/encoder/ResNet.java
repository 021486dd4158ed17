package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import java.util.List;

/**
 * Residual networks of basic blocks (He et al. 2016, "Deep Residual Learning for Image Recognition", table 1), with
 * torchvision's names and initialisation.
 *
 * @param blocks blocks per stage: 2-2-2-2 is ResNet-18, 3-4-6-3 is ResNet-34
 * @param width channels of the first stage, doubled at each following one; the paper's networks have 64
 * @param stem what stands before the first stage
 */
public record ResNet(List<Integer> blocks, int width, Stem stem) implements Encoder {
    /** The layers before the first stage. */
    public enum Stem {
        /** 3×3 convolution of stride 1, no pooling: for pictures up to 64 pixels (solo-learn, lightly). */
        SMALL,
        /** 7×7 convolution of stride 2 and max pooling of stride 2, as in the paper. */
        IMAGENET
    }

    /** Checks the settings. */
    public ResNet {
        blocks = List.copyOf(blocks);
        if (width < 1 || width > 4096) {
            throw new IllegalArgumentException("Encoder width: expected 1 to 4096 channels, found " + width);
        }
    }

    @Override
    public int dimension() {
        return width << (blocks.size() - 1);
    }

    @Override
    public Value build(Layers layers, Value pictures) {
        int smallest = stem == Stem.SMALL ? 8 : 32;
        long height = pictures.shape().size(2);
        long columns = pictures.shape().size(3);
        if (Math.min(height, columns) < smallest) {
            throw new IllegalArgumentException(
                    "Image size " + height + "×" + columns + " is too small for a ResNet with" + " the "
                            + (stem == Stem.SMALL ? "small" : "imagenet") + " stem: expected at least " + smallest);
        }
        Value x = stem(layers, pictures);
        for (int stage = 0; stage < blocks.size(); stage++) {
            Layers inStage = layers.scope("layer" + (stage + 1));
            for (int block = 0; block < blocks.get(stage); block++) {
                int stride = stage > 0 && block == 0 ? 2 : 1;
                x = basicBlock(inStage.scope(Integer.toString(block)), x, width << stage, stride);
            }
        }
        return layers.globalMean(x);
    }

    private Value stem(Layers layers, Value x) {
        boolean small = stem == Stem.SMALL;
        Value y = small ? layers.conv("conv1", x, width, 3, 1, 1) : layers.conv("conv1", x, width, 7, 2, 3);
        y = layers.relu(layers.batchNorm("bn1", y));
        return small ? y : layers.maxPool(y, 3, 2, 1);
    }

    /** relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)); the shortcut is a 1×1 convolution where shapes differ. */
    private static Value basicBlock(Layers layers, Value x, int channels, int stride) {
        Value y = layers.relu(layers.batchNorm("bn1", layers.conv("conv1", x, channels, 3, stride, 1)));
        y = layers.batchNorm("bn2", layers.conv("conv2", y, channels, 3, 1, 1));
        boolean same = stride == 1 && x.shape().size(1) == channels;
        Layers downsample = layers.scope("downsample");
        Value shortcut = same ? x : downsample.batchNorm("1", downsample.conv("0", x, channels, 1, stride, 0));
        return layers.relu(layers.ops().add(y, shortcut));
    }
}

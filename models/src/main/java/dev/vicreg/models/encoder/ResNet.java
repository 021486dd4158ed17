package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.BatchNorm;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import java.util.List;

/**
 * Residual networks (He et al. 2016, "Deep Residual Learning for Image Recognition", table 1), with torchvision's names
 * and initialisation. A bottleneck's stride lies in its 3×3 convolution, as in torchvision (its version 1.5).
 *
 * <p>Signals [N,C,T] take the same network with windows along time: 3 for 3×3, 7 for 7×7.
 *
 * @param layout kind and number of blocks
 * @param width channels of the first stage, doubled at each following one; the paper's networks have 64, the wider
 *     ResNet-50 (x2) of self-supervised work 128 (Kolesnikov et al. 2019; the official VICReg code's {@code resnet50x2})
 * @param stem what stands before the first stage
 * @param zeroInitResidual whether the last norm of every block starts with a scale of zero, so that blocks start as
 *     their shortcut (Goyal et al. 2017, section 5.1); the official VICReg code does so, torchvision by itself doesn't
 * @param norm what stands behind each convolution
 */
public record ResNet(
        Layout layout,
        int width,

        @Option(
                help =
                        "first layers of a ResNet: 3x3, 3x3 of stride 2, or 7x7 of stride 2 and pooling; without it small"
                                + " up to 64 pixels, imagenet above")
        Stem stem,

        @Option(help = "let the blocks of a ResNet start as their shortcut, as the official code does")
        boolean zeroInitResidual,

        @Option(name = "encoder-norm", help = EncoderNorm.HELP)
        EncoderNorm norm)
        implements Encoder {
    /**
     * Kind and number of blocks.
     *
     * @param bottleneck whether blocks are bottlenecks of three convolutions rather than basic ones of two
     * @param blocks of each stage
     */
    public record Layout(boolean bottleneck, List<Integer> blocks) {
        /** One block a stage, for small machines (not in the paper). */
        public static final Layout RESNET10 = new Layout(false, List.of(1, 1, 1, 1));
        /** ResNet-18. */
        public static final Layout RESNET18 = new Layout(false, List.of(2, 2, 2, 2));
        /** ResNet-34. */
        public static final Layout RESNET34 = new Layout(false, List.of(3, 4, 6, 3));
        /** ResNet-50. */
        public static final Layout RESNET50 = new Layout(true, List.of(3, 4, 6, 3));
        /** ResNet-101. */
        public static final Layout RESNET101 = new Layout(true, List.of(3, 4, 23, 3));

        /** Copies the list. */
        public Layout {
            blocks = List.copyOf(blocks);
        }

        /** Channels that leave a block, as a multiple of those inside. */
        private int expansion() {
            return bottleneck ? 4 : 1;
        }
    }

    /** The layers before the first stage. */
    public enum Stem {
        /** 3×3 convolution of stride 1, no pooling: for pictures up to 64 pixels (solo-learn, lightly). */
        SMALL(1),
        /** 3×3 convolution of stride 2, no pooling: a quarter of the small stem's work. */
        STRIDED(2),
        /** 7×7 convolution of stride 2 and max pooling of stride 2, as in the paper. */
        IMAGENET(4);

        private final int stride;

        Stem(int stride) {
            this.stride = stride;
        }
    }

    /** Options by their defaults. */
    public ResNet(Layout layout, int width, Stem stem) {
        this(layout, width, stem, false, EncoderNorm.BATCH);
    }

    /** Checks the settings. */
    public ResNet {
        if (width < 1 || width > 4096) {
            throw new SettingException("Encoder width: expected 1 to 4096 channels, found " + width);
        }
    }

    @Override
    public int dimension() {
        return (width << (layout.blocks.size() - 1)) * layout.expansion();
    }

    @Override
    public Value build(Layers layers, Value input) {
        requireSize(input.shape());
        Value x = stem(layers, input);
        for (int stage = 0; stage < layout.blocks.size(); stage++) {
            Layers inStage = layers.scope("layer" + (stage + 1));
            for (int block = 0; block < layout.blocks.get(stage); block++) {
                Layers here = inStage.scope(Integer.toString(block));
                int stride = stage > 0 && block == 0 ? 2 : 1;
                Value y = layout.bottleneck
                        ? bottleneck(here, x, width << stage, stride)
                        : basicBlock(here, x, width << stage, stride);
                x = layers.relu(layers.ops().add(y, shortcut(here.scope("downsample"), x, y, stride)));
            }
        }
        return layers.globalMean(x);
    }

    private void requireSize(Shape shape) {
        int smallest = stem.stride << (layout.blocks.size() - 1);
        for (int axis = 2; axis < shape.rank(); axis++) {
            if (shape.size(axis) < smallest) {
                boolean signal = shape.rank() == 3;
                String size = signal ? "Signal length " + shape.size(2) : Messages.imageSize(shape);
                throw new SettingException(size + " is too small for a ResNet with the " + Messages.optionName(stem)
                        + " stem: expected at least " + smallest);
            }
        }
    }

    private Value stem(Layers layers, Value x) {
        int kernel = stem == Stem.IMAGENET ? 7 : 3;
        int stride = stem == Stem.SMALL ? 1 : 2;
        Value y = layers.relu(normed(layers, "conv1", "bn1", x, Convolution.of(width, kernel, stride)));
        return stem == Stem.IMAGENET ? layers.maxPool(y, 3, 2, 1) : y;
    }

    /** norm(conv(relu(norm(conv(x))))), both convolutions 3×3. */
    private Value basicBlock(Layers layers, Value x, int channels, int stride) {
        Value y = layers.relu(normed(layers, "conv1", "bn1", x, Convolution.of(channels, 3, stride)));
        return norm.normed(layers, "conv2", "bn2", y, Convolution.of(channels, 3, 1), lastNorm());
    }

    /** 1×1 down to {@code channels}, 3×3, 1×1 up to four times as many, a norm after each. */
    private Value bottleneck(Layers layers, Value x, int channels, int stride) {
        Value y = layers.relu(normed(layers, "conv1", "bn1", x, Convolution.of(channels, 1, 1)));
        y = layers.relu(normed(layers, "conv2", "bn2", y, Convolution.of(channels, 3, stride)));
        return norm.normed(layers, "conv3", "bn3", y, Convolution.of(channels * layout.expansion(), 1, 1), lastNorm());
    }

    private Value normed(Layers layers, String conv, String bn, Value x, Convolution settings) {
        return norm.normed(layers, conv, bn, x, settings, BatchNorm.DEFAULT);
    }

    private BatchNorm lastNorm() {
        return zeroInitResidual ? BatchNorm.ZERO : BatchNorm.DEFAULT;
    }

    /** x itself, or a 1×1 convolution and a norm where y has another shape. */
    private Value shortcut(Layers layers, Value x, Value y, int stride) {
        if (x.shape().equals(y.shape())) {
            return x;
        }
        int channels = Math.toIntExact(y.shape().size(1));
        return normed(layers, "0", "1", x, Convolution.of(channels, 1, stride));
    }
}

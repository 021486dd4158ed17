package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Activation;
import dev.vicreg.models.nn.BatchNorm;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.setting.SettingException;

/**
 * The block of the mobile networks (Sandler et al. 2018, MobileNetV2): a 1×1 convolution to more channels, a depthwise
 * one, a 1×1 one back, a norm after each; squeeze and excitation after the depthwise one (Tan et al. 2019). The input is
 * added where shapes allow. Names are torchvision's, which number the parts that are there.
 *
 * @param kernel of the depthwise convolution
 * @param expanded channels inside; the first convolution is left out where they are the input's
 * @param channels that leave the block
 * @param stride of the depthwise convolution
 * @param squeezed channels inside squeeze and excitation; 0 for none
 * @param style what the network's blocks have in common
 */
record InvertedResidual(int kernel, int expanded, int channels, int stride, int squeezed, Style style) {
    /**
     * Functions and norm.
     *
     * @param activation after the first two convolutions
     * @param squeeze inside squeeze and excitation
     * @param gate at its end
     * @param norm after every convolution
     */
    record Style(Activation activation, Activation squeeze, Activation gate, BatchNorm norm) {}

    /** x: [N,C,H,W]; all names lie below {@code block}. */
    Value build(Layers layers, Value x) {
        Layers block = layers.scope("block");
        int part = 0;
        Value y = x;
        if (expanded != x.shape().size(1)) {
            y = normed(block.scope(Integer.toString(part++)), y, Convolution.of(expanded, 1, 1));
            y = block.activate(style.activation, y);
        }
        Convolution depthwise = Convolution.of(expanded, kernel, stride).grouped(expanded);
        y = normed(block.scope(Integer.toString(part++)), y, depthwise);
        y = block.activate(style.activation, y);
        if (squeezed > 0) {
            y = block.squeezeExcitation(Integer.toString(part++), y, squeezed, style.squeeze, style.gate);
        }
        y = normed(block.scope(Integer.toString(part)), y, Convolution.of(channels, 1, 1));
        return y.shape().equals(x.shape()) ? layers.ops().add(x, y) : y;
    }

    private Value normed(Layers layers, Value x, Convolution convolution) {
        return layers.batchNorm("1", layers.conv("0", x, convolution), style.norm);
    }

    /**
     * Channels scaled by {@code factor}, rounded to a multiple of 8 but not down by more than a tenth (torchvision's
     * {@code _make_divisible}).
     */
    static int scaled(int channels, double factor) {
        double wanted = channels * factor;
        int rounded = Math.max(8, (int) (wanted + 4) / 8 * 8);
        return rounded < 0.9 * wanted ? rounded + 8 : rounded;
    }

    /** Checks the width of a mobile network: channels of its first convolution. */
    static void requireWidth(int width) {
        if (width < 8 || width > 1024 || width % 8 != 0) {
            throw new SettingException(
                    "Encoder width: expected a multiple of 8 from 8 to 1024 channels, found " + width);
        }
    }
}

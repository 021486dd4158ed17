package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;

/**
 * A multilayer perceptron for vectors: linear layers without bias, each with batch norm and ReLU, numbered as in a
 * PyTorch {@code Sequential(Linear, BatchNorm1d, ReLU, Linear, …)}, with PyTorch's default initialisation. The last
 * ReLU's output is the representation.
 *
 * @param width of every layer
 * @param depth number of linear layers
 * @param norm what stands behind each; without norms they have a bias
 */
public record Mlp(
        int width,

        @Option(help = "layers of the encoder mlp; without it 2", min = 1, max = 64)
        int depth,

        @Option(name = "encoder-norm", help = EncoderNorm.HELP)
        EncoderNorm norm)
        implements Encoder {
    /** With batch norms. */
    public Mlp(int width, int depth) {
        this(width, depth, EncoderNorm.BATCH);
    }

    /** Checks the settings. */
    public Mlp {
        if (width < 1 || width > 65_536) {
            throw new SettingException("Encoder width: expected 1 to 65536, found " + width);
        }
        if (depth < 1 || depth > 64) {
            throw new SettingException("Encoder depth: expected 1 to 64 layers, found " + depth);
        }
    }

    @Override
    public int dimension() {
        return width;
    }

    /** vectors: [N,D]. */
    @Override
    public Value build(Layers layers, Value vectors) {
        if (vectors.shape().rank() != 2) {
            throw new SettingException("An MLP takes vectors [N,D], found " + vectors.shape());
        }
        Value x = vectors;
        for (int i = 0; i < depth; i++) {
            boolean normed = norm == EncoderNorm.BATCH;
            x = layers.linear(Integer.toString(3 * i), x, width, !normed);
            x = layers.relu(normed ? layers.batchNorm(Integer.toString(3 * i + 1), x) : x);
        }
        return x;
    }
}

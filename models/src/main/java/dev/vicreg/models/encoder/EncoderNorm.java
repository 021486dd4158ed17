package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.BatchNorm;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Initializer;
import dev.vicreg.models.nn.Layers;

/** What stands behind each convolution or linear layer of an encoder that has batch norms. */
public enum EncoderNorm {
    /** Batch norm. */
    BATCH,
    /** Nothing; the layers have a bias instead. For ablations. */
    NONE;

    static final String HELP = "what stands behind the layers of a ResNet or mlp: batch norms, or nothing, which is an"
            + " experiment; without it batch";

    /** A convolution and its norm, whose scale starts as {@code start} says; without norms the convolution's weights do. */
    Value normed(Layers layers, String conv, String norm, Value x, Convolution settings, BatchNorm start) {
        if (this == BATCH) {
            return layers.batchNorm(norm, layers.conv(conv, x, settings), start);
        }
        Initializer zero = Initializer.constant(0);
        return layers.conv(conv, x, start.scale() == 0 ? settings.starting(zero, zero) : settings.withBias());
    }
}

package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Initializer;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.setting.SettingException;

/**
 * The convolutional network for sentences of Kim (Convolutional Neural Networks for Sentence Classification, EMNLP 2014,
 * section 2) without classifier and dropout: a learned vector for each id, windows of 3, 4 and 5 ids, ReLU, the maximum
 * over all places. The published one has 100 windows of each length and vectors of 300; the proportion is kept. PyTorch's
 * default initialisation.
 *
 * <p>A window is where order is seen; ids further apart meet in the maximum alone. Padding is an id like the others.
 *
 * @param vocabulary number of ids
 * @param width windows of each length; ids have vectors of three times as many values
 */
public record TextCnn(int vocabulary, int width) implements Encoder {
    private static final int[] WINDOWS = {3, 4, 5};
    private static final long MOST_VALUES = 1 << 29; // of the table of ids: 2 GB, as much as a checkpoint holds

    /** Checks the settings. */
    public TextCnn {
        if (width < 1 || width > 65_536) {
            throw new SettingException("Encoder width: expected 1 to 65536, found " + width);
        }
        if (vocabulary < 1) {
            throw new SettingException("Encoder textcnn: expected 1 or more ids, found " + vocabulary);
        }
        if ((long) vocabulary * WINDOWS.length * width > MOST_VALUES) {
            throw new SettingException("Encoder textcnn: expected a table of at most " + MOST_VALUES
                    + " values, found " + vocabulary + " ids with vectors of " + WINDOWS.length * width
                    + "; number the ids without gaps, or choose a smaller `width`");
        }
    }

    @Override
    public int dimension() {
        return WINDOWS.length * width;
    }

    /** ids: int64 [N,T], 0 to vocabulary - 1. */
    @Override
    public Value build(Layers layers, Value ids) {
        if (ids.shape().rank() != 2 || ids.type().element() != ElementType.INT64) {
            throw new SettingException("Encoder textcnn takes ids int64[N,T], found " + ids.type());
        }
        long shortest = WINDOWS[WINDOWS.length - 1];
        if (ids.shape().size(1) < shortest) {
            throw new SettingException("Encoder textcnn takes " + shortest + " ids or more, found sequences of "
                    + ids.shape().size(1) + "; choose a longer `length`");
        }
        Shape table = Shape.of(vocabulary, dimension());
        Value vectors = layers.scope("embed").parameter("weight", table, Role.EMBEDDING, Initializer.normal(1));
        Value x = layers.ops().transpose(layers.ops().gather(vectors, ids, 0), 0, 2, 1); // [N,T,E] → [N,E,T]
        Value[] found = new Value[WINDOWS.length];
        for (int i = 0; i < WINDOWS.length; i++) {
            Initializer start = Initializer.uniformFanIn((long) dimension() * WINDOWS[i]);
            Convolution window = Convolution.of(width, WINDOWS[i], 1).padded(0).starting(start, start);
            Layers here = layers.scope("convs");
            // Before the ReLU, which changes no maximum: [N,width,T'] → [N,width,1]
            found[i] = here.ops().globalMaxPool(here.conv(Integer.toString(i), x, window));
        }
        return layers.relu(layers.ops().flatten(layers.ops().concat(1, found), 1));
    }
}

package dev.vicreg.training.config;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.setting.SettingException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an encoder that came as a file takes.
 *
 * @param file what messages call it
 * @param type of the input, with symbols where the file leaves sizes open
 * @param layout where pictures are to have their channels, {@code nchw} or {@code nhwc}; null for where the file has three
 * @param sample sizes of a sample, without the batch, that were asked for where the file leaves them open; may be empty
 */
public record EncoderInput(
        String file, TensorType type, @Nullable String layout, List<Long> sample) {
    private static final Dim CHANNELS = Dim.of(3);

    /** Copies the sizes. */
    public EncoderInput {
        sample = List.copyOf(sample);
    }

    /**
     * Whether pictures go in as [N,3,H,W] rather than [N,H,W,3]: as asked for, or where the file has three channels;
     * empty if it takes no pictures.
     */
    public Optional<Boolean> pictures() {
        Shape shape = type.shape();
        if (shape.rank() != 4 || type.element() == ElementType.INT64) {
            return Optional.empty();
        }
        if (layout != null) {
            Dim channels = shape.at(layout.equals("nchw") ? 1 : 3);
            return channels.isFixed() && !channels.equals(CHANNELS)
                    ? Optional.empty()
                    : Optional.of(layout.equals("nchw"));
        }
        boolean first = shape.at(1).equals(CHANNELS);
        return first || shape.at(3).equals(CHANNELS) ? Optional.of(first) : Optional.empty();
    }

    /** Whether channels come first in pictures, which the file is known to take. */
    public boolean channelsFirst() {
        return pictures()
                .orElseThrow(() -> new SettingException(
                        file + " takes no pictures of 3 channels: expected an input [N,3,H,W] or [N,H,W,3]"));
    }

    /** The size of an axis, of which 0 is the batch's: the file's, or the one asked for; empty where both leave it open. */
    public Optional<Long> size(int axis) {
        Dim declared = type.shape().at(axis);
        if (declared.isFixed()) {
            return Optional.of(declared.size());
        }
        return axis > 0 && axis <= sample.size() ? Optional.of(sample.get(axis - 1)) : Optional.empty();
    }
}

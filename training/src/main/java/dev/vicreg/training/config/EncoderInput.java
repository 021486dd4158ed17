package dev.vicreg.training.config;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an encoder that came as a file takes.
 *
 * @param file what messages call it
 * @param type of the input, with symbols where the file leaves sizes open
 * @param layout where pictures are to have their channels, {@code nchw} or {@code nhwc}; null for where the file has three,
 *     one or a few
 * @param sample sizes of a sample, without the batch, that were asked for where the file leaves them open; may be empty
 */
public record EncoderInput(
        String file, TensorType type, @Nullable String layout, List<Long> sample) {
    /** Copies the sizes. */
    public EncoderInput {
        sample = List.copyOf(sample);
    }

    /**
     * Whether pictures go in as [N,C,H,W] rather than [N,H,W,C]: as asked for, or where the file has three channels, or
     * one, or 2 to {@value Picture#MOST_CHANNELS}; of two such axes the one beside equal sides, else the smaller. Empty if
     * it takes no pictures.
     */
    public Optional<Boolean> pictures() {
        Shape shape = type.shape();
        if (shape.rank() != 4 || type.element() == ElementType.INT64) {
            return Optional.empty();
        }
        if (layout != null) {
            Dim channels = shape.at(layout.equals("nchw") ? 1 : 3);
            return !channels.isFixed() || areChannels(channels) ? Optional.of(layout.equals("nchw")) : Optional.empty();
        }
        for (Dim channels : List.of(Dim.of(Picture.COLOURS), Dim.of(1))) {
            if (shape.at(1).equals(channels) || shape.at(3).equals(channels)) {
                return Optional.of(shape.at(1).equals(channels));
            }
        }
        boolean first = areChannels(shape.at(1));
        boolean last = areChannels(shape.at(3));
        if (first && last) {
            boolean square = shape.at(2).equals(shape.at(3));
            return Optional.of(square || (!shape.at(1).equals(shape.at(2)) && shape.size(1) <= shape.size(3)));
        }
        return first || last ? Optional.of(first) : Optional.empty();
    }

    private static boolean areChannels(Dim axis) {
        return axis.isFixed() && axis.size() >= 1 && axis.size() <= Picture.MOST_CHANNELS;
    }

    /** Channels of pictures, which the file is known to take; 3 where it leaves them open. */
    public int channels() {
        return Math.toIntExact(size(channelsFirst() ? 1 : 3).orElse((long) Picture.COLOURS));
    }

    /** Height and width of pictures, which the file is known to take; those that it leaves open are as {@code usual}. */
    public PictureSize pictureSize(PictureSize usual) {
        int height = channelsFirst() ? 2 : 1;
        return new PictureSize(
                Math.toIntExact(size(height).orElse((long) usual.height())),
                Math.toIntExact(size(height + 1).orElse((long) usual.width())));
    }

    /** Whether channels come first in pictures, which the file is known to take. */
    public boolean channelsFirst() {
        return pictures()
                .orElseThrow(() -> new SettingException(
                        file + " takes no pictures: expected an input [N,C,H,W] or [N,H,W,C] of 1 to "
                                + Picture.MOST_CHANNELS + " channels"));
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

package dev.vicreg.training.loop;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.ViewInput;
import java.util.List;
import java.util.Locale;

/**
 * The settings of one branch.
 *
 * @param encoder a name of {@link Encoders}
 * @param width channels of the encoder's first stage, or width of its tokens or layers
 * @param imageSize height and width of the pictures in pixels
 * @param channels colour channels, 3
 * @param mean per channel on a scale of 0 to 1, taken off inside the graph
 * @param std standard deviation per channel on a scale of 0 to 1, divided by inside the graph
 * @param projector widths such as {@code 512-512-512}, or {@code none}
 * @param options what only some encoders take; in JSON those that were asked for stand among the others
 */
public record BranchConfig(
        String encoder,
        int width,
        int imageSize,
        int channels,
        List<Float> mean,
        List<Float> std,
        String projector,

        @JsonUnwrapped EncoderOptions options) {
    /** Checks what no part of the graph checks itself. */
    public BranchConfig {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (channels != mean.size()) {
            throw new IllegalArgumentException(
                    "Channels: expected as many as means, " + mean.size() + ", found " + channels);
        }
    }

    /** An encoder without options of its own. */
    public BranchConfig(
            String encoder,
            int width,
            int imageSize,
            int channels,
            List<Float> mean,
            List<Float> std,
            String projector) {
        this(encoder, width, imageSize, channels, mean, std, projector, EncoderOptions.NONE);
    }

    /**
     * What these settings mean.
     *
     * @param scope of the branch's parameters
     * @param lastBias whether the projector's last layer has a bias
     * @throws IllegalArgumentException naming the first setting that is wrong
     */
    Branch branch(String scope, boolean lastBias) {
        Encoders.Input input = Encoders.input(encoder);
        if (input != Encoders.Input.PICTURES) {
            throw new IllegalArgumentException("Encoder " + encoder + " takes "
                    + input.name().toLowerCase(Locale.ROOT) + ", the data are pictures: choose another --encoder");
        }
        return new Branch(
                new ViewInput.Pictures(imageSize, mean, std),
                Encoders.of(encoder, new Encoders.Spec(width, imageSize, options)),
                new Projector(Projector.parse(projector), lastBias),
                scope);
    }
}

package dev.vicreg.training.loop;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.nn.LogMel;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.step.Branch;
import java.util.List;

/**
 * The settings of one branch.
 *
 * @param encoder a name of {@link Encoders}
 * @param width channels of the encoder's first stage, or width of its tokens or layers
 * @param input what it takes
 * @param projector widths such as {@code 512-512-512}, or {@code none}
 * @param options what only some encoders take; in JSON those that were asked for stand among the others
 */
public record BranchConfig(
        String encoder,
        int width,
        InputConfig input,
        String projector,

        @JsonUnwrapped @JsonInclude(JsonInclude.Include.NON_NULL)
        EncoderOptions options) {
    /** An encoder of pictures without options of its own. */
    public BranchConfig(
            String encoder,
            int width,
            int imageSize,
            int channels,
            List<Float> mean,
            List<Float> std,
            String projector) {
        this(encoder, width, new InputConfig.Pictures(imageSize, channels, mean, std), projector, EncoderOptions.NONE);
    }

    /**
     * What these settings mean.
     *
     * @param scope of the branch's parameters
     * @param lastBias whether the projector's last layer has a bias
     * @throws IllegalArgumentException naming the first setting that is wrong
     */
    Branch branch(String scope, boolean lastBias) {
        return new Branch(
                input.view(Encoders.input(encoder)),
                Encoders.of(encoder, new Encoders.Spec(width, pictureSize(), options)),
                new Projector(Projector.parse(projector), lastBias),
                scope);
    }

    /** Side of the pictures that the encoder sees, bands of a front end; 0 for other input. */
    private int pictureSize() {
        if (input instanceof InputConfig.Pictures pictures) {
            return pictures.imageSize();
        }
        LogMel frontEnd = input instanceof InputConfig.Signals signals ? signals.frontEnd() : null;
        return frontEnd != null && Encoders.input(encoder) == Encoders.Input.PICTURES ? frontEnd.bands() : 0;
    }
}

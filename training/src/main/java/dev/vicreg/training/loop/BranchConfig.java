package dev.vicreg.training.loop;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.ViewInput;
import java.util.List;

/**
 * The settings of one branch.
 *
 * @param encoder a name of {@link Encoders}
 * @param width channels of the encoder's first stage
 * @param imageSize height and width of the pictures in pixels
 * @param channels colour channels, 3
 * @param mean per channel on a scale of 0 to 1, taken off inside the graph
 * @param std standard deviation per channel on a scale of 0 to 1, divided by inside the graph
 * @param projector widths such as {@code 512-512-512}, or {@code none}
 */
public record BranchConfig(
        String encoder, int width, int imageSize, int channels, List<Float> mean, List<Float> std, String projector) {
    /** Checks what no part of the graph checks itself. */
    public BranchConfig {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (channels != mean.size()) {
            throw new IllegalArgumentException(
                    "Channels: expected as many as means, " + mean.size() + ", found " + channels);
        }
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
                new ViewInput.Pictures(imageSize, mean, std),
                Encoders.of(encoder, new Encoders.Spec(width, imageSize)),
                new Projector(Projector.parse(projector), lastBias),
                scope);
    }
}

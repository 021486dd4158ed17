package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.training.objective.VicReg;

/**
 * What is minimised.
 *
 * @param loss {@code official}, {@code solo-learn} or {@code paper}
 * @param invariance coefficient λ
 * @param variance coefficient μ
 * @param covariance coefficient ν
 */
public record ObjectiveConfig(
        @Option(
                help = "which published form of the loss",
                group = Group.OBJECTIVE,
                choices = {"official", "solo-learn", "paper"},
                fallback = "official")
        String loss,

        @Option(
                help = "weight λ of the distance between views",
                group = Group.OBJECTIVE,
                fallback = "25",
                min = 0,
                max = LARGEST)
        float invariance,

        @Option(
                help = "weight μ of the spread of each dimension",
                group = Group.OBJECTIVE,
                fallback = "25",
                min = 0,
                max = LARGEST)
        float variance,

        @Option(
                help = "weight ν of the correlation between dimensions",
                group = Group.OBJECTIVE,
                fallback = "1",
                min = 0,
                max = LARGEST)
        float covariance) {
    private static final double LARGEST = 1e6;

    /**
     * What these settings mean.
     *
     * @throws IllegalArgumentException naming the first setting that is wrong
     */
    VicReg vicReg() {
        for (VicReg.Variant variant : VicReg.Variant.values()) {
            if (variant.optionName().equals(loss)) {
                return new VicReg(variant, invariance, variance, covariance);
            }
        }
        throw new IllegalArgumentException("Unknown loss " + loss + ": expected official, solo-learn or paper");
    }
}

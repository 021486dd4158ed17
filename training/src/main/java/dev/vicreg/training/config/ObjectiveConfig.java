package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Objectives;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VarianceTerm;
import dev.vicreg.training.objective.VicReg;
import java.util.List;

/**
 * What is minimised.
 *
 * @param objective as {@link Objectives} has it, every setting told
 * @param loss which form of VICReg: a {@link VicReg.Variant}
 * @param invariance VICReg's coefficient λ
 * @param variance VICReg's coefficient μ
 * @param covariance VICReg's coefficient ν
 * @param varianceTerm coefficient of VICReg's variance term beside another objective; 0 for none
 * @param predictor widths of the predictor's layers; {@code none} of an objective that has none, empty for what is usual
 */
public record ObjectiveConfig(
        @Option(
                help = "what is learned from: {words}; settings of its own follow, as barlow-twins,lambda=0.005"
                        + " (./vicreg help objectives lists them)",
                argument = "NAME[,NAME=X...]",
                group = Group.OBJECTIVE,
                codec = Name.class,
                fallback = Objectives.VICREG)
        String objective,

        @Option(
                help = "which published form of VICReg's loss",
                group = Group.OBJECTIVE,
                codec = Variant.class,
                fallback = "official")
        String loss,

        @Option(
                help = "vicreg: weight λ of the distance between views",
                group = Group.OBJECTIVE,
                fallback = "25",
                min = 0,
                max = 1e6)
        float invariance,

        @Option(
                help = "vicreg: weight μ of the spread of each dimension",
                group = Group.OBJECTIVE,
                fallback = "25",
                min = 0,
                max = 1e6)
        float variance,

        @Option(
                help = "vicreg: weight ν of the correlation between dimensions",
                group = Group.OBJECTIVE,
                fallback = "1",
                min = 0,
                max = 1e6)
        float covariance,

        @Option(
                help = "weight of VICReg's variance term beside another objective",
                group = Group.OBJECTIVE,
                fallback = "0",
                min = 0,
                max = 1e6)
        float varianceTerm,

        @Option(
                help = "simsiam, byol: widths of the layers between projection and prediction; without it simsiam has a"
                        + " hidden layer of a quarter of the projection's width, byol one as wide as the projector's",
                argument = "N-N|none",
                group = Group.OBJECTIVE)
        String predictor) {
    private static final String NONE = "none";

    /** An objective's name and settings. */
    static final class Name implements Codec<String> {
        @Override
        public String parse(String text) {
            String name = text.split(",", 2)[0];
            return Objectives.complete(Nearest.require(name, words()) + text.substring(name.length()));
        }

        @Override
        public List<String> words() {
            return Objectives.names();
        }
    }

    /** Names of VICReg's variants. */
    static final class Variant implements Codec<String> {
        @Override
        public String parse(String text) {
            return Nearest.require(text, words());
        }

        @Override
        public List<String> words() {
            return VicReg.Variant.names();
        }
    }

    /** Checks what no part of the graph checks itself. */
    public ObjectiveConfig {
        objective = Objectives.complete(objective);
        if (objective.equals(Objectives.VICREG) && varianceTerm != 0) {
            throw new SettingException("`variance-term` adds to another `objective` what vicreg has: expected it to be"
                    + " left out, found " + varianceTerm + "; vicreg's own weight is `variance`");
        }
    }

    /** VICReg. */
    public ObjectiveConfig(String loss, float invariance, float variance, float covariance) {
        this(Objectives.VICREG, loss, invariance, variance, covariance, 0, "");
    }

    /** Whether it is VICReg, whose coefficients then count. */
    public boolean isVicReg() {
        return objective.equals(Objectives.VICREG);
    }

    /**
     * What these settings mean.
     *
     * @throws IllegalArgumentException naming the first setting that is wrong
     */
    Objective minimised() {
        Objective chosen =
                Objectives.of(objective, new VicReg(VicReg.Variant.of(loss), invariance, variance, covariance));
        return varianceTerm == 0 ? chosen : new VarianceTerm(chosen, varianceTerm);
    }

    /**
     * Widths of the predictor's layers; empty for none.
     *
     * @param projector widths of the projector's
     * @throws SettingException if the objective has no predictor and widths are given, or has one and they end in another
     *     width than the projector's
     */
    List<Integer> predictor(Heads heads, List<Integer> projector) {
        String name = objective.split(",", 2)[0];
        if (heads.predictor() == Heads.Predictor.NONE) {
            if (!predictor.isEmpty() && !predictor.equals(NONE)) {
                throw new SettingException("`predictor`: objective " + name + " has none; leave it out");
            }
            return List.of();
        }
        if (projector.isEmpty()) {
            throw new SettingException("Objective " + name + " predicts projections, and `projector` none gives none:"
                    + " expected widths such as 512-512-512");
        }
        List<Integer> widths = predictor.isEmpty() ? heads.predictor().widths(projector) : Projector.parse(predictor);
        int last = projector.get(projector.size() - 1);
        if (!widths.isEmpty() && widths.get(widths.size() - 1) != last) {
            throw new SettingException("`predictor` gives what the `projector` gives: expected its last width to be "
                    + last + ", found " + Projector.text(widths));
        }
        return widths;
    }
}

package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Objectives;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is minimised.
 *
 * @param loss one of {@link Objectives}; the others are those that it needs
 * @param invariance coefficient λ
 * @param variance coefficient μ
 * @param covariance coefficient ν
 */
public record ObjectiveConfig(
        @Option(
                help = "which published form of the loss",
                group = Group.OBJECTIVE,
                codec = Name.class,
                fallback = "official")
        String loss,

        @Option(
                help = "weight λ of the distance between views",
                group = Group.OBJECTIVE,
                fallback = "25",
                min = 0,
                max = 1e6)
        float invariance,

        @Option(
                help = "weight μ of the spread of each dimension",
                group = Group.OBJECTIVE,
                fallback = "25",
                min = 0,
                max = 1e6)
        float variance,

        @Option(
                help = "weight ν of the correlation between dimensions",
                group = Group.OBJECTIVE,
                fallback = "1",
                min = 0,
                max = 1e6)
        float covariance) {
    /** Names of the objectives. */
    static final class Name implements Codec<String> {
        @Override
        public String parse(String text) {
            return Nearest.require(text, words());
        }

        @Override
        public List<String> words() {
            return Objectives.names();
        }
    }

    /**
     * What these settings mean: the objective with whatever it needs to be told of the others.
     *
     * @throws IllegalArgumentException naming the first setting that is wrong
     */
    Objective objective() {
        Map<String, Float> values = new LinkedHashMap<>();
        Schema.json(this).forEach((name, value) -> {
            if (value instanceof Float number) {
                values.put(name, number);
            }
        });
        return Objectives.of(loss, values);
    }
}

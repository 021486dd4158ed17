package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.optim.Schedule;
import java.util.Locale;

/**
 * The learning rates of a run, and its length.
 *
 * @param lr peak learning rate
 * @param baseLr the same per 256 samples: {@code lr · 256 / batch size}
 * @param warmupEpochs length of the warm-up in epochs; fractions count
 * @param warmupStart rate at which the warm-up starts
 * @param schedule {@code cosine} or {@code constant}
 * @param finalLrFactor end of the cosine as a share of the peak
 */
public record ScheduleConfig(
        @Option(
                help =
                        "peak learning rate as it is used; without it and `base-lr`, by optimizer: adamw 0.002, sgd 0.03 and"
                                + " lars 0.3 per 256 samples, of which an encoder file's weights get a tenth, those of a"
                                + " transformer a hundredth",
                group = Group.OPTIMIZATION,
                min = 1e-12,
                max = 100)
        double lr,

        @Option(
                help = "the same per 256 samples: lr = X · batch size / 256",
                group = Group.OPTIMIZATION,
                min = 1e-12,
                max = 100)
        double baseLr,

        LengthConfig length,

        @Option(help = "epochs of rising rate", group = Group.OPTIMIZATION, fallback = "3", min = 0, max = 1_000_000)
        double warmupEpochs,

        @Option(help = "rate from which it rises", group = Group.OPTIMIZATION, fallback = "0", min = 0, max = 100)
        double warmupStart,

        @Option(
                help = "rate after the warm-up",
                group = Group.OPTIMIZATION,
                choices = {"cosine", "constant"},
                fallback = "cosine")
        String schedule,

        @Option(
                help = "end of the cosine as a share of the peak",
                group = Group.OPTIMIZATION,
                fallback = "0",
                min = 0,
                max = 1)
        double finalLrFactor) {

    /** Checks what no part of the run checks itself. */
    public ScheduleConfig {
        if (!(warmupEpochs >= 0) || !(finalLrFactor >= 0 && finalLrFactor <= 1)) {
            throw new SettingException("Schedule: expected warm-up epochs of 0 or more and a final factor of 0 to"
                    + " 1, found " + warmupEpochs + " and " + finalLrFactor);
        }
    }

    /** The same rates over another length. */
    public ScheduleConfig with(LengthConfig other) {
        return new ScheduleConfig(lr, baseLr, other, warmupEpochs, warmupStart, schedule, finalLrFactor);
    }

    /** Steps of the run over a data set with that many steps an epoch. */
    public long totalSteps(long stepsPerEpoch) {
        return length.steps() > 0 ? length.steps() : Math.multiplyExact(length.epochs(), stepsPerEpoch);
    }

    /** The learning rates over a data set with that many steps an epoch. */
    public Schedule over(long stepsPerEpoch) {
        Schedule.Kind kind = switch (schedule.toLowerCase(Locale.ROOT)) {
            case "cosine" -> Schedule.Kind.COSINE;
            case "constant" -> Schedule.Kind.CONSTANT;
            default -> throw new SettingException("Unknown schedule " + schedule + ": expected cosine or constant");
        };
        long total = totalSteps(stepsPerEpoch);
        long warmup = Math.min(total, Math.round(warmupEpochs * stepsPerEpoch));
        return new Schedule(kind, lr, warmup, warmupStart, lr * finalLrFactor, total);
    }
}

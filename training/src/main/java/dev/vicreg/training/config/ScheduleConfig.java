package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.optim.Schedule;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The learning rates of a run, and its length.
 *
 * @param lr peak learning rate
 * @param baseLr the same per 256 samples of an update: see {@link UpdateConfig#samples}
 * @param warmupEpochs length of the warm-up in epochs; fractions count
 * @param warmupStart rate at which the warm-up starts
 * @param schedule {@code cosine}, {@code constant} or {@code step}
 * @param finalLrFactor end of the cosine as a share of the peak
 * @param lrMilestones of {@code step}: where the rate is multiplied by {@code lrGamma}, as shares of the run's length;
 *     of an empty list 0.6 and 0.8
 * @param lrGamma of {@code step}: above 0 and at most 1; of 0 it is 0.1
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
                help = "the same per 256 samples of an update: lr = X · batch size · `accumulate` / 256",
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
                choices = {"cosine", "constant", STEP},
                fallback = "cosine")
        String schedule,

        @Option(
                help = "end of the cosine as a share of the peak",
                group = Group.OPTIMIZATION,
                fallback = "0",
                min = 0,
                max = 1)
        double finalLrFactor,

        @Option(
                help = "of step: where the rate falls, as shares of the run's length; without it 0.6,0.8",
                argument = "SHARE,…",
                group = Group.OPTIMIZATION,
                codec = Shares.class)
        List<Double> lrMilestones,

        @Option(
                help = "of step: what the rate is multiplied by there; without it 0.1",
                group = Group.OPTIMIZATION,
                min = 1e-12,
                max = 1)
        double lrGamma) {
    private static final String STEP = "step";
    private static final List<Double> MILESTONES = List.of(0.6, 0.8);
    private static final double GAMMA = 0.1;

    /** Shares with commas. */
    static final class Shares implements Codec<List<Double>> {
        @Override
        public List<Double> parse(String text) {
            try {
                return Arrays.stream(text.split(",", -1)).map(Double::valueOf).toList();
            } catch (NumberFormatException e) {
                throw new SettingException("must be shares such as 0.6,0.8, found \"" + text + "\"", e);
            }
        }

        @Override
        public String text(List<Double> shares) {
            return String.join(",", shares.stream().map(String::valueOf).toList());
        }
    }

    /** The rates that need no milestones. */
    public ScheduleConfig(
            double lr,
            double baseLr,
            LengthConfig length,
            double warmupEpochs,
            double warmupStart,
            String schedule,
            double finalLrFactor) {
        this(lr, baseLr, length, warmupEpochs, warmupStart, schedule, finalLrFactor, List.of(), 0);
    }

    /** Checks what no part of the run checks itself. */
    public ScheduleConfig {
        boolean steps = schedule.equalsIgnoreCase(STEP);
        if (!steps && (!lrMilestones.isEmpty() || lrGamma != 0)) {
            throw new SettingException(
                    "`lr-milestones` and `lr-gamma` belong to `schedule` step, found " + schedule + "; leave them out");
        }
        lrMilestones = steps && lrMilestones.isEmpty() ? MILESTONES : List.copyOf(lrMilestones);
        lrGamma = steps && lrGamma == 0 ? GAMMA : lrGamma;
        if (!(warmupEpochs >= 0) || !(finalLrFactor >= 0 && finalLrFactor <= 1)) {
            throw new SettingException("Schedule: expected warm-up epochs of 0 or more and a final factor of 0 to"
                    + " 1, found " + warmupEpochs + " and " + finalLrFactor);
        }
    }

    /** The same rates over another length. */
    public ScheduleConfig with(LengthConfig other) {
        return new ScheduleConfig(
                lr, baseLr, other, warmupEpochs, warmupStart, schedule, finalLrFactor, lrMilestones, lrGamma);
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
            case STEP -> Schedule.Kind.STEP;
            default ->
                throw new SettingException("Unknown schedule " + schedule + ": expected cosine, constant or step");
        };
        long total = totalSteps(stepsPerEpoch);
        long warmup = Math.min(total, Math.round(warmupEpochs * stepsPerEpoch));
        return new Schedule(kind, lr, warmup, warmupStart, lr * finalLrFactor, lrMilestones, lrGamma, total);
    }
}

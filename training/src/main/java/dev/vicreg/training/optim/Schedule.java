package dev.vicreg.training.optim;

import dev.vicreg.models.setting.SettingException;
import java.util.List;

/**
 * The learning rate over a run: linear warm-up, then a half cosine (Loshchilov, Hutter 2017), steps down or no change.
 *
 * @param kind what follows the warm-up
 * @param peak rate at the end of the warm-up
 * @param warmupSteps steps of the warm-up; its n-th step (from 1) runs at {@code start + (peak - start)·n/warmupSteps}
 * @param start rate from which the warm-up rises
 * @param end rate towards which the cosine falls
 * @param milestones where the rate steps down, as shares of the whole run's length, each larger than the one before; the
 *     step nearest to one is the first at the lower rate
 * @param gamma what the rate is multiplied by at each of them: above 0 and at most 1
 * @param totalSteps steps of the whole run
 */
public record Schedule(
        Kind kind,
        double peak,
        long warmupSteps,
        double start,
        double end,
        List<Double> milestones,
        double gamma,
        long totalSteps) {
    /** Shapes of schedules. */
    public enum Kind {
        /** Half a cosine from peak to end. */
        COSINE,
        /** The peak all along. */
        CONSTANT,
        /** The peak, multiplied by a factor at each milestone: PyTorch's {@code MultiStepLR}. */
        STEP
    }

    /** Checks the rates and the milestones. */
    public Schedule {
        milestones = List.copyOf(milestones);
        check("rate", peak);
        check("warm-up start rate", start);
        check("final rate", end);
        if (kind == Kind.STEP) {
            check(milestones, gamma);
        }
        if (peak == 0 || warmupSteps < 0 || totalSteps < 1) {
            throw new SettingException("Schedule: expected a positive rate and at least one step, found rate " + peak
                    + ", " + warmupSteps + " warm-up and " + totalSteps + " total steps");
        }
    }

    private static void check(List<Double> milestones, double gamma) {
        double last = 0;
        for (double milestone : milestones) {
            if (!(milestone > last && milestone < 1)) {
                throw new SettingException(
                        "`lr-milestones`: expected shares of the run between 0 and 1, each larger than"
                                + " the one before, found " + milestones);
            }
            last = milestone;
        }
        if (!(gamma > 0 && gamma <= 1)) {
            throw new SettingException("`lr-gamma`: expected more than 0 and at most 1, found " + gamma);
        }
    }

    private static void check(String name, double rate) {
        if (!(rate >= 0 && rate <= 100)) {
            throw new SettingException("Learning " + name + ": expected 0 to 100, found " + rate);
        }
    }

    /** The rate of step {@code step}, counted from 0. */
    public double rate(long step) {
        if (step < warmupSteps) {
            return start + (peak - start) * (step + 1) / warmupSteps;
        }
        return switch (kind) {
            case CONSTANT -> peak;
            case STEP -> peak * Math.pow(gamma, (double) milestonesUpTo(step));
            case COSINE -> cosine(step);
        };
    }

    private long milestonesUpTo(long step) {
        return milestones.stream()
                .filter(milestone -> step >= Math.round(milestone * totalSteps))
                .count();
    }

    private double cosine(long step) {
        double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        return end + (peak - end) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
    }
}

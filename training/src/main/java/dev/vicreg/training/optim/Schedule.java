package dev.vicreg.training.optim;

import dev.vicreg.models.setting.SettingException;

/**
 * The learning rate over a run: linear warm-up, then a half cosine (Loshchilov, Hutter 2017) or no change.
 *
 * @param kind what follows the warm-up
 * @param peak rate at the end of the warm-up
 * @param warmupSteps steps of the warm-up; its n-th step (from 1) runs at {@code start + (peak - start)·n/warmupSteps}
 * @param start rate from which the warm-up rises
 * @param end rate towards which the cosine falls
 * @param totalSteps steps of the whole run
 */
public record Schedule(Kind kind, double peak, long warmupSteps, double start, double end, long totalSteps) {
    /** Shapes of schedules. */
    public enum Kind {
        /** Half a cosine from peak to end. */
        COSINE,
        /** The peak all along. */
        CONSTANT
    }

    /** Checks the rates. */
    public Schedule {
        check("rate", peak);
        check("warm-up start rate", start);
        check("final rate", end);
        if (peak == 0 || warmupSteps < 0 || totalSteps < 1) {
            throw new SettingException("Schedule: expected a positive rate and at least one step, found rate " + peak
                    + ", " + warmupSteps + " warm-up and " + totalSteps + " total steps");
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
        if (kind == Kind.CONSTANT) {
            return peak;
        }
        double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        return end + (peak - end) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
    }
}

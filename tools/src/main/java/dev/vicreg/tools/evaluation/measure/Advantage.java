package dev.vicreg.tools.evaluation.measure;

import java.util.Locale;

/**
 * By how much one classifier is better than another on the same samples.
 *
 * @param difference of their accuracies, −1 to 1
 * @param interval where it lies with a probability of 95 %, as far as it hangs on the samples: Wald's for matched pairs with
 *     half a sample added to each of the four outcomes
 * @see <a href="https://doi.org/10.1002/sim.1781">Agresti, Min, Simple improved confidence intervals for comparing matched
 *     proportions, Statistics in Medicine 2005, section 2</a>
 */
public record Advantage(double difference, Figure.Interval interval) {
    private static final double NORMAL = 1.959963984540054; // leaves 2.5 % on either side
    private static final double ADDED = 0.5;

    /** Of the first over the second, whose samples are the same. */
    public static Advantage of(Predictions one, Predictions other) {
        int samples = one.actual().length;
        int better = 0;
        int worse = 0;
        for (int i = 0; i < samples; i++) {
            boolean isRight = one.predicted()[i] == one.actual()[i];
            boolean wasRight = other.predicted()[i] == one.actual()[i];
            better += isRight && !wasRight ? 1 : 0;
            worse += wasRight && !isRight ? 1 : 0;
        }
        return of(better, worse, samples);
    }

    /**
     * By counts.
     *
     * @param better samples that only the first gets right
     * @param worse samples that only the second gets right
     * @param samples in all, 1 or more
     */
    static Advantage of(int better, int worse, int samples) {
        double all = samples + 4 * ADDED;
        double centre = (better - worse) / all;
        double spread = better + worse + 2 * ADDED - (double) (better - worse) * (better - worse) / all;
        double half = NORMAL * Math.sqrt(spread) / all;
        return new Advantage((double) (better - worse) / samples, new Figure.Interval(centre - half, centre + half));
    }

    /** Whether it is above 0 at all of the interval. */
    public boolean isCertain() {
        return interval.low() > 0;
    }

    /** Whether it is below 0 at all of the interval. */
    public boolean isLoss() {
        return interval.high() < 0;
    }

    /** {@code better than raw pixels by 12.0 points (95 %: 8.1 to 15.9)}. */
    String text(String other) {
        String range = String.format(Locale.ROOT, "95 %%: %.1f to %.1f", 100 * interval.low(), 100 * interval.high());
        if (isCertain() || isLoss()) {
            return String.format(
                    Locale.ROOT,
                    "%s than %s by %.1f points (%s)",
                    isCertain() ? "better" : "worse",
                    other,
                    100 * Math.abs(difference),
                    range);
        }
        return String.format(
                Locale.ROOT, "no clear difference to %s (%+.1f points, %s)", other, 100 * difference, range);
    }
}

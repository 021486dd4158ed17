package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.probe.RidgeProbe;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * How well a number is predicted by ridge regression: {@link RidgeProbe}, its penalty chosen on held-out training samples.
 * R² has an interval: the percentiles of 1,000 resamples of the test samples with replacement, always the same (Efron,
 * Tibshirani 1993, chapter 13).
 */
record Ridge() implements Measure {
    private static final int RESAMPLES = 1000;
    private static final long SEED = 0;

    @Override
    public String name() {
        return "ridge regression";
    }

    @Override
    public Needs needs() {
        return Needs.TARGETS;
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        double[] targets = labels.testTargets();
        RidgeProbe probe = RidgeProbe.fit(space.train(), labels.trainTargets());
        double value = probe.rSquared(space.test(), targets)
                .orElseThrow(() -> new IllegalStateException("all " + targets.length
                        + " test samples have one and the same target, which leaves R² undefined"));
        double[] predicted = probe.predict(space.test());
        double squares = IntStream.range(0, targets.length)
                .mapToDouble(i -> square(predicted[i] - targets[i]))
                .sum();
        return List.of(
                new Figure("r2", "R², ridge regression", value, false, interval(predicted, targets)),
                Figure.number("rmse", "… root mean squared error", Math.sqrt(squares / targets.length)));
    }

    private static Figure.Interval interval(double[] predicted, double[] targets) {
        SplittableRandom random = new SplittableRandom(SEED);
        double[] values = IntStream.range(0, RESAMPLES)
                .mapToDouble(i -> resampled(predicted, targets, random))
                .sorted()
                .toArray();
        return new Figure.Interval(values[RESAMPLES / 40], values[RESAMPLES - 1 - RESAMPLES / 40]);
    }

    /** R² of as many samples, drawn with replacement; of samples with one target as bad as can be. */
    private static double resampled(double[] predicted, double[] targets, SplittableRandom random) {
        int[] drawn = IntStream.range(0, targets.length)
                .map(i -> random.nextInt(targets.length))
                .toArray();
        double mean =
                Arrays.stream(drawn).mapToDouble(i -> targets[i]).average().orElseThrow();
        double total =
                Arrays.stream(drawn).mapToDouble(i -> square(targets[i] - mean)).sum();
        double error = Arrays.stream(drawn)
                .mapToDouble(i -> square(predicted[i] - targets[i]))
                .sum();
        return total == 0 ? Double.NEGATIVE_INFINITY : 1 - error / total;
    }

    private static double square(double value) {
        return value * value;
    }
}

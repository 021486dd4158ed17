package dev.vicreg.tools.evaluation.measure;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What a classifier made of test samples.
 *
 * @param predicted class of each sample, 0 … classes - 1
 * @param actual its own class
 * @param classes how many there are
 */
public record Predictions(int[] predicted, int[] actual, int classes) {
    private static final int RESAMPLES = 1000;
    private static final long SEED = 0;

    /** Share of the samples that get their own class, 0 to 1; NaN of no samples. */
    public double accuracy() {
        return (double) right().length / actual.length;
    }

    private int[] right() {
        return IntStream.range(0, actual.length)
                .filter(i -> predicted[i] == actual[i])
                .toArray();
    }

    /**
     * Samples by their own class (row) and the class that they got (column): [classes][classes].
     */
    public int[][] confusion() {
        int[][] counts = new int[classes][classes];
        for (int i = 0; i < actual.length; i++) {
            counts[actual[i]][predicted[i]]++;
        }
        return counts;
    }

    /**
     * Share of a class's samples that get it, for each class, 0 to 1; NaN for a class without samples.
     */
    public double[] recalls() {
        return Arrays.stream(tallies()).mapToDouble(Tally::recall).toArray();
    }

    /**
     * The mean of the classes' {@link #recalls}, each class weighing the same, over classes that have samples: balanced
     * accuracy (Brodersen et al. 2010), a macro average.
     */
    public double balancedAccuracy() {
        return Arrays.stream(recalls())
                .filter(recall -> !Double.isNaN(recall))
                .average()
                .orElse(Double.NaN);
    }

    /** Whether classes that have samples have as many of them each, so that both accuracies are one. */
    public boolean isBalanced() {
        return Arrays.stream(tallies())
                        .mapToInt(Tally::samples)
                        .filter(samples -> samples > 0)
                        .distinct()
                        .count()
                <= 1;
    }

    /**
     * What became of one class.
     *
     * @param samples of this class
     * @param given samples that got it
     * @param right those of them that are of it
     */
    public record Tally(int samples, int given, int right) {
        /** Share of its samples that got it, 0 to 1; NaN without samples. */
        public double recall() {
            return samples == 0 ? Double.NaN : (double) right / samples;
        }

        /** Share of those that got it which are of it, 0 to 1; NaN where none got it. */
        public double precision() {
            return given == 0 ? Double.NaN : (double) right / given;
        }

        /** The harmonic mean of both, 0 to 1; NaN where the class has no samples and none got it. */
        public double f1() {
            return samples + given == 0 ? Double.NaN : 2.0 * right / (samples + given);
        }
    }

    /** One for each class. */
    public Tally[] tallies() {
        int[][] counts = confusion();
        return IntStream.range(0, classes)
                .mapToObj(label -> new Tally(
                        Arrays.stream(counts[label]).sum(),
                        Arrays.stream(counts).mapToInt(row -> row[label]).sum(),
                        counts[label][label]))
                .toArray(Tally[]::new);
    }

    /**
     * Where the accuracy lies with a probability of 95 %, as far as it hangs on the choice of test samples: the percentile
     * interval of 1,000 resamples with replacement (Efron, Tibshirani 1993, chapter 13), always the same.
     */
    public Figure.Interval interval() {
        SplittableRandom random = new SplittableRandom(SEED);
        boolean[] isRight = new boolean[actual.length];
        for (int i : right()) {
            isRight[i] = true;
        }
        double[] accuracies = new double[RESAMPLES];
        for (int r = 0; r < RESAMPLES; r++) {
            int hits = 0;
            for (int i = 0; i < isRight.length; i++) {
                hits += isRight[random.nextInt(isRight.length)] ? 1 : 0;
            }
            accuracies[r] = (double) hits / isRight.length;
        }
        Arrays.sort(accuracies);
        return new Figure.Interval(accuracies[RESAMPLES / 40], accuracies[RESAMPLES - 1 - RESAMPLES / 40]);
    }
}

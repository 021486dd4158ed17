package dev.vicreg.tools.evaluation.probe;

import dev.vicreg.training.data.view.SampleRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How well a few labels of every class do: a {@link LinearProbe} on rows that are drawn anew for every draw, without
 * replacement. Its penalty is 1, since nothing is left to choose one by: scikit-learn's usual one, with which Tian et al.
 * 2020, Rethinking few-shot image classification: a good embedding is all you need?, fit their classifiers (theirs on
 * vectors of length 1, this one on columns standardised by the drawn rows).
 *
 * @param count labels of every class, 1 or more
 * @param draws how many, 2 or more
 * @param seed of the draws
 */
public record FewShot(int count, int draws, long seed) {
    /** Usual counts. */
    public static final List<Integer> COUNTS = List.of(1, 5, 10, 50);

    private static final double PENALTY = 1;

    public FewShot {
        if (count < 1 || draws < 2) {
            throw new IllegalArgumentException("Few labels: count " + count + ", draws " + draws);
        }
    }

    /** Ten draws of so many labels of every class, with the seed 0. */
    public static FewShot of(int count) {
        return new FewShot(count, 10, 0);
    }

    /**
     * Accuracies on the test rows, 0 to 1.
     *
     * @param mean over the draws
     * @param deviation of the draws, over their number less 1
     * @param draws accuracy of each draw
     */
    public record Accuracy(double mean, double deviation, double[] draws) {}

    /**
     * The accuracy on test rows; empty if a class has training rows, but fewer than the count, or if there are no test rows.
     * A class without training rows is left out, and test rows of it count as wrong.
     *
     * @param train rows to draw from, [N][D]
     * @param labels of them, [N], 0 … classes − 1
     * @param test [M][D]
     * @param testLabels [M]
     * @throws IllegalStateException if there are no rows or rows of one class alone, or if a value is not finite
     */
    public Optional<Accuracy> accuracy(float[][] train, int[] labels, float[][] test, int[] testLabels, int classes) {
        int[] counts = ProbeRows.require(train, labels, classes);
        if (test.length == 0 || Arrays.stream(counts).anyMatch(rows -> rows > 0 && rows < count)) {
            return Optional.empty();
        }
        ProbeRows.require(test, testLabels.length);
        double[] accuracies = IntStream.range(0, draws)
                .mapToDouble(draw -> {
                    int[] rows = drawn(labels, classes, draw);
                    return LinearProbe.fit(HeldOut.rows(train, rows), HeldOut.labels(labels, rows), classes, PENALTY)
                            .classifier()
                            .accuracy(test, testLabels);
                })
                .toArray();
        double mean = Arrays.stream(accuracies).average().orElseThrow();
        double squares = Arrays.stream(accuracies)
                .map(each -> (each - mean) * (each - mean))
                .sum();
        return Optional.of(new Accuracy(mean, Math.sqrt(squares / (draws - 1)), accuracies));
    }

    /** Indices of the rows of one draw, class by class. */
    int[] drawn(int[] labels, int classes, int draw) {
        return IntStream.range(0, classes)
                .flatMap(label -> {
                    int[] rows = IntStream.range(0, labels.length)
                            .filter(row -> labels[row] == label)
                            .toArray();
                    new SampleRandom(seed, draw, label).shuffle(rows);
                    return Arrays.stream(rows).limit(count);
                })
                .toArray();
    }
}

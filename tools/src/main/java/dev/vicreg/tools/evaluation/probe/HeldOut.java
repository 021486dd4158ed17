package dev.vicreg.tools.evaluation.probe;

import dev.vicreg.training.data.view.SampleRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Rows to learn from and rows to choose a penalty or a temperature by.
 *
 * @param kept indices of rows to learn from, ascending
 * @param held indices of the others, ascending
 */
public record HeldOut(int[] kept, int[] held) {
    private static final int PARTS = 5;

    /**
     * Holds out a fifth of the rows of every class, drawn by the seed: rounded, but one of two rows and none of one.
     *
     * @param labels 0 … classes − 1
     */
    public static HeldOut fifth(int[] labels, int classes, long seed) {
        boolean[] held = new boolean[labels.length];
        for (int label = 0; label < classes; label++) {
            int own = label;
            int[] rows = IntStream.range(0, labels.length)
                    .filter(row -> labels[row] == own)
                    .toArray();
            new SampleRandom(seed, label).shuffle(rows);
            int count = rows.length < 2 ? 0 : Math.max(1, (rows.length + PARTS / 2) / PARTS);
            Arrays.stream(rows).limit(count).forEach(row -> held[row] = true);
        }
        return new HeldOut(
                IntStream.range(0, labels.length).filter(row -> !held[row]).toArray(),
                IntStream.range(0, labels.length).filter(row -> held[row]).toArray());
    }

    /** These rows of them all. */
    public static float[][] rows(float[][] all, int[] indices) {
        return Arrays.stream(indices).mapToObj(row -> all[row]).toArray(float[][]::new);
    }

    /** These labels of them all. */
    public static int[] labels(int[] all, int[] indices) {
        return Arrays.stream(indices).map(row -> all[row]).toArray();
    }
}

package dev.vicreg.tools.evaluation.probe;

import java.util.Arrays;

/** What every probe asks of its rows. */
final class ProbeRows {
    private ProbeRows() {}

    /**
     * Checks vectors.
     *
     * @param length of labels or targets
     * @throws IllegalStateException if there are no rows, or a value is not finite
     */
    static void require(float[][] vectors, int length) {
        if (vectors.length != length) {
            throw new IllegalArgumentException(vectors.length + " vectors, but " + length + " labels or targets");
        }
        if (vectors.length == 0) {
            throw new IllegalStateException("A probe needs labelled training vectors, found none");
        }
        for (int row = 0; row < vectors.length; row++) {
            if (vectors[row].length != vectors[0].length) {
                throw new IllegalArgumentException(
                        "Vector " + row + " has " + vectors[row].length + " values, vector 0 has " + vectors[0].length);
            }
            for (int d = 0; d < vectors[row].length; d++) {
                if (!Float.isFinite(vectors[row][d])) {
                    throw new IllegalStateException("A probe needs finite vectors, found " + vectors[row][d]
                            + " in vector " + row + " at " + d + "; leave that sample out, or see whether the encoder"
                            + " diverged");
                }
            }
        }
    }

    /**
     * Checks vectors and their classes.
     *
     * @return how many rows each class has, [classes]
     * @throws IllegalStateException as above, or if not two classes have rows
     */
    static int[] require(float[][] vectors, int[] labels, int classes) {
        require(vectors, labels.length);
        int[] counts = new int[classes];
        for (int row = 0; row < labels.length; row++) {
            if (labels[row] < 0 || labels[row] >= classes) {
                throw new IllegalArgumentException(
                        "Label " + labels[row] + " of vector " + row + " is not in 0 … " + (classes - 1));
            }
            counts[labels[row]]++;
        }
        if (Arrays.stream(counts).filter(count -> count > 0).count() < 2) {
            throw new IllegalStateException(
                    "A probe needs training vectors of two classes or more, found one class (number " + labels[0]
                            + ") in all " + labels.length);
        }
        return counts;
    }
}

package dev.vicreg.tools.evaluation.probe;

import java.util.Arrays;

/**
 * Makes every column of mean 0 and deviation 1: (x − mean) · inverse.
 *
 * @param mean of each column, [D]
 * @param inverse one over the deviation of each column, [D]; 0 for a constant column, which so counts for nothing
 */
record Standardisation(double[] mean, double[] inverse) {
    /** By the mean and the deviation (over N, not N − 1) of these rows, at least one. */
    static Standardisation of(float[][] rows) {
        int columns = rows[0].length;
        double[] mean = new double[columns];
        for (float[] row : rows) {
            for (int d = 0; d < columns; d++) {
                mean[d] += row[d];
            }
        }
        boolean[] varies = new boolean[columns];
        double[] squares = new double[columns];
        for (int d = 0; d < columns; d++) {
            mean[d] /= rows.length;
        }
        for (float[] row : rows) {
            for (int d = 0; d < columns; d++) {
                double distance = row[d] - mean[d];
                squares[d] += distance * distance;
                varies[d] |= row[d] != rows[0][d]; // the rounded mean of equal values may differ from them
            }
        }
        double[] inverse = new double[columns];
        for (int d = 0; d < columns; d++) {
            inverse[d] = varies[d] ? Math.sqrt(rows.length / squares[d]) : 0;
        }
        return new Standardisation(mean, inverse);
    }

    /** Leaves rows as they are. */
    static Standardisation none(int columns) {
        double[] inverse = new double[columns];
        Arrays.fill(inverse, 1);
        return new Standardisation(new double[columns], inverse);
    }

    int columns() {
        return mean.length;
    }

    /** Writes a row, standardised. */
    void apply(float[] row, double[] standardised) {
        for (int d = 0; d < mean.length; d++) {
            standardised[d] = (row[d] - mean[d]) * inverse[d];
        }
    }

    /**
     * Weights for rows as they are, of weights for standardised ones.
     *
     * @param weights for standardised columns; read from {@code first} on
     */
    float[] folded(double[] weights, int first) {
        float[] folded = new float[columns()];
        for (int d = 0; d < folded.length; d++) {
            folded[d] = (float) (weights[first + d] * inverse[d]);
        }
        return folded;
    }

    /** What the means of the columns add to a sum with these folded weights; to be taken off the bias. */
    double offset(float[] folded) {
        double offset = 0;
        for (int d = 0; d < folded.length; d++) {
            offset += folded[d] * mean[d];
        }
        return offset;
    }
}

package dev.vicreg.tools.evaluation.diagnosis;

import org.ejml.data.DMatrixRMaj;

/**
 * Sums of products of centred vectors.
 *
 * @param count vectors
 * @param mean of them
 * @param scatter [D,D]: Σ (x − mean)(x − mean)ᵀ
 */
record Covariance(int count, double[] mean, DMatrixRMaj scatter) {
    /** A deviation of that part of the values' size is rounding of float32: so a dimension or an encoder is constant. */
    private static final double ROUNDING = 1e-6;

    static Covariance of(float[][] vectors) {
        double[] mean = mean(vectors);
        return new Covariance(
                vectors.length, mean, Gram.ofColumns(vectors.length, mean.length, i -> centred(vectors[i], mean)));
    }

    static double[] mean(float[][] vectors) {
        double[] mean = new double[vectors[0].length];
        for (float[] vector : vectors) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += (double) vector[d] / vectors.length;
            }
        }
        return mean;
    }

    static double[] centred(float[] vector, double[] mean) {
        double[] centred = new double[mean.length];
        for (int d = 0; d < centred.length; d++) {
            centred[d] = vector[d] - mean[d];
        }
        return centred;
    }

    /** Whether a dimension is the same in all vectors, but for rounding. */
    boolean constant(int d) {
        return constant(mean[d], scatter.get(d, d) / count);
    }

    private static boolean constant(double mean, double variance) {
        return Math.sqrt(variance) <= ROUNDING * Math.abs(mean);
    }

    /** How many dimensions are the same in all vectors, but for rounding. */
    static int constantDimensions(float[][] vectors) {
        double[] mean = mean(vectors);
        double[] variance = new double[mean.length];
        for (float[] vector : vectors) {
            for (int d = 0; d < mean.length; d++) {
                variance[d] += (vector[d] - mean[d]) * (vector[d] - mean[d]) / vectors.length;
            }
        }
        int constant = 0;
        for (int d = 0; d < mean.length; d++) {
            constant += constant(mean[d], variance[d]) ? 1 : 0;
        }
        return constant;
    }
}

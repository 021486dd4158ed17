package dev.vicreg.tools.evaluation.diagnosis;

import dev.vicreg.runtime.Embeddings;

/** How far vectors are from all being the same. */
public final class Spread {
    private Spread() {}

    /**
     * The standard deviation of vectors of unit length, averaged over dimensions, times √d (Chen, He 2021, section 4.1): about 1
     * where they point in all directions, 0 where all are one. Vectors of zeros count as they are.
     *
     * @param vectors two or more, of equal length
     */
    public static double of(float[][] vectors) {
        int d = vectors[0].length;
        double[] sums = new double[d];
        double[] squares = new double[d];
        for (float[] vector : vectors) {
            float[] unit = Embeddings.normalised(vector);
            for (int i = 0; i < d; i++) {
                sums[i] += unit[i];
                squares[i] += (double) unit[i] * unit[i];
            }
        }
        double deviations = 0;
        for (int i = 0; i < d; i++) {
            double mean = sums[i] / vectors.length;
            deviations += Math.sqrt(Math.max(0, squares[i] / vectors.length - mean * mean));
        }
        return deviations / d * Math.sqrt(d);
    }
}

package dev.vicreg.tools.evaluation.diagnosis;

/**
 * How much the dimensions of vectors tell of each other: the mean absolute correlation of two different ones.
 *
 * @see <a href="https://arxiv.org/abs/2103.03230">the matrix that Barlow Twins makes the identity, Zbontar et al. 2021</a>
 */
final class Correlation {
    private Correlation() {}

    /** From 0 to 1, without dimensions that are constant; NaN where fewer than two vary. */
    static double meanAbsolute(Covariance covariance) {
        double[] mean = covariance.mean();
        double sum = 0;
        long pairs = 0;
        for (int i = 0; i < mean.length; i++) {
            for (int j = 0; j < i && !covariance.constant(i); j++) {
                if (!covariance.constant(j)) {
                    double product = covariance.scatter().get(i, i)
                            * covariance.scatter().get(j, j);
                    sum += Math.abs(covariance.scatter().get(i, j)) / Math.sqrt(product);
                    pairs++;
                }
            }
        }
        return pairs == 0 ? Double.NaN : sum / pairs;
    }
}

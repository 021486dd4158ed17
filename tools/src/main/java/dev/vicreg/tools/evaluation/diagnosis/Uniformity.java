package dev.vicreg.tools.evaluation.diagnosis;

import dev.vicreg.tools.evaluation.RowProducts;
import dev.vicreg.tools.evaluation.VectorRows;
import java.util.Arrays;

/**
 * How evenly vectors at length 1 cover the sphere: log of the mean of exp(−2‖u − v‖²) over all pairs (t = 2). 0 where all
 * are one, towards −4 where they are spread over a sphere of many dimensions.
 *
 * @see <a href="https://arxiv.org/abs/2005.10242">Wang, Isola, Alignment and uniformity, ICML 2020, section 4</a>
 */
public final class Uniformity {
    private static final int MOST = 5000;

    private Uniformity() {}

    /**
     * From −8 to 0.
     *
     * @param vectors two or more rows of one length; of more than 5,000 as many are drawn, always the same, which still
     *     make 12 million pairs
     * @throws IllegalStateException if they aren't, or hold a value that is not finite
     */
    public static double of(float[][] vectors) {
        VectorRows.require(vectors, 2);
        float[][] rows = VectorRows.unit(VectorRows.sample(vectors, MOST));
        double[] squares = Arrays.stream(rows).mapToDouble(Uniformity::square).toArray(); // 1, or 0 of zeros
        double[] sum = new double[1];
        try (RowProducts products = new RowProducts(rows[0].length, false, 0)) {
            products.forEach(rows, rows, (i, from, values) -> {
                for (int j = Math.max(0, i + 1 - from); j < values.length; j++) {
                    sum[0] += Math.exp(-2 * Math.max(0, squares[i] + squares[from + j] - 2 * values[j]));
                }
            });
        }
        return Math.log(sum[0] / (rows.length * (rows.length - 1.0) / 2));
    }

    private static double square(float[] vector) {
        double sum = 0;
        for (float value : vector) {
            sum += (double) value * value;
        }
        return sum;
    }
}

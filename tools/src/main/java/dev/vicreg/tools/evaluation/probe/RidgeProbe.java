package dev.vicreg.tools.evaluation.probe;

import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Ridge regression of a number on frozen vectors: the sum of squared errors plus penalty · ‖weights‖², on columns
 * standardised by the training rows, the bias unpenalised, solved in float64 by Cholesky's decomposition. It is what
 * scikit-learn's StandardScaler and Ridge compute with {@code alpha = penalty}. The result does not depend on the number of
 * threads.
 *
 * @param weights for vectors as they are, [D]: standardisation is folded in
 * @param bias of the target
 * @param penalty that it was fitted with
 */
public record RidgeProbe(float[] weights, float bias, double penalty) {
    private static final long SEED = 0;

    /** From strong to weak. */
    private static final double[] PENALTIES = {1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1, 1e-1, 1e-2, 1e-3, 1e-4};

    /** Fits with the penalty that {@link #choosePenalty} gives for the seed 0. */
    public static RidgeProbe fit(float[][] vectors, double[] targets) {
        return fit(vectors, targets, choosePenalty(vectors, targets, SEED));
    }

    /**
     * Fits with a penalty.
     *
     * @param vectors training rows, [N][D], in the order of {@code targets}
     * @param targets [N]
     * @param penalty above 0; scikit-learn's alpha
     * @throws IllegalStateException if there are no rows, or if a value is not finite
     */
    public static RidgeProbe fit(float[][] vectors, double[] targets, double penalty) {
        return new NormalEquations(vectors, targets).solve(penalty);
    }

    /**
     * The penalty of 10^6, 10^5 … 10^-4 with the smallest squared error on a fifth of the rows, drawn by the seed, after a fit
     * on the others; of equally good ones the strongest. Of a single row, the strongest.
     *
     * @throws IllegalStateException as {@link #fit}
     */
    public static double choosePenalty(float[][] vectors, double[] targets, long seed) {
        require(vectors, targets);
        HeldOut split = HeldOut.fifth(new int[targets.length], 1, seed);
        NormalEquations kept = new NormalEquations(HeldOut.rows(vectors, split.kept()), targets(targets, split.kept()));
        float[][] held = HeldOut.rows(vectors, split.held());
        double[] heldTargets = targets(targets, split.held());
        double least = Double.POSITIVE_INFINITY;
        double chosen = PENALTIES[0];
        for (double penalty : PENALTIES) {
            double error = kept.solve(penalty).squaredError(held, heldTargets);
            if (error < least) {
                least = error;
                chosen = penalty;
            }
        }
        return chosen;
    }

    /** The predicted targets, [N]. */
    public double[] predict(float[][] vectors) {
        return Arrays.stream(vectors)
                .parallel()
                .mapToDouble(vector -> bias + Products.dot(weights, vector))
                .toArray();
    }

    /**
     * R²: 1 less the squared error over that of the targets' mean; 1 is best, 0 is no better than a constant, and worse is
     * negative. Empty where the targets don't differ, which leaves it undefined.
     *
     * @param vectors test rows, [M][D]
     * @param targets [M]
     */
    public OptionalDouble rSquared(float[][] vectors, double[] targets) {
        double mean = Arrays.stream(targets).average().orElse(0);
        double total = Arrays.stream(targets).map(y -> (y - mean) * (y - mean)).sum();
        boolean same = Arrays.stream(targets).allMatch(y -> y == targets[0]);
        return same ? OptionalDouble.empty() : OptionalDouble.of(1 - squaredError(vectors, targets) / total);
    }

    private double squaredError(float[][] vectors, double[] targets) {
        double[] predicted = predict(vectors);
        return IntStream.range(0, targets.length)
                .mapToDouble(row -> (predicted[row] - targets[row]) * (predicted[row] - targets[row]))
                .sum();
    }

    private static double[] targets(double[] all, int[] indices) {
        return Arrays.stream(indices).mapToDouble(row -> all[row]).toArray();
    }

    private static void require(float[][] vectors, double[] targets) {
        ProbeRows.require(vectors, targets.length);
        for (int row = 0; row < targets.length; row++) {
            if (!Double.isFinite(targets[row])) {
                throw new IllegalStateException(
                        "A probe needs finite targets, found " + targets[row] + " of vector " + row);
            }
        }
    }

    /** The products of the standardised columns with each other and with the centred target. */
    private static final class NormalEquations {
        private final Standardisation standard;
        private final double mean;
        private final double[][] products; // [D + 1][D + 1], the target last

        NormalEquations(float[][] vectors, double[] targets) {
            require(vectors, targets);
            standard = Standardisation.of(vectors);
            mean = Arrays.stream(targets).average().orElseThrow();
            products = LeastSquares.of(vectors.length, standard.columns() + 1, (row, into) -> {
                standard.apply(vectors[row], into);
                into[standard.columns()] = targets[row] - mean;
            });
        }

        RidgeProbe solve(double penalty) {
            if (!(penalty > 0) || penalty == Double.POSITIVE_INFINITY) {
                throw new SettingException("The penalty of a probe: expected a number above 0, found " + penalty);
            }
            float[] weights = standard.folded(LeastSquares.solve(products, penalty), 0);
            return new RidgeProbe(weights, (float) (mean - standard.offset(weights)), penalty);
        }
    }
}

package dev.vicreg.training.finding;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What VICReg's terms say of projections, whichever its published form. The terms are means over dimensions, so that what
 * follows is exact where all dimensions spread alike, and near to it elsewhere.
 *
 * @param width dimensions of a projection; 0 where they aren't known
 * @param addsVariances whether the variance term is the sum over both branches, not their mean
 * @param sumsInvariance whether the invariance term is a sum over dimensions, not a mean
 */
public record LossShape(int width, boolean addsVariances, boolean sumsInvariance) {
    /** Standard deviation of a dimension: 0 of collapsed projections, 1 of those that the loss is content with. */
    static final String DEVIATION = "deviation";

    /**
     * Mean squared distance between the views of a sample, by that between views of different ones: 0 of views that are one,
     * 1 of views that have nothing in common.
     */
    static final String UNLIKENESS = "unlikeness";

    /** Mean squared correlation between two dimensions: 1 where all move together. */
    static final String CORRELATION = "squared_correlation";

    /** The variance term doesn't tell deviations above 1 apart, so that what follows from them isn't known beyond this. */
    private static final double KNOWN = 0.95;

    private static final double NEAR_ZERO = 1e-12;

    /** Adds what is known of the three to the values of a step, where they have VICReg's terms and these are finite. */
    Map<String, Float> with(Map<String, Float> values) {
        Optional<Float> invariance = finite(values, "invariance");
        Optional<Float> variance = finite(values, "variance");
        Optional<Float> covariance = finite(values, "covariance");
        if (invariance.isEmpty() || variance.isEmpty() || covariance.isEmpty()) {
            return values;
        }
        double deviation = Math.max(0, 1 - variance.get() / (addsVariances ? 2 : 1));
        double square = deviation * deviation;
        Map<String, Float> more = new LinkedHashMap<>(values);
        more.put(DEVIATION, (float) deviation);
        if (deviation > KNOWN) {
            return more;
        }
        if (width > 0 || !sumsInvariance) {
            double distance = invariance.get() / (sumsInvariance ? width : 1);
            more.put(UNLIKENESS, (float) (distance / (2 * square + NEAR_ZERO)));
        }
        if (width > 1) {
            double products = covariance.get() / 2 / (width - 1); // of two branches
            more.put(CORRELATION, (float) (products / (square * square + NEAR_ZERO)));
        }
        return more;
    }

    private static Optional<Float> finite(Map<String, Float> values, String name) {
        return Optional.ofNullable(values.get(name)).filter(value -> Float.isFinite(value));
    }
}

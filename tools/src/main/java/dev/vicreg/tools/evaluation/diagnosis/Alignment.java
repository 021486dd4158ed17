package dev.vicreg.tools.evaluation.diagnosis;

import dev.vicreg.tools.evaluation.VectorRows;

/**
 * How near views of one sample are: the mean squared distance (α = 2) of their vectors at length 1, over all pairs of
 * views of each sample. 0 where a sample's views are one.
 *
 * @see <a href="https://arxiv.org/abs/2005.10242">Wang, Isola, Alignment and uniformity, ICML 2020, section 4</a>
 */
public final class Alignment {
    private Alignment() {}

    /**
     * From 0 to 4.
     *
     * @param views [samples][views][D]: one or more samples, of each the same number of views, two or more
     * @throws IllegalStateException if they aren't, or hold a value that is not finite
     */
    public static double of(float[][][] views) {
        Views.require(views, 1);
        double sum = 0;
        for (float[][] sample : views) {
            float[][] unit = VectorRows.unit(sample);
            double distances = 0;
            for (int i = 0; i < unit.length; i++) {
                for (int j = i + 1; j < unit.length; j++) {
                    distances += VectorRows.squaredDistance(unit[i], unit[j]);
                }
            }
            sum += distances / (unit.length * (unit.length - 1) / 2.0);
        }
        return sum / views.length;
    }
}

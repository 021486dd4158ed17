package dev.vicreg.tools.evaluation.diagnosis;

import java.util.Arrays;

/**
 * α-ReQ: how fast the eigenvalues of the covariance decay, as λᵢ ∝ i^−α. The published work finds good representations
 * near 1; large values mean that few directions hold most, 0 that all hold the same.
 *
 * <p>The fit is that of the authors' package <a href="https://github.com/arnab39/reptrix">reptrix</a> (alpha.py), which
 * takes it from Stringer et al. 2019: least squares of log λᵢ over log i with weights 1/i, over i from 6 to 100.
 *
 * @see <a href="https://proceedings.neurips.cc/paper_files/paper/2022/hash/70596d70542c51c8d9b4e423f4bf2736-Abstract-Conference.html">Agrawal, Mondal, Ghosh, Richards, α-ReQ, NeurIPS 2022</a>
 */
public final class AlphaReQ {
    private static final int FIRST = 6;
    private static final int LAST = 100;
    private static final int FEWEST = 5;

    private AlphaReQ() {}

    /**
     * The slope with its sign turned. Where fewer than 100 eigenvalues are above 0 the fit ends with those; NaN with
     * fewer than 10.
     */
    public static double of(Spectrum spectrum) {
        double[] eigenvalues = spectrum.eigenvalues();
        int last = (int) Math.min(
                LAST, Arrays.stream(eigenvalues).filter(value -> value > 0).count());
        if (last - FIRST + 1 < FEWEST) {
            return Double.NaN;
        }
        double weights = 0;
        double x = 0;
        double y = 0;
        for (int i = FIRST; i <= last; i++) {
            weights += 1.0 / i;
            x += Math.log(i) / i;
            y += Math.log(eigenvalues[i - 1]) / i;
        }
        double xx = 0;
        double xy = 0;
        for (int i = FIRST; i <= last; i++) {
            double distance = Math.log(i) - x / weights;
            xx += distance * distance / i;
            xy += distance * (Math.log(eigenvalues[i - 1]) - y / weights) / i;
        }
        return -xy / xx;
    }
}

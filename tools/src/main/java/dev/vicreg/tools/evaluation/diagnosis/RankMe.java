package dev.vicreg.tools.evaluation.diagnosis;

/**
 * RankMe: the effective rank of vectors, the exponential of the entropy of their singular values divided by their sum. It
 * compares runs of one method; vectors are taken as they are, not centred.
 *
 * @see <a href="https://arxiv.org/abs/2210.02885">Garrido, Balestriero, Najman, LeCun, RankMe, ICML 2023, equation 1</a>
 */
public final class RankMe {
    private static final double EPSILON = 1e-7; // as published, for float32

    private RankMe() {}

    /** From 1 to about the smaller of their number and length; 0 where all are zeros. */
    public static double of(Spectrum spectrum) {
        return Spectrum.effectiveRank(spectrum.singularValues(), EPSILON);
    }
}

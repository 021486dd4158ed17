package dev.vicreg.tools.evaluation.diagnosis;

import java.util.Arrays;
import java.util.Optional;

/** What makes every other measure of vectors meaningless: that all are one, or that some hold no numbers. */
public final class Collapse {
    private Collapse() {}

    /**
     * The collapse in words; empty where there is none, as of fewer than two vectors that are finite.
     *
     * @param vectors rows of one length
     */
    public static Optional<String> of(float[][] vectors) {
        for (int i = 0; i < vectors.length; i++) {
            if (!isFinite(vectors[i])) {
                return Optional.of(
                        "no numbers: vector " + i + " of " + vectors.length + " holds a value that is not finite");
            }
        }
        if (vectors.length < 2 || Covariance.constantDimensions(vectors) < vectors[0].length) {
            return Optional.empty();
        }
        return Optional.of(complete(vectors.length, Arrays.stream(vectors).allMatch(Collapse::isZero)));
    }

    /** Whether a value is not a finite number. */
    public static boolean isNotFinite(float[][] vectors) {
        return !Arrays.stream(vectors).allMatch(Collapse::isFinite);
    }

    static String complete(int vectors, boolean zeros) {
        return "complete collapse: all " + vectors + " vectors are " + (zeros ? "zeros" : "the same");
    }

    /** Whether all values are finite numbers. */
    public static boolean isFinite(float[] vector) {
        for (float value : vector) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isZero(float[] vector) {
        for (float value : vector) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }
}

package dev.vicreg.serve;

import org.jspecify.annotations.Nullable;

/**
 * What comes of a sample.
 *
 * @param embedding [dimension]
 * @param probabilities of a classifier's labels, [labels]; null of an encoder
 */
record Outcome(float[] embedding, float @Nullable [] probabilities) {
    /** Whether all values are numbers that JSON has. */
    boolean isFinite() {
        return isFinite(embedding) && (probabilities == null || isFinite(probabilities));
    }

    private static boolean isFinite(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }
}

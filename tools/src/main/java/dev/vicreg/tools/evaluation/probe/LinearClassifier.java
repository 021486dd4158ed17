package dev.vicreg.tools.evaluation.probe;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A linear classifier of vectors as they are, not standardised: logits = weights · vector + bias.
 *
 * @param weights [classes][D]
 * @param bias [classes]; {@link #NEVER} for a class that had no training rows
 */
public record LinearClassifier(float[][] weights, float[] bias) {
    /** Logit of a class that is never predicted: finite, and of probability 0 in float32. */
    public static final float NEVER = -1e30f;

    /**
     * The logits, [N][classes], summed in float64.
     *
     * @param vectors [N][D]
     */
    public float[][] logits(float[][] vectors) {
        return Arrays.stream(vectors).parallel().map(this::logits).toArray(float[][]::new);
    }

    private float[] logits(float[] vector) {
        float[] logits = new float[bias.length];
        for (int label = 0; label < logits.length; label++) {
            logits[label] = (float) (bias[label] + Products.dot(weights[label], vector));
        }
        return logits;
    }

    /** The class of the largest logit of every vector, the first of equal ones: [N], 0 … classes − 1. */
    public int[] predict(float[][] vectors) {
        return Arrays.stream(vectors)
                .parallel()
                .mapToInt(vector -> largest(logits(vector)))
                .toArray();
    }

    private static int largest(float[] logits) {
        int best = 0;
        for (int label = 1; label < logits.length; label++) {
            if (logits[label] > logits[best]) {
                best = label;
            }
        }
        return best;
    }

    /** Share of the vectors that get their own class, 0 to 1; NaN of no vectors. */
    public double accuracy(float[][] vectors, int[] labels) {
        int[] predicted = predict(vectors);
        long right = IntStream.range(0, predicted.length)
                .filter(i -> predicted[i] == labels[i])
                .count();
        return (double) right / predicted.length;
    }
}

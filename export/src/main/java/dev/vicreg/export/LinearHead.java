package dev.vicreg.export;

import java.util.Arrays;

/**
 * A linear layer on an encoder's embeddings: logits = weights · embedding + bias. What was done to embeddings before it was
 * fitted, such as standardising them, is folded in. The arrays are not copied: nobody writes into them afterwards.
 *
 * @param weights [classes][dimension]
 * @param bias [classes]
 */
public record LinearHead(float[][] weights, float[] bias) {
    /** @throws IllegalArgumentException if the sizes don't fit each other, or a number is not finite */
    public LinearHead {
        if (weights.length == 0 || weights.length != bias.length) {
            throw new IllegalArgumentException("A linear head of " + weights.length + " rows of weights and "
                    + bias.length + " biases: expected as many of either, one for each class");
        }
        requireFinite("biases", bias, bias.length);
        for (float[] row : weights) {
            requireFinite("weights", row, weights[0].length);
        }
    }

    private static void requireFinite(String what, float[] values, int count) {
        if (values.length != count) {
            throw new IllegalArgumentException(
                    "A linear head with rows of " + values.length + " and " + count + " " + what);
        }
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("A linear head has " + what + " that are not finite");
            }
        }
    }

    /** How many classes it tells. */
    public int classes() {
        return weights.length;
    }

    /** Width of the embeddings that it takes. */
    public int dimension() {
        return weights[0].length;
    }

    /** How many values it has. */
    public long parameters() {
        return classes() * (dimension() + 1L);
    }

    /** The logits of an embedding, in float64: [classes]. */
    public double[] logits(float[] embedding) {
        double[] logits = new double[classes()];
        for (int c = 0; c < logits.length; c++) {
            double sum = bias[c];
            for (int d = 0; d < embedding.length; d++) {
                sum += (double) weights[c][d] * embedding[d];
            }
            logits[c] = sum;
        }
        return logits;
    }

    /** The logits of embeddings, each as {@link #logits} gives it: [embeddings][classes]. */
    public double[][] outputs(float[][] embeddings) {
        return Arrays.stream(embeddings).map(this::logits).toArray(double[][]::new);
    }

    /** The softmax of logits over a temperature: [classes]. */
    public static double[] probabilities(double[] logits, double temperature) {
        double most = Arrays.stream(logits).max().orElseThrow();
        double[] probabilities = new double[logits.length];
        double sum = 0;
        for (int c = 0; c < logits.length; c++) {
            probabilities[c] = Math.exp((logits[c] - most) / temperature);
            sum += probabilities[c];
        }
        for (int c = 0; c < probabilities.length; c++) {
            probabilities[c] /= sum;
        }
        return probabilities;
    }

    /** The largest sum of magnitudes that a logit of this embedding adds up: how far roundings of float32 may lead. */
    double magnitude(float[] embedding) {
        double largest = 0;
        for (int c = 0; c < classes(); c++) {
            double sum = Math.abs(bias[c]);
            for (int d = 0; d < embedding.length; d++) {
                sum += Math.abs((double) weights[c][d] * embedding[d]);
            }
            largest = Math.max(largest, sum);
        }
        return largest;
    }
}

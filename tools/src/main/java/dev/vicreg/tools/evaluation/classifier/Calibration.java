package dev.vicreg.tools.evaluation.classifier;

import dev.vicreg.export.LinearHead;

/**
 * Temperature scaling: logits are divided by one number, so that the probabilities of their softmax say how often a
 * classifier is right. Which class is the most probable doesn't change.
 *
 * @param temperature above 1 where the classifier is surer than it is right
 * @see <a href="https://arxiv.org/abs/1706.04599">Guo et al., On calibration of modern neural networks, ICML 2017, sections 2
 *     and 4.2</a>
 */
public record Calibration(double temperature) {
    /** Changes nothing. */
    public static final Calibration NONE = new Calibration(1);

    /** Bins of confidence in {@link #error}, as the paper has. */
    private static final int BINS = 15;

    /** Where all samples are classified rightly, or by chance, the best temperature lies at 0 or infinity: not further. */
    private static final double LEAST = 0.05;

    private static final double MOST = 20;
    /** Halvings of an interval of the inverse temperature, by which it is found as exactly as float64 has it. */
    private static final int HALVINGS = 100;

    /**
     * The temperature between {@value #LEAST} and {@value #MOST} with the smallest negative log likelihood of the labels. As
     * a function of the inverse temperature that is convex, so its derivative has one zero at most.
     *
     * @param logits [samples][classes] of samples that the classifier was not fitted on, at least one
     * @param labels [samples]
     */
    public static Calibration fit(double[][] logits, int[] labels) {
        double low = 1 / MOST;
        double high = 1 / LEAST;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (slope(logits, labels, middle) > 0) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return new Calibration(2 / (low + high));
    }

    /** Derivative of the summed negative log likelihood by the inverse temperature: Σ (mean of logits under p) - logit. */
    private static double slope(double[][] logits, int[] labels, double inverse) {
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double[] probabilities = new Calibration(1 / inverse).probabilities(logits[i]);
            double mean = 0;
            for (int c = 0; c < probabilities.length; c++) {
                mean += probabilities[c] * logits[i][c];
            }
            sum += mean - logits[i][labels[i]];
        }
        return sum;
    }

    /** The softmax of logits over the temperature: [classes]. */
    public double[] probabilities(double[] logits) {
        return LinearHead.probabilities(logits, temperature);
    }

    /**
     * The expected calibration error, 0 to 1: by how much the confidence of predictions differs from the share of right ones,
     * averaged over {@value #BINS} bins of confidence of equal width, each with the weight of its samples.
     */
    public double error(double[][] logits, int[] labels) {
        double[] confidence = new double[BINS];
        int[] right = new int[BINS];
        for (int i = 0; i < labels.length; i++) {
            double[] probabilities = probabilities(logits[i]);
            int predicted = largest(probabilities);
            int bin = Math.max(0, (int) Math.ceil(probabilities[predicted] * BINS) - 1); // (m/15, (m+1)/15]
            confidence[bin] += probabilities[predicted];
            right[bin] += predicted == labels[i] ? 1 : 0;
        }
        double error = 0;
        for (int bin = 0; bin < BINS; bin++) {
            error += Math.abs(confidence[bin] - right[bin]);
        }
        return error / labels.length;
    }

    /** Whether the largest logit of each sample is that of its label. */
    public static boolean[] right(double[][] logits, int[] labels) {
        boolean[] right = new boolean[labels.length];
        for (int i = 0; i < labels.length; i++) {
            right[i] = largest(logits[i]) == labels[i];
        }
        return right;
    }

    /** The mean negative log likelihood of the labels, with the temperature. */
    public double loss(double[][] logits, int[] labels) {
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            sum -= Math.log(Math.max(Double.MIN_NORMAL, probabilities(logits[i])[labels[i]]));
        }
        return sum / labels.length;
    }

    private static int largest(double[] values) {
        int largest = 0;
        for (int c = 1; c < values.length; c++) {
            largest = values[c] > values[largest] ? c : largest;
        }
        return largest;
    }
}

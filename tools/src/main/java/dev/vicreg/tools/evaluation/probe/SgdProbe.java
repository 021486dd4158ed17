package dev.vicreg.tools.evaluation.probe;

import dev.vicreg.training.data.view.SampleRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The linear classifier of the papers, trained by SGD with momentum, a cosine decay of the rate by epochs and weight decay
 * on weights and biases, on frozen vectors as they are. It follows the authors' evaluate.py (Bardes, Ponce, LeCun 2022,
 * VICReg, linear evaluation) but for this: vectors come without augmentation, weights start at 0 and not at small random
 * values, since the problem is convex, and arithmetic is in float64. {@link LinearProbe} is quicker and needs no rate.
 *
 * @param epochs passes over the rows, each in an order of its own
 * @param batch rows a step; the last of an epoch takes what is left
 * @param rate at the start
 * @param momentum of the gradients, 0 or more and below 1
 * @param decay of weights and biases
 * @param seed of the orders
 */
public record SgdProbe(int epochs, int batch, double rate, double momentum, double decay, long seed) {
    /** The paper's setting. The rate fits vectors of a ResNet-50; others may need another. */
    public static final SgdProbe STANDARD = new SgdProbe(100, 256, 0.02, 0.9, 1e-6, 0);

    public SgdProbe {
        if (epochs < 1 || batch < 1 || !(rate > 0) || !(momentum >= 0 && momentum < 1) || !(decay >= 0)) {
            throw new IllegalArgumentException("SGD probe: epochs " + epochs + ", batch " + batch + ", rate " + rate
                    + ", momentum " + momentum + ", decay " + decay);
        }
    }

    /** The same with another rate. */
    public SgdProbe withRate(double other) {
        return new SgdProbe(epochs, batch, other, momentum, decay, seed);
    }

    /**
     * Trains a classifier. A class without rows ends with a low bias. The result does not depend on the number of threads.
     *
     * @param vectors training rows, [N][D], in the order of {@code labels}
     * @param labels [N], 0 … classes − 1
     * @throws IllegalStateException if there are no rows or rows of one class alone, if a value is not finite, or if training
     *     diverged
     */
    public LinearClassifier fit(float[][] vectors, int[] labels, int classes) {
        ProbeRows.require(vectors, labels, classes);
        Standardisation asIs = Standardisation.none(vectors[0].length);
        SoftmaxLoss loss = new SoftmaxLoss(vectors, labels, classes, asIs);
        double[] parameters = new double[loss.parameters()];
        double[] velocity = new double[parameters.length];
        double[] gradient = new double[parameters.length];
        int[] order = IntStream.range(0, labels.length).toArray();
        for (int epoch = 0; epoch < epochs; epoch++) {
            new SampleRandom(seed, epoch).shuffle(order);
            double now = rate * (1 + Math.cos(Math.PI * epoch / epochs)) / 2;
            for (int from = 0; from < order.length; from += batch) {
                int[] rows = Arrays.copyOfRange(order, from, Math.min(from + batch, order.length));
                double value = loss.at(rows, parameters, gradient);
                if (!Double.isFinite(value)) {
                    throw new IllegalStateException("The SGD probe diverged in epoch " + (epoch + 1) + " at a rate of "
                            + rate + "; give it a smaller one");
                }
                step(parameters, velocity, gradient, now);
            }
        }
        return loss.classifier(parameters);
    }

    private void step(double[] parameters, double[] velocity, double[] gradient, double now) {
        for (int i = 0; i < parameters.length; i++) {
            velocity[i] = momentum * velocity[i] + gradient[i] + decay * parameters[i];
            parameters[i] -= now * velocity[i];
        }
    }
}

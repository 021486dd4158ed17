package dev.vicreg.tools.evaluation.online;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A linear classifier that learns beside an encoder, from the representations of each batch as they come: softmax over
 * linear logits of batch-normalised columns without scale or shift (He et al. 2022, Masked autoencoders, section A.1),
 * trained by Adam at 0.001 (Kingma, Ba 2015). Columns are normalised by their batch where it learns, by running moments
 * where it predicts, as PyTorch's BatchNorm1d does.
 *
 * <p>Values are float32 between steps, sums float64, all by one thread: a probe that goes on from {@link #state} is the same
 * bit for bit as one that never stopped. Not thread-safe.
 */
public final class OnlineProbe {
    private static final double RATE = 1e-3;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double ADAM_EPSILON = 1e-8;
    private static final double NORM_EPSILON = 1e-5;
    private static final double NORM_MOMENTUM = 0.1;

    private final int classes;
    private final int width; // of a representation
    private final int row; // of a class's parameters: its weights, then its bias
    private final float[] parameters;
    private final float[] first; // Adam's moments
    private final float[] second;
    private final float[] mean; // running, of each column
    private final float[] variance;
    private int steps;

    /** A probe that has learnt nothing: all logits are 0. */
    public OnlineProbe(int classes, int width) {
        this.classes = classes;
        this.width = width;
        row = width + 1;
        parameters = new float[classes * row];
        first = new float[parameters.length];
        second = new float[parameters.length];
        mean = new float[width];
        variance = new float[width];
        Arrays.fill(variance, 1);
    }

    /**
     * A probe that goes on from a state.
     *
     * @throws IllegalArgumentException if it is none of {@link #state}
     */
    public static OnlineProbe of(Map<String, Tensor> state) {
        Shape shape = tensor(state, "parameters").shape();
        OnlineProbe probe = new OnlineProbe((int) shape.size(0), (int) shape.size(1) - 1);
        probe.all().forEach((name, values) -> {
            float[] saved = tensor(state, name).floats();
            System.arraycopy(saved, 0, values, 0, values.length);
        });
        probe.steps = (int) tensor(state, "steps").floats()[0];
        return probe;
    }

    private static Tensor tensor(Map<String, Tensor> state, String name) {
        Tensor tensor = state.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("A probe's state has no " + name + ", only " + state.keySet());
        }
        return tensor;
    }

    private Map<String, float[]> all() {
        return Map.of("parameters", parameters, "first", first, "second", second, "mean", mean, "variance", variance);
    }

    /**
     * All that it has learnt, float32: {@code parameters} [classes, D + 1], the biases last, Adam's moments {@code first} and
     * {@code second} likewise, {@code mean} and {@code variance} [D], {@code steps} [1].
     */
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        Shape ofClasses = Shape.of(classes, row);
        state.put("parameters", Tensor.of(ofClasses, parameters.clone()));
        state.put("first", Tensor.of(ofClasses, first.clone()));
        state.put("second", Tensor.of(ofClasses, second.clone()));
        state.put("mean", Tensor.of(Shape.of(width), mean.clone()));
        state.put("variance", Tensor.of(Shape.of(width), variance.clone()));
        state.put("steps", Tensor.of(Shape.of(1), steps));
        return state;
    }

    /** How many classes it tells apart. */
    public int classes() {
        return classes;
    }

    /** Length of the representations that it takes. */
    public int width() {
        return width;
    }

    /**
     * One step of Adam on the mean cross entropy of a batch. A batch of fewer than two is passed over, since it has no
     * variance.
     *
     * @param representations finite, [B][D]
     * @param labels [B], 0 … classes − 1
     */
    public void learn(float[][] representations, int[] labels) {
        int count = representations.length;
        if (count < 2) {
            return;
        }
        double[][] normalised = normalised(representations);
        double[] gradient = new double[parameters.length];
        double[] errors = new double[classes];
        for (int i = 0; i < count; i++) {
            probabilities(normalised[i], errors);
            errors[labels[i]] -= 1;
            for (int label = 0; label < classes; label++) {
                double error = errors[label] / count;
                int at = label * row;
                for (int d = 0; d < width; d++) {
                    gradient[at + d] += error * normalised[i][d];
                }
                gradient[at + width] += error;
            }
        }
        update(gradient);
    }

    /** By the mean and the variance of the batch, which move the running ones. */
    private double[][] normalised(float[][] batch) {
        int count = batch.length;
        double[][] normalised = new double[count][width];
        for (int d = 0; d < width; d++) {
            double sum = 0;
            for (float[] vector : batch) {
                sum += vector[d];
            }
            double middle = sum / count;
            double squares = 0;
            for (float[] vector : batch) {
                squares += (vector[d] - middle) * (vector[d] - middle);
            }
            double scale = 1 / Math.sqrt(squares / count + NORM_EPSILON);
            for (int i = 0; i < count; i++) {
                normalised[i][d] = (batch[i][d] - middle) * scale;
            }
            mean[d] += (float) (NORM_MOMENTUM * (middle - mean[d]));
            variance[d] += (float) (NORM_MOMENTUM * (squares / (count - 1) - variance[d]));
        }
        return normalised;
    }

    private void probabilities(double[] normalised, double[] into) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int label = 0; label < classes; label++) {
            double logit = parameters[label * row + width];
            for (int d = 0; d < width; d++) {
                logit += parameters[label * row + d] * normalised[d];
            }
            into[label] = logit;
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (int label = 0; label < classes; label++) {
            into[label] = Math.exp(into[label] - largest);
            sum += into[label];
        }
        for (int label = 0; label < classes; label++) {
            into[label] /= sum;
        }
    }

    private void update(double[] gradient) {
        steps++;
        double correction1 = 1 - Math.pow(BETA1, steps);
        double correction2 = 1 - Math.pow(BETA2, steps);
        for (int i = 0; i < gradient.length; i++) {
            first[i] = (float) (BETA1 * first[i] + (1 - BETA1) * gradient[i]);
            second[i] = (float) (BETA2 * second[i] + (1 - BETA2) * gradient[i] * gradient[i]);
            double denominator = Math.sqrt(second[i] / correction2) + ADAM_EPSILON;
            parameters[i] -= (float) (RATE * first[i] / correction1 / denominator);
        }
    }

    /** The most probable class of each representation, the first of equal ones: [N], 0 … classes − 1. */
    public int[] predict(float[][] representations) {
        double[] probabilities = new double[classes];
        return Arrays.stream(representations)
                .mapToInt(vector -> {
                    double[] normalised = new double[width];
                    for (int d = 0; d < width; d++) {
                        normalised[d] = (vector[d] - mean[d]) / Math.sqrt(variance[d] + NORM_EPSILON);
                    }
                    probabilities(normalised, probabilities);
                    int best = 0;
                    for (int label = 1; label < classes; label++) {
                        best = probabilities[label] > probabilities[best] ? label : best;
                    }
                    return best;
                })
                .toArray();
    }
}

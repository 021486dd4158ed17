package dev.vicreg.tools.evaluation.probe;

import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Multinomial logistic regression on frozen vectors: the sum of the rows' cross entropies plus penalty/2 · ‖weights‖², on
 * columns standardised by the training rows, the biases unpenalised, minimised by L-BFGS in float64. It is what
 * scikit-learn's StandardScaler and LogisticRegression compute with {@code C = 1/penalty} and a softmax over all classes
 * ({@code multi_class="multinomial"}; for two classes scikit-learn's usual form differs). A choice of the penalty on
 * held-out rows is usual for probes (Kornblith et al. 2019, Do better ImageNet models transfer better?, section A.4).
 *
 * <p>Results depend on rows, their order and the seed, not on the number of threads.
 *
 * @param classifier for vectors as they are: standardisation is folded in
 * @param penalty that it was fitted with
 * @param converged whether the optimum was reached; else the classifier is what a thousand iterations gave
 */
public record LinearProbe(LinearClassifier classifier, double penalty, boolean converged) {
    private static final long SEED = 0;
    private static final double DEFAULT_PENALTY = 1; // scikit-learn's
    private static final double TOLERANCE = 1e-6; // of a component of the mean loss's gradient
    private static final double CHOICE_TOLERANCE = 1e-4; // scikit-learn's; what follows changes few predictions
    private static final int ITERATIONS = 1000;
    private static final int PATIENCE = 2;

    /** From strong to weak: scikit-learn's C from 10^-4 to 10^4. */
    private static final double[] PENALTIES = {1e4, 1e3, 1e2, 1e1, 1, 1e-1, 1e-2, 1e-3, 1e-4};

    /** Fits with the penalty that {@link #choosePenalty} gives for the seed 0. */
    public static LinearProbe fit(float[][] vectors, int[] labels, int classes) {
        return fit(vectors, labels, classes, choosePenalty(vectors, labels, classes, SEED));
    }

    /**
     * Fits with a penalty. A class without rows is never predicted.
     *
     * @param vectors training rows, [N][D], in the order of {@code labels}
     * @param labels [N], 0 … classes − 1
     * @param penalty above 0; the inverse of scikit-learn's C
     * @throws IllegalStateException if there are no rows or rows of one class alone, or if a value is not finite
     */
    public static LinearProbe fit(float[][] vectors, int[] labels, int classes, double penalty) {
        Problem problem = new Problem(vectors, labels, classes);
        Lbfgs.Minimum minimum = problem.solve(penalty, new double[problem.loss.parameters()], TOLERANCE);
        return new LinearProbe(problem.classifier(minimum.point()), penalty, minimum.converged());
    }

    /**
     * The penalty of 10^4, 10^3 … 10^-4 that is best on a fifth of the rows, drawn from every class by the seed, after a fit
     * on the others; of equally good ones the strongest. Each fit starts where the one before ended, and what is weaker than
     * two that were no better is not tried. Where every class has one row, nothing can be held out, and it is 1.
     *
     * @throws IllegalStateException as {@link #fit}
     */
    public static double choosePenalty(float[][] vectors, int[] labels, int classes, long seed) {
        ProbeRows.require(vectors, labels, classes);
        HeldOut split = HeldOut.fifth(labels, classes, seed);
        if (split.held().length == 0) {
            return DEFAULT_PENALTY;
        }
        Problem problem =
                new Problem(HeldOut.rows(vectors, split.kept()), HeldOut.labels(labels, split.kept()), classes);
        float[][] held = HeldOut.rows(vectors, split.held());
        int[] heldLabels = HeldOut.labels(labels, split.held());
        double[] point = new double[problem.loss.parameters()];
        double best = -1;
        double chosen = DEFAULT_PENALTY;
        int worse = 0;
        for (int i = 0; i < PENALTIES.length && worse < PATIENCE; i++) {
            point = problem.solve(PENALTIES[i], point, CHOICE_TOLERANCE).point();
            double accuracy = problem.classifier(point).accuracy(held, heldLabels);
            worse = accuracy > best ? 0 : worse + 1;
            if (accuracy > best) {
                best = accuracy;
                chosen = PENALTIES[i];
            }
        }
        return chosen;
    }

    /** Training rows of the classes that have any. */
    private static final class Problem {
        final SoftmaxLoss loss;
        private final Standardisation standard;
        private final int rows;
        private final int classes;
        private final int[] present;

        Problem(float[][] vectors, int[] labels, int classes) {
            int[] counts = ProbeRows.require(vectors, labels, classes);
            this.classes = classes;
            rows = vectors.length;
            present = IntStream.range(0, classes)
                    .filter(label -> counts[label] > 0)
                    .toArray();
            standard = Standardisation.of(vectors);
            int[] places = Arrays.stream(labels)
                    .map(label -> Arrays.binarySearch(present, label))
                    .toArray();
            loss = new SoftmaxLoss(vectors, places, present.length, standard);
        }

        Lbfgs.Minimum solve(double penalty, double[] start, double tolerance) {
            if (!(penalty > 0) || penalty == Double.POSITIVE_INFINITY) {
                throw new SettingException("The penalty of a probe: expected a number above 0, found " + penalty);
            }
            return Lbfgs.minimise(
                    (point, gradient) -> loss.at(point, gradient) + penalty(penalty / rows, point, gradient),
                    start,
                    tolerance,
                    ITERATIONS);
        }

        /** Half the sum of the squared weights times a factor. Adds its gradient. */
        private double penalty(double factor, double[] point, double[] gradient) {
            int width = standard.columns() + 1;
            double squares = 0;
            for (int i = 0; i < point.length; i++) {
                if (i % width < width - 1) { // not a bias
                    squares += point[i] * point[i];
                    gradient[i] += factor * point[i];
                }
            }
            return factor / 2 * squares;
        }

        /** With the classes that have no rows. */
        LinearClassifier classifier(double[] point) {
            LinearClassifier fitted = loss.classifier(point);
            float[][] weights = new float[classes][standard.columns()];
            float[] bias = new float[classes];
            Arrays.fill(bias, LinearClassifier.NEVER);
            for (int i = 0; i < present.length; i++) {
                weights[present[i]] = fitted.weights()[i];
                bias[present[i]] = fitted.bias()[i];
            }
            return new LinearClassifier(weights, bias);
        }
    }
}

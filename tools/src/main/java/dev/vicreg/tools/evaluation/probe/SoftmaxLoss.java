package dev.vicreg.tools.evaluation.probe;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The mean cross entropy of a softmax over linear logits of standardised rows, and its gradient.
 *
 * <p>Parameters lie class by class, each with a weight a column and its bias last: [classes · (D + 1)], float64. Both
 * matrix products go over blocks of rows that stay in the cache. Blocks are shared out by numbers of rows alone and their
 * sums added in order, so results don't depend on the number of threads.
 */
final class SoftmaxLoss {
    private static final int BLOCK = 128; // rows whose logits are kept at a time: vector loops run along them
    private static final int PANEL = 64; // columns that are transposed at a time, for the logits
    private static final int STRIP = 16; // rows whose gradient is added at a time
    private static final int SHARES = 32;
    private static final int SHARED_VALUES = 1 << 23; // 64 MB for the gradients of all shares

    private final float[][] rows;
    private final int[] labels;
    private final Standardisation standard;
    private final int classes;
    private final int width;
    private final int[] all;

    /**
     * @param rows [N][D]
     * @param labels [N], 0 … classes − 1
     */
    SoftmaxLoss(float[][] rows, int[] labels, int classes, Standardisation standard) {
        this.rows = rows;
        this.labels = labels;
        this.standard = standard;
        this.classes = classes;
        this.width = standard.columns() + 1;
        this.all = IntStream.range(0, rows.length).toArray();
    }

    /** How many parameters there are. */
    int parameters() {
        return classes * width;
    }

    /** What parameters predict of rows as they are: standardisation is folded in. */
    LinearClassifier classifier(double[] parameters) {
        float[][] weights = new float[classes][];
        float[] bias = new float[classes];
        for (int label = 0; label < classes; label++) {
            weights[label] = standard.folded(parameters, label * width);
            bias[label] = (float) (parameters[label * width + width - 1] - standard.offset(weights[label]));
        }
        return new LinearClassifier(weights, bias);
    }

    /** The loss of all rows. Writes its gradient. */
    double at(double[] parameters, double[] gradient) {
        return at(all, parameters, gradient);
    }

    /** The loss of some rows, by their indices. Writes its gradient. */
    double at(int[] order, double[] parameters, double[] gradient) {
        int blocks = (order.length + BLOCK - 1) / BLOCK;
        int most = Math.max(4, Math.min(SHARES, SHARED_VALUES / parameters.length));
        int shares = Math.min(blocks, most);
        double[][] weights = IntStream.range(0, classes)
                .mapToObj(label -> Arrays.copyOfRange(parameters, label * width, (label + 1) * width))
                .toArray(double[][]::new);
        Share[] done = IntStream.range(0, shares)
                .parallel()
                .mapToObj(share -> {
                    Share own = new Share(weights);
                    for (int block = share * blocks / shares; block < (share + 1) * blocks / shares; block++) {
                        int from = block * BLOCK;
                        own.add(Arrays.copyOfRange(order, from, Math.min(from + BLOCK, order.length)));
                    }
                    return own;
                })
                .toArray(Share[]::new);
        Arrays.fill(gradient, 0);
        double loss = 0;
        for (Share share : done) {
            loss += share.loss;
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] += share.gradient[i / width][i % width];
            }
        }
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] /= order.length;
        }
        return loss / order.length;
    }

    /** The sums over some blocks, by one thread. */
    private final class Share {
        final double[][] gradient = new double[classes][width];
        double loss;
        private final double[][] weights;
        private final double[][] standardised = new double[BLOCK][width]; // the last column is 1, for the bias
        private final double[][] logits = new double[classes][BLOCK];
        private final double[][] panel = new double[Math.min(PANEL, width)][BLOCK];

        Share(double[][] weights) {
            this.weights = weights;
            for (double[] row : standardised) {
                row[width - 1] = 1;
            }
        }

        void add(int[] block) {
            for (int r = 0; r < block.length; r++) {
                standard.apply(rows[block[r]], standardised[r]);
            }
            for (double[] row : logits) {
                Arrays.fill(row, 0);
            }
            for (int from = 0; from < width; from += PANEL) {
                int columns = Math.min(PANEL, width - from);
                for (int r = 0; r < block.length; r++) {
                    for (int c = 0; c < columns; c++) {
                        panel[c][r] = standardised[r][from + c];
                    }
                }
                Products.add(logits, weights, from, panel, 0, columns, block.length);
            }
            toErrors(block);
            for (int from = 0; from < block.length; from += STRIP) {
                int count = Math.min(STRIP, block.length - from);
                Products.add(gradient, logits, from, standardised, from, count, width);
            }
        }

        /** Logits become probabilities, less 1 for a row's own class; the loss grows by −log of its probability. */
        private void toErrors(int[] block) {
            for (int r = 0; r < block.length; r++) {
                double largest = Double.NEGATIVE_INFINITY;
                for (double[] logit : logits) {
                    largest = Math.max(largest, logit[r]);
                }
                double own = logits[labels[block[r]]][r] - largest;
                double sum = 0;
                for (double[] logit : logits) {
                    logit[r] = Math.exp(logit[r] - largest);
                    sum += logit[r];
                }
                for (double[] logit : logits) {
                    logit[r] /= sum;
                }
                logits[labels[block[r]]][r] -= 1;
                loss += Math.log(sum) - own;
            }
        }
    }
}

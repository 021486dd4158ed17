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
    private static final int STRIP = 16; // rows that are standardised at a time, for the gradient
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

    /** The loss of all rows. Writes its gradient. */
    double at(double[] parameters, double[] gradient) {
        return at(all, parameters, gradient);
    }

    /** The loss of some rows, by their indices. Writes its gradient. */
    double at(int[] order, double[] parameters, double[] gradient) {
        int blocks = (order.length + BLOCK - 1) / BLOCK;
        int most = Math.max(4, Math.min(SHARES, SHARED_VALUES / parameters.length));
        int shares = Math.min(blocks, most);
        Share[] done = IntStream.range(0, shares)
                .parallel()
                .mapToObj(share -> {
                    Share own = new Share(parameters);
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
        private final double[] parameters;
        private final double[][] logits = new double[classes][BLOCK];
        private final double[][] panel = new double[Math.min(PANEL, width)][BLOCK];
        private final double[][] strip = new double[STRIP][width];

        Share(double[] parameters) {
            this.parameters = parameters;
        }

        void add(int[] block) {
            for (double[] row : logits) {
                Arrays.fill(row, 0);
            }
            for (int from = 0; from < width; from += PANEL) {
                addLogits(block, from, Math.min(PANEL, width - from));
            }
            toErrors(block);
            for (int from = 0; from < block.length; from += STRIP) {
                addGradient(block, from, Math.min(STRIP, block.length - from));
            }
        }

        private void addLogits(int[] block, int from, int columns) {
            for (int r = 0; r < block.length; r++) {
                float[] row = rows[block[r]];
                for (int c = 0; c < columns; c++) {
                    panel[c][r] = from + c < width - 1 ? standard.apply(row, from + c) : 1;
                }
            }
            for (int label = 0; label < classes; label++) {
                Products.add(logits[label], 0, block.length, parameters, label * width + from, panel, columns);
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

        private void addGradient(int[] block, int from, int count) {
            for (int r = 0; r < count; r++) {
                float[] row = rows[block[from + r]];
                for (int d = 0; d < width - 1; d++) {
                    strip[r][d] = standard.apply(row, d);
                }
                strip[r][width - 1] = 1;
            }
            for (int label = 0; label < classes; label++) {
                Products.add(gradient[label], 0, width, logits[label], from, strip, count);
            }
        }
    }
}

package dev.vicreg.tools.evaluation.cluster;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.evaluation.RowProducts;
import dev.vicreg.tools.evaluation.VectorRows;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Clusters by Lloyd's algorithm, from starts drawn as k-means++ does (Arthur, Vassilvitskii 2007): the best of some.
 * Of the same vectors and seed it gives the same clusters on one machine.
 *
 * @param clusters to find
 * @param seed of the starts
 * @param restarts how many starts are tried, 1 or more
 * @param iterations of each, at most; it ends where no vector changes its cluster
 * @param unit whether vectors are taken at length 1, so that cosines decide
 */
public record KMeans(int clusters, long seed, int restarts, int iterations, boolean unit) {
    public KMeans {
        if (clusters < 1 || restarts < 1 || iterations < 1) {
            throw new SettingException("k-means: expected 1 or more clusters, restarts and iterations, found "
                    + clusters + ", " + restarts + " and " + iterations);
        }
    }

    /** Of vectors of length 1, with three starts of at most 100 iterations. */
    public static KMeans of(int clusters, long seed) {
        return new KMeans(clusters, seed, 3, 100, true);
    }

    /**
     * What was found.
     *
     * @param labels cluster of each vector, 0 to clusters − 1. Where fewer vectors are different than there are
     *     clusters, some are empty
     * @param inertia sum of the squared distances between vectors and the means of their clusters
     * @param iterations that the best start took
     */
    public record Clusters(int[] labels, double inertia, int iterations) {}

    /**
     * Clusters vectors.
     *
     * @param vectors rows of one length, as many as clusters or more
     * @throws SettingException if there are fewer vectors than clusters
     * @throws IllegalStateException if a vector holds a value that is not finite
     */
    public Clusters cluster(float[][] vectors) {
        VectorRows.require(vectors, 1);
        if (clusters > vectors.length) {
            throw new SettingException(
                    "k-means: cannot make " + clusters + " clusters of " + vectors.length + " vectors; ask for fewer");
        }
        float[][] rows = centred(unit ? VectorRows.unit(vectors) : vectors);
        Random random = new Random(seed);
        Clusters best = null;
        try (RowProducts products = new RowProducts(rows[0].length, false, 0)) {
            for (int i = 0; i < restarts; i++) {
                Clusters found = lloyd(rows, starts(rows, random), products);
                best = best == null || found.inertia < best.inertia ? found : best;
            }
        }
        return Objects.requireNonNull(best);
    }

    /** Rows less their mean, which changes no distance: float32 resolves them better. */
    private static float[][] centred(float[][] rows) {
        double[] mean = new double[rows[0].length];
        for (float[] row : rows) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += (double) row[d] / rows.length;
            }
        }
        return Arrays.stream(rows)
                .map(row -> {
                    float[] centred = new float[row.length];
                    for (int d = 0; d < row.length; d++) {
                        centred[d] = (float) (row[d] - mean[d]);
                    }
                    return centred;
                })
                .toArray(float[][]::new);
    }

    /** Rows drawn one after the other, each as likely as its squared distance from the nearest that was drawn before. */
    private float[][] starts(float[][] rows, Random random) {
        float[][] starts = new float[clusters][];
        double[] distances = new double[rows.length];
        Arrays.fill(distances, Double.POSITIVE_INFINITY);
        int drawn = random.nextInt(rows.length);
        for (int i = 0; i < clusters; i++) {
            float[] start = rows[drawn].clone();
            starts[i] = start;
            IntStream.range(0, rows.length)
                    .parallel()
                    .forEach(row ->
                            distances[row] = Math.min(distances[row], VectorRows.squaredDistance(rows[row], start)));
            drawn = draw(distances, random);
        }
        return starts;
    }

    /** A place, as likely as its weight; any where all are 0. */
    private static int draw(double[] weights, Random random) {
        double sum = Arrays.stream(weights).sum();
        double left = random.nextDouble() * sum;
        int last = sum > 0 ? 0 : random.nextInt(weights.length);
        for (int i = 0; i < weights.length && sum > 0; i++) {
            if (weights[i] > 0) {
                last = i;
                left -= weights[i];
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }

    private Clusters lloyd(float[][] rows, float[][] starts, RowProducts products) {
        float[][] centroids = starts;
        int[] labels = nearest(rows, centroids, products);
        int iteration = 1;
        for (; iteration <= iterations; iteration++) {
            centroids = means(rows, labels, centroids);
            int[] moved = nearest(rows, centroids, products);
            if (Arrays.equals(moved, labels)) {
                break;
            }
            labels = moved;
        }
        float[][] last = centroids;
        int[] found = labels;
        double inertia = IntStream.range(0, rows.length)
                .mapToDouble(i -> VectorRows.squaredDistance(rows[i], last[found[i]]))
                .sum();
        return new Clusters(labels, inertia, Math.min(iteration, iterations));
    }

    /** The nearest centroid c of each row x: where x·c − c·c/2 is largest; of equal ones the first. */
    private static int[] nearest(float[][] rows, float[][] centroids, RowProducts products) {
        double[] halves = Arrays.stream(centroids)
                .mapToDouble(centroid -> VectorRows.squaredDistance(centroid, new float[centroid.length]) / 2)
                .toArray();
        int[] nearest = new int[rows.length];
        double[] best = new double[rows.length];
        Arrays.fill(best, Double.NEGATIVE_INFINITY);
        products.forEach(rows, centroids, (row, from, values) -> {
            for (int i = 0; i < values.length; i++) {
                if (values[i] - halves[from + i] > best[row]) {
                    best[row] = values[i] - halves[from + i];
                    nearest[row] = from + i;
                }
            }
        });
        return nearest;
    }

    /** The clusters' means; a cluster without rows stays where it was. */
    private static float[][] means(float[][] rows, int[] labels, float[][] before) {
        double[][] sums = new double[before.length][rows[0].length];
        int[] counts = new int[before.length];
        for (int i = 0; i < rows.length; i++) {
            counts[labels[i]]++;
            double[] sum = sums[labels[i]];
            for (int d = 0; d < sum.length; d++) {
                sum[d] += rows[i][d];
            }
        }
        float[][] means = before.clone();
        for (int i = 0; i < means.length; i++) {
            if (counts[i] > 0) {
                means[i] = new float[rows[0].length];
                for (int d = 0; d < means[i].length; d++) {
                    means[i][d] = (float) (sums[i][d] / counts[i]);
                }
            }
        }
        return means;
    }
}

package dev.vicreg.runtime.search;

import java.util.Arrays;

/**
 * The two directions in which vectors differ most, for drawing them. By subspace iteration: multiply two directions with the
 * covariance, make them orthonormal, repeat. The same vectors give the same directions. Immutable; thread-safe.
 */
public final class PrincipalComponents {
    private static final int ITERATIONS = 100;

    private final double[] mean;
    private final double[][] directions;
    private final double share;

    private PrincipalComponents(double[] mean, double[][] directions, float[][] vectors) {
        this.mean = mean;
        this.directions = directions;
        share = share(vectors);
    }

    /**
     * Those of some vectors. Where one direction suffices, every place is 0 along the second.
     *
     * @param vectors [samples][any dimension], at least one; only read
     */
    public static PrincipalComponents of(float[][] vectors) {
        double[] mean = new double[vectors[0].length];
        for (float[] vector : vectors) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += vector[d];
            }
        }
        for (int d = 0; d < mean.length; d++) { // after all, so that the mean of one value is this value
            mean[d] /= vectors.length;
        }
        double[][] directions = new double[2][mean.length];
        for (int i = 0; i < mean.length; i++) { // any start that is not orthogonal to the result
            directions[0][i] = 1 + Math.sin(i);
            directions[1][i] = Math.cos(3 * i);
        }
        orthonormalise(directions);
        for (int i = 0; i < ITERATIONS; i++) {
            directions = multiplied(vectors, mean, directions);
            orthonormalise(directions);
        }
        return new PrincipalComponents(mean, directions, vectors);
    }

    /** The directions times the covariance, but for a factor. */
    private static double[][] multiplied(float[][] vectors, double[] mean, double[][] directions) {
        double[][] places = places(vectors, mean, directions);
        double[][] product = new double[2][mean.length];
        for (int s = 0; s < vectors.length; s++) {
            for (int d = 0; d < mean.length; d++) {
                double distance = vectors[s][d] - mean[d];
                product[0][d] += places[s][0] * distance;
                product[1][d] += places[s][1] * distance;
            }
        }
        return product;
    }

    private static double[][] places(float[][] vectors, double[] mean, double[][] directions) {
        return Arrays.stream(vectors)
                .parallel()
                .map(vector -> place(vector, mean, directions))
                .toArray(double[][]::new);
    }

    private static double[] place(float[] vector, double[] mean, double[][] directions) {
        double[] place = new double[2];
        for (int d = 0; d < mean.length; d++) {
            double distance = vector[d] - mean[d];
            place[0] += directions[0][d] * distance;
            place[1] += directions[1][d] * distance;
        }
        return place;
    }

    private double share(float[][] vectors) {
        double shown = 0;
        double all = 0;
        for (float[] vector : vectors) {
            double[] place = place(vector);
            shown += place[0] * place[0] + place[1] * place[1];
            for (int d = 0; d < mean.length; d++) {
                all += (vector[d] - mean[d]) * (vector[d] - mean[d]);
            }
        }
        return shown / all;
    }

    /** How much of the vectors' variance lies in the two directions, 0 to 1; NaN if all vectors are the same. */
    public double share() {
        return share;
    }

    /**
     * Where a vector lies along the two directions, the mean being at 0: [2].
     *
     * @param vector of their dimension; may be none of those that the directions come of
     */
    public double[] place(float[] vector) {
        return place(vector, mean, directions);
    }

    /** The place of each vector: [samples][2]. */
    public double[][] places(float[][] vectors) {
        return places(vectors, mean, directions);
    }

    private static void orthonormalise(double[][] directions) {
        normalise(directions[0]);
        double overlap = 0;
        for (int i = 0; i < directions[0].length; i++) {
            overlap += directions[0][i] * directions[1][i];
        }
        for (int i = 0; i < directions[0].length; i++) {
            directions[1][i] -= overlap * directions[0][i];
        }
        normalise(directions[1]);
    }

    private static void normalise(double[] direction) {
        double sum = 0;
        for (double value : direction) {
            sum += value * value;
        }
        double length = Math.sqrt(sum);
        for (int i = 0; i < direction.length; i++) {
            direction[i] = length < 1e-12 ? 0 : direction[i] / length;
        }
    }
}

package dev.vicreg.tools.evaluation;

import java.util.stream.IntStream;

/** Principal components, by subspace iteration: multiply two directions with the covariance, make them orthonormal, repeat. */
public final class Pca {
    private static final int ITERATIONS = 100;

    private Pca() {}

    /**
     * Places along the two directions of largest variance. What one direction suffices for gets 0 in the second.
     *
     * @param vectors [samples][any dimension], at least one
     * @return [samples][2]
     */
    public static double[][] twoDirections(float[][] vectors) {
        int dimension = vectors[0].length;
        double[] mean = new double[dimension];
        for (float[] vector : vectors) {
            for (int i = 0; i < dimension; i++) {
                mean[i] += vector[i] / (double) vectors.length;
            }
        }
        double[][] directions = new double[2][dimension];
        for (int i = 0; i < dimension; i++) { // any start that is not orthogonal to the result
            directions[0][i] = 1 + Math.sin(i);
            directions[1][i] = Math.cos(3 * i);
        }
        orthonormalise(directions);
        for (int i = 0; i < ITERATIONS; i++) {
            double[][] places = project(vectors, mean, directions);
            directions = new double[2][dimension];
            for (int s = 0; s < vectors.length; s++) {
                for (int d = 0; d < dimension; d++) {
                    double distance = vectors[s][d] - mean[d];
                    directions[0][d] += places[s][0] * distance;
                    directions[1][d] += places[s][1] * distance;
                }
            }
            orthonormalise(directions);
        }
        return project(vectors, mean, directions);
    }

    private static double[][] project(float[][] vectors, double[] mean, double[][] directions) {
        return IntStream.range(0, vectors.length)
                .parallel()
                .mapToObj(s -> {
                    double[] place = new double[2];
                    for (int d = 0; d < mean.length; d++) {
                        double distance = vectors[s][d] - mean[d];
                        place[0] += directions[0][d] * distance;
                        place[1] += directions[1][d] * distance;
                    }
                    return place;
                })
                .toArray(double[][]::new);
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

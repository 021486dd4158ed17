package dev.vicreg.tools.evaluation.diagnosis;

import dev.vicreg.tools.evaluation.VectorRows;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * How much of vectors lies in each direction. Both lists have the smaller of N and D entries. What float64 can't tell
 * from 0, less than N or D times 2⁻⁵² of the largest eigenvalue, is 0.
 *
 * @param eigenvalues of the covariance (divided by N − 1), descending
 * @param singularValues of the vectors as they are, not centred, descending
 */
public record Spectrum(double[] eigenvalues, double[] singularValues) {
    /**
     * The spectrum of N vectors, by an eigendecomposition of the smaller of XᵀX and XXᵀ: some ten seconds where that has
     * 2,048 rows.
     *
     * @param vectors two or more rows of one length
     * @throws IllegalStateException if they aren't, or hold a value that is not finite
     */
    public static Spectrum of(float[][] vectors) {
        VectorRows.require(vectors, 2);
        return vectors.length < vectors[0].length ? ofRows(vectors) : of(Covariance.of(vectors));
    }

    /** From XᵀX; with more dimensions than vectors, the rest is 0 and {@link #ofRows} faster. */
    static Spectrum of(Covariance covariance) {
        DMatrixRMaj uncentred = covariance.scatter().copy();
        double[] mean = covariance.mean();
        for (int i = 0; i < mean.length; i++) {
            for (int j = 0; j < mean.length; j++) {
                uncentred.add(i, j, covariance.count() * mean[i] * mean[j]);
            }
        }
        return of(covariance.scatter(), uncentred, covariance.count());
    }

    /** From XXᵀ, [N,N]. */
    static Spectrum ofRows(float[][] vectors) {
        double[] mean = Covariance.mean(vectors);
        int count = vectors.length;
        DMatrixRMaj centred = Gram.ofRows(count, mean.length, i -> Covariance.centred(vectors[i], mean));
        double[] zero = new double[mean.length];
        DMatrixRMaj uncentred = Gram.ofRows(count, mean.length, i -> Covariance.centred(vectors[i], zero));
        return of(centred, uncentred, count);
    }

    private static Spectrum of(DMatrixRMaj centred, DMatrixRMaj uncentred, int count) {
        List<double[]> both = IntStream.range(0, 2) // EJML computes with one thread
                .parallel()
                .mapToObj(i -> eigenvalues(i == 0 ? centred : uncentred))
                .toList();
        return new Spectrum(
                Arrays.stream(both.get(0)).map(value -> value / (count - 1)).toArray(),
                Arrays.stream(both.get(1)).map(Math::sqrt).toArray());
    }

    /** Of a positive semidefinite matrix, descending. */
    static double[] eigenvalues(DMatrixRMaj matrix) {
        int n = matrix.numRows;
        EigenDecomposition_F64<DMatrixRMaj> decomposition = DecompositionFactory_DDRM.eig(n, false, true);
        if (!decomposition.decompose(matrix.copy())) {
            throw new IllegalStateException("The eigenvalues of a matrix of " + n + " rows were not found");
        }
        double[] ascending = IntStream.range(0, n)
                .mapToDouble(i -> decomposition.getEigenvalue(i).getReal())
                .sorted()
                .toArray();
        double rounding = n * Math.ulp(1.0) * ascending[n - 1];
        return IntStream.range(0, n)
                .mapToDouble(i -> ascending[n - 1 - i])
                .map(value -> value > rounding ? value : 0)
                .toArray();
    }

    /**
     * Effective rank (Roy, Vetterli 2007): the exponential of the entropy of values divided by their sum, each part plus
     * {@code epsilon}. 0 where all are 0.
     */
    static double effectiveRank(double[] values, double epsilon) {
        double sum = Arrays.stream(values).sum();
        return sum == 0
                ? 0
                : Math.exp(Arrays.stream(values)
                        .map(value -> value / sum + epsilon)
                        .map(part -> -part * Math.log(part))
                        .sum());
    }
}

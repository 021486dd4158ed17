package dev.vicreg.tools.evaluation.diagnosis;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.decomposition.TriangularSolver_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.CholeskyDecomposition_F64;

/**
 * LiDAR: the effective rank of Σw^−½ Σb Σw^−½, the matrix of linear discriminant analysis that takes each sample's views
 * for a class. Σb is the covariance of the samples' means, Σw that of views about their sample's mean, plus δ·I. What
 * varies between a sample's views doesn't count, as it does in {@link RankMe}.
 *
 * <p>The parts λᵢ/Σλ + ε are the paper's. δ, ε and the covariances, which are unbiased, are those of <a
 * href="https://github.com/rbalestr-lab/stable-pretraining">stable-pretraining</a> (callbacks/lidar.py).
 *
 * @see <a href="https://arxiv.org/abs/2312.04000">Thilak et al., LiDAR, ICLR 2024</a>
 */
public final class Lidar {
    private static final double DELTA = 1e-4;
    private static final double EPSILON = 1e-8;

    private Lidar() {}

    /**
     * From 1 to about the smaller of D and samples − 1; 0 where all samples' means are one.
     *
     * @param views [samples][views][D]: two or more samples, of each the same number of views, two or more
     * @throws IllegalStateException if they aren't, or hold a value that is not finite
     */
    public static double of(float[][][] views) {
        Views.require(views, 2);
        int samples = views.length;
        int each = views[0].length;
        int dimension = views[0][0].length;
        double[][] means = Arrays.stream(views).map(Covariance::mean).toArray(double[][]::new);
        DMatrixRMaj within = Gram.ofColumns(
                samples * each, dimension, i -> Covariance.centred(views[i / each][i % each], means[i / each]));
        for (int i = 0; i < within.data.length; i++) {
            within.data[i] /= samples * (each - 1.0);
        }
        for (int d = 0; d < dimension; d++) {
            within.add(d, d, DELTA);
        }
        double[] spectrum = discriminant(within, centred(means));
        // The eigenvalues that XXᵀ lacks are 0. They count, since the paper adds ε to each.
        return Spectrum.effectiveRank(Arrays.copyOf(spectrum, dimension), EPSILON);
    }

    private static double[][] centred(double[][] rows) {
        double[] mean = new double[rows[0].length];
        for (double[] row : rows) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += row[d] / rows.length;
            }
        }
        return Arrays.stream(rows)
                .map(row -> IntStream.range(0, mean.length)
                        .mapToDouble(d -> row[d] - mean[d])
                        .toArray())
                .toArray(double[][]::new);
    }

    /**
     * Eigenvalues of Σw^−½ Σb Σw^−½ but for a factor: those of YᵀY or YYᵀ, where the rows of Y are L⁻¹(μ − mean) and L
     * is the Cholesky factor of Σw.
     */
    private static double[] discriminant(DMatrixRMaj within, double[][] means) {
        int dimension = within.numRows;
        CholeskyDecomposition_F64<DMatrixRMaj> cholesky = DecompositionFactory_DDRM.chol(dimension, true);
        if (!cholesky.decompose(within)) {
            throw new IllegalStateException("LiDAR: the covariance within samples is not positive definite");
        }
        double[] lower = cholesky.getT(null).data;
        Arrays.stream(means).parallel().forEach(row -> TriangularSolver_DDRM.solveL(lower, row, dimension));
        return Spectrum.eigenvalues(
                means.length < dimension
                        ? Gram.ofRows(means.length, dimension, i -> means[i])
                        : Gram.ofColumns(means.length, dimension, i -> means[i]));
    }
}

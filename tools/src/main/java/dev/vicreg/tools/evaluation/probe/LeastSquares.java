package dev.vicreg.tools.evaluation.probe;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The products of columns with each other, and least squares by them. */
final class LeastSquares {
    private static final int BLOCK = 512; // rows that are read at a time
    private static final int STRIP = 16; // rows whose products are added at a time
    private static final int SHARE = 16; // columns that a thread takes at a time

    private LeastSquares() {}

    /** Rows by their number. */
    interface Rows {
        void read(int row, double[] into);
    }

    /** XᵀX of the rows X: [columns][columns]. Each column is summed in the order of the rows, whatever thread takes it. */
    static double[][] of(int rows, int columns, Rows source) {
        double[][] products = new double[columns][columns];
        double[][] block = new double[BLOCK][columns];
        double[][] transposed = new double[columns][BLOCK];
        int shares = (columns + SHARE - 1) / SHARE;
        for (int from = 0; from < rows; from += BLOCK) {
            int first = from;
            int count = Math.min(BLOCK, rows - from);
            IntStream.range(0, count).parallel().forEach(r -> source.read(first + r, block[r]));
            IntStream.range(0, shares).parallel().forEach(share -> {
                int low = share * SHARE;
                int high = Math.min(columns, low + SHARE);
                for (int r = 0; r < count; r++) {
                    for (int c = low; c < high; c++) {
                        transposed[c][r] = block[r][c];
                    }
                }
                double[][] sums = Arrays.copyOfRange(products, low, high);
                double[][] factors = Arrays.copyOfRange(transposed, low, high);
                for (int strip = 0; strip < count; strip += STRIP) {
                    Products.add(sums, factors, strip, block, strip, Math.min(STRIP, count - strip), columns);
                }
            });
        }
        return products;
    }

    /**
     * The weights of all columns but the last that come closest to the last, in squared error plus penalty · ‖weights‖²:
     * (A + penalty · I) w = b, by Cholesky's decomposition A + penalty · I = UᵀU.
     *
     * @param products as {@link #of} gives them; left as they are
     */
    static double[] solve(double[][] products, double penalty) {
        int n = products.length - 1;
        double[][] u = new double[n][];
        double[] solution = new double[n];
        for (int i = 0; i < n; i++) {
            double[] row = products[i].clone(); // its end is b, which so becomes U⁻ᵀb
            row[i] += penalty;
            double[] above = new double[i];
            for (int j = 0; j < i; j++) {
                above[j] = -u[j][i];
            }
            Products.add(new double[][] {row}, new double[][] {above}, 0, u, 0, i, n + 1);
            if (!(row[i] > 0)) {
                throw new IllegalStateException("Ridge regression needs a penalty above " + penalty
                        + " for these vectors: their columns depend on each other");
            }
            double scale = 1 / Math.sqrt(row[i]);
            for (int j = i; j <= n; j++) {
                row[j] *= scale;
            }
            u[i] = row;
        }
        for (int i = n - 1; i >= 0; i--) {
            double rest = u[i][n];
            for (int j = i + 1; j < n; j++) {
                rest -= u[i][j] * solution[j];
            }
            solution[i] = rest / u[i][i];
        }
        return solution;
    }
}

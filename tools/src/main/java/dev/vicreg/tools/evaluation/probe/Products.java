package dev.vicreg.tools.evaluation.probe;

/** The inner loops of matrix products, in float64. */
final class Products {
    private Products() {}

    /**
     * Adds a product of two matrices: sums[k][i] += Σ factors[k][first + j] · rows[from + j][i] over j = 0 … count − 1, for
     * every k and i = 0 … columns − 1. Four rows at a time: of more, HotSpot 17 makes no vector instructions.
     */
    static void add(double[][] sums, double[][] factors, int first, double[][] rows, int from, int count, int columns) {
        for (int k = 0; k < sums.length; k++) {
            int j = 0;
            for (; j + 4 <= count; j += 4) {
                addFour(sums[k], factors[k], first + j, rows, from + j, columns);
            }
            for (; j < count; j++) {
                add(sums[k], factors[k][first + j], rows[from + j], columns);
            }
        }
    }

    private static void addFour(double[] sum, double[] factors, int at, double[][] rows, int from, int columns) {
        double a = factors[at];
        double b = factors[at + 1];
        double c = factors[at + 2];
        double d = factors[at + 3];
        double[] rowA = rows[from];
        double[] rowB = rows[from + 1];
        double[] rowC = rows[from + 2];
        double[] rowD = rows[from + 3];
        for (int i = 0; i < columns; i++) {
            sum[i] += a * rowA[i] + b * rowB[i] + c * rowC[i] + d * rowD[i];
        }
    }

    private static void add(double[] sum, double factor, double[] row, int columns) {
        for (int i = 0; i < columns; i++) {
            sum[i] += factor * row[i];
        }
    }

    /** The product of two vectors of equal length. */
    static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    /** The product of two vectors of equal length; four sums, since each addition waits for the one before. */
    static double dot(float[] x, float[] y) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 4 <= x.length; i += 4) {
            a += (double) x[i] * y[i];
            b += (double) x[i + 1] * y[i + 1];
            c += (double) x[i + 2] * y[i + 2];
            d += (double) x[i + 3] * y[i + 3];
        }
        for (; i < x.length; i++) {
            a += (double) x[i] * y[i];
        }
        return (a + b) + (c + d);
    }
}

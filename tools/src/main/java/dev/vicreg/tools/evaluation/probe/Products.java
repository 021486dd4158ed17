package dev.vicreg.tools.evaluation.probe;

/** The inner loops of matrix products, in float64. */
final class Products {
    private Products() {}

    /**
     * Adds multiples of rows to {@code sum}: sum[i] += Σ factors[first + j] · rows[j][i] over j = 0 … count − 1, for i =
     * start … end − 1. Eight rows at a time, so that HotSpot's vector instructions load and store a sum once for eight
     * products.
     */
    static void add(double[] sum, int start, int end, double[] factors, int first, double[][] rows, int count) {
        int j = 0;
        for (; j + 8 <= count; j += 8) {
            addEight(sum, start, end, factors, first + j, rows, j);
        }
        for (; j < count; j++) {
            double factor = factors[first + j];
            double[] row = rows[j];
            for (int i = start; i < end; i++) {
                sum[i] += factor * row[i];
            }
        }
    }

    private static void addEight(double[] sum, int start, int end, double[] factors, int at, double[][] rows, int j) {
        double a = factors[at];
        double b = factors[at + 1];
        double c = factors[at + 2];
        double d = factors[at + 3];
        double e = factors[at + 4];
        double f = factors[at + 5];
        double g = factors[at + 6];
        double h = factors[at + 7];
        double[] ra = rows[j];
        double[] rb = rows[j + 1];
        double[] rc = rows[j + 2];
        double[] rd = rows[j + 3];
        double[] re = rows[j + 4];
        double[] rf = rows[j + 5];
        double[] rg = rows[j + 6];
        double[] rh = rows[j + 7];
        for (int i = start; i < end; i++) {
            double left = a * ra[i] + b * rb[i] + c * rc[i] + d * rd[i];
            double right = e * re[i] + f * rf[i] + g * rg[i] + h * rh[i];
            sum[i] += left + right;
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

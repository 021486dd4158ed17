package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embeddings;
import java.util.Arrays;
import java.util.Random;

/** What every measure of a set of vectors, one a row, asks of it. */
public final class VectorRows {
    private static final long SEED = 0;

    private VectorRows() {}

    /**
     * Checks that there are {@code least} rows or more, all of one length and of finite values.
     *
     * @param least 1 or more
     * @throws IllegalStateException naming the first row that isn't so
     */
    public static void require(float[][] rows, int least) {
        if (rows.length < least) {
            throw new IllegalStateException(
                    "Cannot measure so few vectors: found " + rows.length + ", expected " + least + " or more");
        }
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != rows[0].length) {
                throw new IllegalStateException("Vector " + i + " has " + rows[i].length + " values; expected "
                        + rows[0].length + ", as vector 0");
            }
            for (float value : rows[i]) {
                if (!Float.isFinite(value)) {
                    throw notFinite(i);
                }
            }
        }
    }

    static IllegalStateException notFinite(int row) {
        return new IllegalStateException("Vector " + row + " holds a value that is not a finite number");
    }

    /** All rows, or {@code most} that are drawn without replacement and always the same, in their order. */
    public static float[][] sample(float[][] rows, int most) {
        return Arrays.stream(draw(rows.length, most)).mapToObj(i -> rows[i]).toArray(float[][]::new);
    }

    /** The numbers from 0 to {@code count} − 1, or {@code most} of them, always the same, ascending. */
    public static int[] draw(int count, int most) {
        int[] drawn = new int[Math.min(count, most)];
        Random random = new Random(SEED);
        int taken = 0;
        for (int i = 0; i < count && taken < drawn.length; i++) { // selection sampling: Knuth, volume 2, algorithm S
            if (random.nextDouble() * (count - i) < drawn.length - taken) {
                drawn[taken++] = i;
            }
        }
        return drawn;
    }

    /** Copies of length 1; zeros stay zeros. */
    public static float[][] unit(float[][] rows) {
        return Arrays.stream(rows).parallel().map(Embeddings::normalised).toArray(float[][]::new);
    }

    /** The square of their Euclidean distance, summed in float64. */
    public static double squaredDistance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double difference = (double) a[i] - b[i];
            sum += difference * difference;
        }
        return sum;
    }
}

package dev.vicreg.tools.evaluation.advice;

import dev.vicreg.tools.evaluation.VectorRows;
import dev.vicreg.tools.evaluation.Vectors;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How strange a change makes samples among those of their set: how far a changed sample is from the nearest other sample,
 * as a multiple of how far it is unchanged; the median over samples. About 1 where changed samples look like others of the
 * set, such as mirrored photographs; more where they don't, such as mirrored digits. Nothing is trained for it.
 *
 * <p>This project's own measure, of raw values: pixels, columns in units of their deviations, samples of signals, counts of
 * ids.
 */
public final class Strangeness {
    private static final int MOST_SAMPLES = 1500;
    private static final int MOST_CHANGED = 400;
    private static final int MOST_COUNTS = 512;

    /** Distances below this share of the median are those of near-duplicates. */
    private static final double NEAR = 0.05;

    private final int[] samples;
    private final float[][] plain;
    private final float[] deviation;
    private final double[] nearest;

    /**
     * Looks at the samples as they are.
     *
     * @param unchanged whose augmentation changes nothing; at least three samples
     */
    public Strangeness(ViewSource unchanged) throws IOException {
        samples = VectorRows.draw(unchanged.data().size(), MOST_SAMPLES);
        float[][] values = values(unchanged, samples);
        deviation = deviations(values, unchanged.type());
        plain = scaled(values);
        nearest = nearest(Arrays.copyOf(plain, changed()));
    }

    private int changed() {
        return Math.min(MOST_CHANGED, samples.length);
    }

    /**
     * That of an augmentation, of one view of each sample.
     *
     * @param views of the same samples
     */
    public double of(ViewSource views) throws IOException {
        double[] distances = nearest(scaled(values(views, Arrays.copyOf(samples, changed()))));
        double least = NEAR * median(nearest);
        return median(IntStream.range(0, distances.length)
                .mapToDouble(i -> distances[i] / Math.max(Double.MIN_NORMAL, Math.max(least, nearest[i])))
                .toArray());
    }

    /** Share of the samples that have another one very near, 0 to 1: a twentieth of the usual distance at most. */
    public double nearDuplicates() {
        double near = NEAR * median(nearest);
        return Arrays.stream(nearest).filter(distance -> distance <= near).count() / (double) nearest.length;
    }

    private static double median(double[] values) {
        double[] sorted = Arrays.stream(values).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    /** Distances of each row from the nearest sample but its own. */
    private double[] nearest(float[][] rows) {
        return IntStream.range(0, rows.length)
                .parallel()
                .mapToDouble(i -> Math.sqrt(IntStream.range(0, plain.length)
                        .filter(j -> j != i)
                        .mapToDouble(j -> VectorRows.squaredDistance(rows[i], plain[j]))
                        .min()
                        .orElseThrow()))
                .toArray();
    }

    private static float[][] values(ViewSource views, int[] samples) throws IOException {
        ViewType type = views.type();
        ByteBuffer view = ByteBuffer.allocateDirect(type.bytes()).order(ByteOrder.nativeOrder());
        float[][] values = new float[samples.length][];
        for (int i = 0; i < samples.length; i++) {
            views.sample(samples[i]).write(new ViewKey(0, 0, samples[i], 0), view, 0);
            values[i] = values(type, view);
        }
        return values;
    }

    private static float[] values(ViewType type, ByteBuffer view) {
        int size = type.shape().stream().reduce(1, Math::multiplyExact);
        float[] values = new float[size];
        switch (type.element()) {
            case FLOAT32 -> view.asFloatBuffer().get(0, values);
            case UINT8 -> {
                for (int i = 0; i < size; i++) {
                    values[i] = view.get(i) & 0xff;
                }
            }
            case INT64 -> {
                int[] ids = IntStream.range(0, size)
                        .map(i -> (int) view.asLongBuffer().get(i))
                        .toArray();
                return Vectors.counts(ids, MOST_COUNTS);
            }
        }
        return values;
    }

    private float[][] scaled(float[][] rows) {
        for (float[] row : rows) {
            for (int d = 0; d < row.length; d++) {
                row[d] /= deviation[d];
            }
        }
        return rows;
    }

    /** Of each column of a table; 1 elsewhere, where all values have one unit. */
    private static float[] deviations(float[][] rows, ViewType type) {
        float[] deviations = new float[rows[0].length];
        boolean columns =
                type.element() == ViewType.Element.FLOAT32 && type.shape().size() == 1;
        for (int d = 0; d < deviations.length; d++) {
            int column = d;
            double mean = Arrays.stream(rows)
                    .mapToDouble(row -> row[column])
                    .average()
                    .orElse(0);
            double square = Arrays.stream(rows)
                    .mapToDouble(row -> (row[column] - mean) * (row[column] - mean))
                    .average()
                    .orElse(0);
            deviations[d] = columns && square > 0 ? (float) Math.sqrt(square) : 1;
        }
        return deviations;
    }
}

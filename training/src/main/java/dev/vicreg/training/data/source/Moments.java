package dev.vicreg.training.data.source;

import java.util.ArrayList;
import java.util.List;

/**
 * Mean and standard deviation of each column of vectors or each channel of signals over a data set.
 *
 * @param deviation 1 where all values are the same, so that dividing by it is safe
 */
public record Moments(List<Float> mean, List<Float> deviation) {
    /** Copies the lists. */
    public Moments {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
    }

    public static Moments of(List<Part> columns) {
        List<Float> mean = new ArrayList<>();
        List<Float> deviation = new ArrayList<>();
        for (Part column : columns) {
            double spread = Math.sqrt(column.squares / column.count);
            // the rounding of its mean leaves something over even of a constant column
            boolean constant = spread <= 1e-7 * Math.abs(column.mean) || spread < Float.MIN_NORMAL;
            mean.add((float) column.mean);
            deviation.add(constant ? 1 : (float) spread);
        }
        return new Moments(mean, deviation);
    }

    /**
     * Of some values.
     *
     * @param squares sum of the squared distances from the mean
     */
    public record Part(long count, double mean, double squares) {
        static final Part NONE = new Part(0, 0, 0);

        public interface Values {
            float at(int index);
        }

        /** In two passes, so that a mean far from zero costs no digits. */
        public static Part of(int count, Values values) {
            double sum = 0;
            for (int i = 0; i < count; i++) {
                sum += values.at(i);
            }
            double mean = sum / count;
            double squares = 0;
            for (int i = 0; i < count; i++) {
                double distance = values.at(i) - mean;
                squares += distance * distance;
            }
            return new Part(count, mean, squares);
        }

        /** Of both together (Chan, Golub and LeVeque 1979, Updating formulae). */
        public Part and(Part other) {
            long total = count + other.count;
            double distance = other.mean - mean;
            double share = (double) other.count / total;
            return new Part(
                    total, mean + share * distance, squares + other.squares + distance * distance * share * count);
        }
    }
}

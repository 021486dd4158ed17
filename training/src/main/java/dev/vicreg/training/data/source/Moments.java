package dev.vicreg.training.data.source;

import java.util.ArrayList;
import java.util.List;

/**
 * Mean and standard deviation of each column of vectors or each channel of signals over a data set.
 *
 * @param deviation 1 where all values are the same, so that dividing by it is safe
 */
public record Moments(List<Float> mean, List<Float> deviation) {
    /** With so many, rounding adds less than 4 % of a deviation. */
    private static final int STEPS_IN_A_DEVIATION = 8;

    /** Copies the lists. */
    public Moments {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
    }

    public static Moments of(List<Part> columns) {
        List<Float> mean = new ArrayList<>();
        List<Float> deviation = new ArrayList<>();
        for (Part column : columns) {
            double spread = column.deviation();
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
     * @param min,max the smallest and the largest
     */
    public record Part(long count, double mean, double squares, double min, double max) {

        public interface Values {
            double at(int index);
        }

        /** In two passes, so that a mean far from zero costs no digits. */
        public static Part of(int count, Values values) {
            double sum = 0;
            double min = Double.POSITIVE_INFINITY;
            double max = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < count; i++) {
                double value = values.at(i);
                sum += value;
                min = Math.min(min, value);
                max = Math.max(max, value);
            }
            double mean = sum / count;
            double squares = 0;
            for (int i = 0; i < count; i++) {
                double distance = values.at(i) - mean;
                squares += distance * distance;
            }
            return new Part(count, mean, squares, min, max);
        }

        /** Of both together (Chan, Golub and LeVeque 1979, Updating formulae). */
        public Part and(Part other) {
            long total = count + other.count;
            double distance = other.mean - mean;
            double share = (double) other.count / total;
            return new Part(
                    total,
                    mean + share * distance,
                    squares + other.squares + distance * distance * share * count,
                    Math.min(min, other.min),
                    Math.max(max, other.max));
        }

        /** The standard deviation. */
        public double deviation() {
            return Math.sqrt(squares / count);
        }

        /**
         * The distance of neighbouring numbers in float32 around these values, where it is so large against their
         * deviation that they would be mostly rounding in it; 0 where float32 does, and where all values are the same.
         */
        public double tooCoarse() {
            double step = Math.ulp((float) Math.max(Math.abs(min), Math.abs(max)));
            return min < max && deviation() < STEPS_IN_A_DEVIATION * step ? step : 0;
        }
    }
}

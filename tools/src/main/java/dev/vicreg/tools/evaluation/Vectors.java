package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import java.util.List;

/** Vectors that need no encoder. */
public final class Vectors {
    private Vectors() {}

    /** A row of a table, each column less its mean and divided by its standard deviation in the training set. */
    public static float[] standardized(float[] vector, Input<?> input) {
        float[] scaled = new float[vector.length];
        for (int i = 0; i < vector.length; i++) {
            scaled[i] = (vector[i] - input.mean().get(i)) / input.deviation().get(i);
        }
        return scaled;
    }

    /**
     * A signal as one vector, standardised likewise: channel after channel, each reduced to the means of neighbouring
     * values where it has more than {@code most}.
     */
    public static float[] standardized(Signal signal, Input<?> input, int most) {
        int length = Math.min(most, signal.length());
        float[] vector = new float[signal.channels() * length];
        for (int c = 0; c < signal.channels(); c++) {
            float[] channel = signal.samples()[c];
            for (int i = 0; i < length; i++) {
                int from = (int) ((long) i * channel.length / length);
                int to = (int) ((i + 1L) * channel.length / length);
                double sum = 0;
                for (int j = from; j < to; j++) {
                    sum += channel[j];
                }
                double mean = sum / (to - from);
                vector[c * length + i] = (float)
                        ((mean - input.mean().get(c)) / input.deviation().get(c));
            }
        }
        return vector;
    }

    /**
     * How often each id is in a sequence, whatever the order; ids beyond {@code most} share places with smaller ones
     * (Weinberger et al., Feature hashing, ICML 2009, without signs).
     */
    public static float[] counts(int[] ids, int most) {
        float[] counts = new float[most];
        for (int id : ids) {
            counts[id % most]++;
        }
        return counts;
    }

    /**
     * Pixels as vectors, each channel less its mean and divided by its standard deviation.
     *
     * @param moments of a training set: see {@link Moments#of}
     * @return [pictures][height · width · channels]
     */
    public static float[][] pixels(List<Picture> pictures, Moments moments) {
        float[][] vectors = new float[pictures.size()][];
        for (int i = 0; i < vectors.length; i++) {
            byte[] samples = pictures.get(i).samples();
            float[] vector = new float[samples.length];
            for (int j = 0; j < samples.length; j++) {
                int channel = j % pictures.get(i).channels();
                vector[j] = (float) (((samples[j] & 0xff) - moments.mean[channel]) / moments.deviation[channel]);
            }
            vectors[i] = vector;
        }
        return vectors;
    }

    /**
     * Mean and standard deviation of each channel, in grey levels.
     */
    public record Moments(double[] mean, double[] deviation) {
        /** Over all pixels of the pictures; the deviation of a constant channel is taken as 1. */
        public static Moments of(List<Picture> pictures) {
            int channels = pictures.get(0).channels();
            long[] sum = new long[channels];
            long[] squares = new long[channels];
            long pixels = 0;
            for (Picture picture : pictures) {
                byte[] samples = picture.samples();
                pixels += samples.length / channels;
                for (int j = 0; j < samples.length; j++) {
                    int value = samples[j] & 0xff;
                    sum[j % channels] += value;
                    squares[j % channels] += (long) value * value;
                }
            }
            double[] mean = new double[channels];
            double[] deviation = new double[channels];
            for (int c = 0; c < channels; c++) {
                mean[c] = (double) sum[c] / pixels;
                double variance = (double) squares[c] / pixels - mean[c] * mean[c];
                deviation[c] = variance > 0 ? Math.sqrt(variance) : 1;
            }
            return new Moments(mean, deviation);
        }
    }
}

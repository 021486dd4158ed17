package dev.vicreg.models.nn;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;

/**
 * Signals as pictures of how loud each pitch is at each time, made of operators that any ONNX runtime has: a convolution
 * with windowed cosines and sines is the short-time Fourier transform, a matrix product gathers its power into bands of
 * equal width on the mel scale, a logarithm follows.
 *
 * <p>Windows are Hann's (periodic), zero-padded to the next power of two, and begin at 0, hop, 2·hop, …: no padding at the
 * ends. Power is divided by the window's, so that white noise of variance 1 has power 1 in every bin. Bands are triangles
 * on the scale 2595·log10(1 + f/700) (O'Shaughnessy 1987, as in HTK), each of weight 1. With p a band's power, the result
 * is ln(1 + p/ε)/ln(1/ε), ε = 1e-5: silence gives 0, as the zeros do with which convolutions pad, and white noise as loud
 * as the training set about 1.
 *
 * @param rate samples per second
 * @param window length of a window in samples
 * @param hop samples from a window to the next
 * @param bands number of bands
 * @param low lower end of the first band in Hz
 * @param high upper end of the last band in Hz
 */
public record LogMel(int rate, int window, int hop, int bands, double low, double high) {
    private static final double EPSILON = 1e-5;

    /** @throws IllegalArgumentException if a number is out of range, or windows are too short to tell bands apart */
    public LogMel {
        if (rate < 1 || window < 4 || hop < 1 || bands < 2 || !(low >= 0 && low < high && high <= rate / 2.0)) {
            throw new SettingException("log-mel: expected a rate and a hop of 1 or more, a window of 4 samples or"
                    + " more, 2 bands or more between 0 and half the rate, found rate " + rate + ", window "
                    + window
                    + ", hop " + hop + ", " + bands + " bands from " + low + " to " + high + " Hz");
        }
        float[][] filters = filters(rate, size(window), bands, low, high);
        for (int band = 0; band < bands; band++) {
            float sum = 0;
            for (float weight : filters[band]) {
                sum += weight;
            }
            if (!(sum > 0)) {
                throw new SettingException("log-mel: band " + band + " of " + bands + " lies between two"
                        + " frequencies of a window of " + window
                        + " samples; choose fewer bands, a longer window or a higher low end");
            }
        }
    }

    /** Windows of 25 ms every 10 ms, 64 bands up to half the rate: usual for speech and sounds. */
    public static LogMel standard(int rate) {
        return new LogMel(rate, Math.max(4, rate / 40), Math.max(1, rate / 100), 64, 0, rate / 2.0);
    }

    /** Windows that fit into a signal of that length. */
    public int frames(int length) {
        return length < window ? 0 : 1 + (length - window) / hop;
    }

    /**
     * Builds the operators.
     *
     * @param signals float32 [N,C,T]
     * @return float32 [N,C,bands,frames], low bands first
     * @throws IllegalArgumentException if the signals are shorter than a window
     */
    public Value build(Ops ops, Value signals) {
        int channels = Math.toIntExact(signals.shape().size(1));
        int frames = frames(Math.toIntExact(signals.shape().size(2)));
        if (frames == 0) {
            throw new SettingException("log-mel: expected signals of a window of " + window + " samples or more, found "
                    + signals.shape().size(2) + "; choose a longer `length`");
        }
        Value single = ops.reshape(signals, -1, 1, signals.shape().size(2)); // [N·C,1,T]
        Attributes steps = Ops.window(1, window, hop, 0);
        Value real = ops.conv(single, ops.constant(waves(true)), null, steps); // [N·C,bins,frames]
        Value imaginary = ops.conv(single, ops.constant(waves(false)), null, steps);
        Value power = ops.add(ops.mul(real, real), ops.mul(imaginary, imaginary));
        Value energies = ops.matMul(ops.constant(bandWeights()), power); // [bands,bins] · → [N·C,bands,frames]
        Value shifted = ops.add(ops.mul(energies, 1 / EPSILON), ops.constant(1));
        Value scaled = ops.mul(ops.log(shifted), -1 / Math.log(EPSILON));
        return ops.reshape(scaled, -1, channels, bands, frames);
    }

    /** Length of the transform: a power of two. */
    private static int size(int window) {
        return window <= 1 ? 1 : Integer.highestOneBit(window - 1) << 1;
    }

    private int bins() {
        return size(window) / 2 + 1;
    }

    /** Cosines or sines under the window: [bins,1,window]. */
    private Tensor waves(boolean cosine) {
        double energy = 0;
        for (int n = 0; n < window; n++) {
            energy += hann(n) * hann(n);
        }
        float[] waves = new float[bins() * window];
        for (int bin = 0; bin < bins(); bin++) {
            for (int n = 0; n < window; n++) {
                double angle = 2 * Math.PI * ((long) bin * n % size(window)) / size(window);
                double wave = cosine ? Math.cos(angle) : Math.sin(angle);
                waves[bin * window + n] = (float) (wave * hann(n) / Math.sqrt(energy));
            }
        }
        return Tensor.of(Shape.of(bins(), 1, window), waves);
    }

    private double hann(int n) {
        return 0.5 - 0.5 * Math.cos(2 * Math.PI * n / window);
    }

    private Tensor bandWeights() {
        float[] weights = new float[bands * bins()];
        float[][] filters = filters(rate, size(window), bands, low, high);
        for (int band = 0; band < bands; band++) {
            System.arraycopy(filters[band], 0, weights, band * bins(), bins());
        }
        return Tensor.of(Shape.of(bands, bins()), weights);
    }

    /** [bands][bins]: triangles between neighbouring mels, each divided by its sum where that isn't 0. */
    private static float[][] filters(int rate, int size, int bands, double low, double high) {
        double[] edges = new double[bands + 2]; // in Hz
        for (int i = 0; i < edges.length; i++) {
            edges[i] = hertz(mel(low) + (mel(high) - mel(low)) * i / (bands + 1));
        }
        float[][] filters = new float[bands][size / 2 + 1];
        for (int band = 0; band < bands; band++) {
            double[] weights = new double[filters[band].length];
            double sum = 0;
            for (int bin = 0; bin < weights.length; bin++) {
                double frequency = (double) bin * rate / size;
                double rising = (frequency - edges[band]) / (edges[band + 1] - edges[band]);
                double falling = (edges[band + 2] - frequency) / (edges[band + 2] - edges[band + 1]);
                weights[bin] = Math.max(0, Math.min(rising, falling));
                sum += weights[bin];
            }
            for (int bin = 0; bin < weights.length && sum > 0; bin++) {
                filters[band][bin] = (float) (weights[bin] / sum);
            }
        }
        return filters;
    }

    private static double mel(double hertz) {
        return 2595 * Math.log10(1 + hertz / 700);
    }

    private static double hertz(double mel) {
        return 700 * (Math.pow(10, mel / 2595) - 1);
    }
}

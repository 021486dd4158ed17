package dev.vicreg.runtime.signal;

import java.io.IOException;
import java.util.Arrays;

/**
 * Values that follow one another in time, in one or more channels. Nobody writes into the arrays afterwards: they are
 * kept without a copy.
 *
 * @param samples [channels][length], all channels of one length; sound is on a scale of -1 to 1
 * @param rate samples per second; 0 where it is not known
 */
public record Signal(float[][] samples, int rate) {
    /** @throws IllegalArgumentException if there is no value, or channels differ in length */
    public Signal {
        if (samples.length == 0 || samples[0].length == 0) {
            throw new IllegalArgumentException("a signal needs at least one value, found none");
        }
        for (float[] channel : samples) {
            if (channel.length != samples[0].length) {
                throw new IllegalArgumentException("the channels of a signal need one length, found "
                        + samples[0].length + " and " + channel.length);
            }
        }
        if (rate < 0) {
            throw new IllegalArgumentException("a signal's rate must be 0 or more, found " + rate);
        }
    }

    /**
     * The recording in a WAV file: integers of 8 to 32 bits divided by their largest magnitude, so between -1 and 1;
     * floating point as it is.
     *
     * @param name what messages call the file
     * @throws IOException if the file is no WAV file, damaged, empty, or compressed: says which
     */
    public static Signal decode(byte[] file, String name) throws IOException {
        return WavFile.read(file, name);
    }

    /** Whether these first 12 bytes are those of a WAV file. */
    public static boolean isWav(byte[] head) {
        return WavFile.matches(head);
    }

    /** How many channels there are. */
    public int channels() {
        return samples.length;
    }

    /** Values in each channel. */
    public int length() {
        return samples[0].length;
    }

    /** The mean of all channels as a signal of one channel. */
    public Signal mono() {
        if (channels() == 1) {
            return this;
        }
        float[] mean = new float[length()];
        for (int i = 0; i < mean.length; i++) {
            double sum = 0;
            for (float[] channel : samples) {
                sum += channel[i];
            }
            mean[i] = (float) (sum / channels());
        }
        return new Signal(new float[][] {mean}, rate);
    }

    /**
     * The same at another rate: taken as band-limited, and evaluated at the new places.
     *
     * @throws IllegalArgumentException if this signal's rate is not known, rates have too few factors in common, or it would
     *     become too long: says how long, and the limit
     */
    public Signal resampled(int newRate) {
        if (newRate == rate) {
            return this;
        }
        Resampler resampler = Resampler.between(rate, newRate);
        return new Signal(Arrays.stream(samples).map(resampler::apply).toArray(float[][]::new), newRate);
    }

    /**
     * The middle of the signal; a shorter one is put into the middle.
     *
     * @param rest what stands beyond the ends, for each channel
     * @return [channels][length]
     */
    public float[][] middle(int length, float[] rest) {
        int start = Math.floorDiv(length() - length, 2); // in this signal; below 0 for a shorter one
        float[][] window = new float[channels()][length];
        for (int c = 0; c < window.length; c++) {
            Arrays.fill(window[c], rest[c]);
            int from = Math.max(0, start);
            System.arraycopy(samples[c], from, window[c], from - start, Math.min(length, length()));
        }
        return window;
    }
}

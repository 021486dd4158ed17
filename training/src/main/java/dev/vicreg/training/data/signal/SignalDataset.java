package dev.vicreg.training.data.signal;

import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Moments;

/** Signals in a fixed order, all of one rate and number of channels. Thread-safe. */
public interface SignalDataset extends Dataset<Signal> {
    /** What is known of all signals. */
    Summary summary();

    /**
     * What is known of all signals.
     *
     * @param rate samples per second; 0 where it is not known
     * @param shortest values in each channel of the shortest signal
     * @param longest the same of the longest
     * @param moments of every channel
     */
    record Summary(int rate, int channels, int shortest, int longest, Moments moments) {}

    @Override
    default String noun() {
        return SignalKind.NOUN;
    }
}

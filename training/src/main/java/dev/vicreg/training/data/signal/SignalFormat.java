package dev.vicreg.training.data.signal;

import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.source.Modality;
import dev.vicreg.training.data.source.Reading;
import dev.vicreg.training.data.source.SampleFiles;
import java.io.IOException;

/** WAV files, brought to the rate and the channels that are asked for. Thread-safe. */
public final class SignalFormat implements SampleFiles.Format<Signal> {
    private final Reading reading;

    public SignalFormat(Reading reading) {
        this.reading = reading;
    }

    @Override
    public String noun() {
        return Modality.SIGNALS.noun();
    }

    @Override
    public Signal decode(byte[] bytes, String name) throws IOException {
        Signal file = Signal.decode(bytes, name);
        if (reading.channels() != 1 && file.channels() != reading.channels()) {
            throw new IOException(name + " has " + file.channels() + " channels, expected " + reading.channels()
                    + "; --channels 1 mixes any number into one");
        }
        Signal signal = reading.channels() == 1 ? file.mono() : file;
        int rate = reading.rate();
        if (rate == 0 || rate == signal.rate()) {
            return signal;
        }
        try {
            return signal.resampled(rate);
        } catch (IllegalArgumentException e) {
            throw new IOException(name + ": " + e.getMessage(), e);
        }
    }

    @Override
    public long decodedSize(Signal signal) {
        return (long) signal.channels() * signal.length() * Float.BYTES;
    }
}

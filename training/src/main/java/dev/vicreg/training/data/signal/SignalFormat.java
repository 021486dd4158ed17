package dev.vicreg.training.data.signal;

import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.source.DataFile;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.FileSamples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** WAV files, brought to the rate and the channels that are asked for. Thread-safe. */
public final class SignalFormat implements FileSamples.Format<Signal> {
    /** Of recordings in formats that nothing here decodes. */
    static final List<String> UNREAD =
            List.of(".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".au", ".caf");

    static final String REMEDY = "convert recordings to WAV";

    private final DataOptions reading;

    public SignalFormat(DataOptions reading) {
        this.reading = reading;
    }

    /** Those that are recordings: by their name too, so that a damaged one is told of. */
    static List<DataFile> among(List<DataFile> files) {
        List<DataFile> recordings = new ArrayList<>();
        for (DataFile file : files) {
            if (file.endsWith(".wav") || file.endsWith(".wave") || Signal.isWav(file.head())) {
                recordings.add(file);
            }
        }
        return recordings;
    }

    @Override
    public String noun() {
        return SignalKind.NOUN;
    }

    @Override
    public Signal decode(byte[] bytes, String name) throws IOException {
        Signal file = Signal.decode(bytes, name);
        if (reading.channels() != 1 && file.channels() != reading.channels()) {
            throw new IOException(name + " has " + file.channels() + " channels, expected " + reading.channels()
                    + "; `channels` 1 mixes any number into one");
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

package dev.vicreg.training.data.signal;

import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataFile;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.FileSamples;
import dev.vicreg.training.data.source.LeftOut;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.Samples;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.Augmentation;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Recordings and other series of one or more channels. */
public final class SignalKind implements Kind<Signal> {
    static final String NOUN = "signals";

    /** The kind. */
    public static final SignalKind SIGNALS = new SignalKind();

    private SignalKind() {}

    @Override
    public String noun() {
        return NOUN;
    }

    @Override
    public String files() {
        return "a folder or archive of WAV files, .npy of [N,C,T]";
    }

    @Override
    public Map<String, Augmentation> presets() {
        return Map.of(NOUN, Augmentation.same(SignalPolicy.standard()));
    }

    @Override
    public String arrays() {
        return "[N,C,T] for signals";
    }

    @Override
    public boolean isArray(NpyFile.Header array) {
        return array.shape().length == 3;
    }

    @Override
    public int filesAmong(List<DataFile> files) {
        return SignalFormat.among(files).size();
    }

    @Override
    public int unreadAmong(List<DataFile> files) {
        return LeftOut.among(files, SignalFormat.UNREAD).size();
    }

    @Override
    public SignalDataset open(DataFiles data, DataOptions options, Selection selection) throws IOException {
        if (data.isFile(".npy")) {
            return new SelectedSignals(
                    data.spec(), SignalArray.read(data.array(), options), selection, data.opening(), 0);
        }
        List<DataFile> recordings = SignalFormat.among(data.files());
        if (recordings.isEmpty()) {
            throw new IOException("no WAV files in " + data.spec() + ": found " + LeftOut.counts(data.files()) + "; "
                    + SignalFormat.REMEDY);
        }
        LeftOut.warn(data.spec(), data.files(), SignalFormat.UNREAD, SignalFormat.REMEDY);
        Samples<Signal> samples = new FileSamples<>(data, recordings, new SignalFormat(options));
        data.warnOfMixture(samples);
        return new SelectedSignals(
                data.spec(),
                samples,
                selection,
                data.opening(),
                Runtime.getRuntime().maxMemory() / 4);
    }

    @Override
    public SignalDataset require(Dataset<?> data) {
        return (SignalDataset) Kind.super.require(data);
    }
}

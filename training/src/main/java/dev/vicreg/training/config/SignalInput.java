package dev.vicreg.training.config;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.nn.LogMel;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.models.setting.Variant;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.signal.SignalDataset;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.signal.SignalViews;
import dev.vicreg.training.data.signal.Waveforms;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Recordings and other series.
 *
 * @param rate samples per second, to which they are resampled; 0 where it is not known
 * @param length values of each channel in a view
 * @param channels 1 where all were mixed
 * @param mean of each channel in the training set, taken off inside the graph
 * @param std standard deviation of each channel in the training set, divided by inside the graph
 * @param frontEnd what stands before the encoder: {@code none}, or a log-mel spectrogram as {@link FrontEnd} reads it
 */
@Variant("signal")
public record SignalInput(
        @Option(
                help = "signals: rate to which they are resampled; without it the files', if all have one",
                argument = "HZ",
                group = Group.DATA,
                min = 1,
                max = 10_000_000)
        int rate,

        @Option(
                help =
                        "signals: samples or seconds that the encoder sees; without it one second, or the shortest signal's",
                argument = "N|Xs",
                group = Group.DATA,
                codec = Length.Text.class)
        int length,

        @Option(help = "signals have 1, into which all are mixed, or the files' own number", min = 1, max = 1024)
        int channels,

        List<Float> mean,
        List<Float> std,

        @Option(
                help =
                        "signals: what stands before the encoder; log-mel takes window=25 and hop=10 in ms, bands=64, low=0"
                                + " and high in Hz",
                second = "signals: that of the second branch; without it that of `front-end`",
                argument = "none|log-mel[,NAME=X...]",
                fallback = FrontEnd.NONE,
                codec = FrontEnd.class)
        String frontEnd)
        implements InputConfig {
    /** Checks what the graph does not check itself. */
    public SignalInput {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (channels != mean.size()) {
            throw new SettingException("Channels: expected as many as means, " + mean.size() + ", found " + channels);
        }
        frontEnd = FrontEnd.text(FrontEnd.of(frontEnd, rate));
    }

    /** What options say; rate, channels, length and moments follow from the data. */
    static SignalInput of(Schema.Source options, InputKind.Source source) throws IOException {
        DataOptions reading = new DataOptions(
                List.of(),
                null,
                options.<Integer>find("rate").orElse(0),
                options.<Integer>find("channels").orElse(1));
        SignalDataset.Summary summary =
                SignalKind.SIGNALS.require(source.read(reading)).summary();
        int rate = summary.rate();
        int usual = rate == 0 ? summary.shortest() : Math.min(rate, summary.shortest());
        return new SignalInput(
                rate,
                options.<Length>find("length").map(given -> given.samples(rate)).orElse(usual),
                summary.channels(),
                summary.moments().mean(),
                summary.moments().deviation(),
                options.<String>find("front-end").orElse(FrontEnd.NONE));
    }

    /** What a model takes; a front end is inside of it. */
    static SignalInput of(Input.Signals input) {
        return new SignalInput(
                input.rate(), input.length(), input.channels(), input.mean(), input.deviation(), FrontEnd.NONE);
    }

    /** Null for none. */
    private @Nullable LogMel logMel() {
        return FrontEnd.of(frontEnd, rate);
    }

    @Override
    public Kind<?> kind() {
        return SignalKind.SIGNALS;
    }

    @Override
    public String encoder() {
        return frontEnd.equals(FrontEnd.NONE) ? "resnet1d" : "resnet18";
    }

    @Override
    public String encoders() {
        return "resnet1d, or `front-end` log-mel and an encoder of pictures";
    }

    @Override
    public int pictureSize(Encoders.Input takes) {
        LogMel mel = logMel();
        return mel != null && takes == Encoders.Input.PICTURES ? mel.bands() : 0;
    }

    @Override
    public String remedy() {
        return "; bring them to it with `length`, `channels` and `rate`";
    }

    @Override
    public DataOptions reading() {
        return new DataOptions(List.of(), null, rate, channels);
    }

    @Override
    public ViewInput view(Encoders.Input takes) {
        LogMel mel = logMel();
        boolean asPictures = mel != null && takes == Encoders.Input.PICTURES;
        require(asPictures || takes == Encoders.Input.SIGNALS, takes);
        return new ViewInput.Signals(length, mean, std, mel, asPictures);
    }

    @Override
    public ViewSource views(Dataset<?> data, Augmentation augmentation) {
        return new SignalViews(SignalKind.SIGNALS.require(data), augmentation, mean, length);
    }

    /** With its own front end, if it was given one. */
    @Override
    public InputConfig ofSecondBranch(Schema.Source options) {
        return options.<String>find("front-end-b")
                .map(own -> new SignalInput(rate, length, channels, mean, std, own))
                .orElse(this);
    }

    @Override
    public Input<?> served() {
        return Input.signals(
                rate, length, mean, std, frontEnd.equals(FrontEnd.NONE) ? FrontEnd.NONE : FrontEnd.LOG_MEL);
    }

    /** Without an axis of channels, where the file has none. */
    @Override
    public ViewSource asFed(ViewSource views, OnnxConfig file) throws IOException {
        return file.input().shape().rank() == 2 ? new Waveforms(views) : views;
    }

    /** Of the file's length. */
    @Override
    public SignalInput sized(EncoderInput file, Schema.Source options) {
        int last = file.type().shape().rank() - 1;
        long own = last > 0 ? file.size(last).orElse((long) length) : length;
        return options.isGiven("length")
                ? this
                : new SignalInput(rate, Math.toIntExact(own), channels, mean, std, frontEnd);
    }

    /** Beyond the ends of a short signal stands silence. */
    @Override
    public SignalInput unmeasured() {
        return new SignalInput(
                rate, length, channels, Collections.nCopies(channels, 0f), Collections.nCopies(channels, 1f), frontEnd);
    }

    @Override
    public Fitted fitted(OnnxConfig file, String encoder, Schema.Source options) throws IOException {
        return new Fitted(sized(file.takes(), options), file);
    }

    /** Not divided: files are used to the recordings' own scale. */
    @Override
    public Input<?> served(String name, EncoderInput file) {
        return new Input.Signals(
                name,
                Input.Signals.KIND,
                rate,
                length,
                channels,
                FrontEnd.NONE,
                mean,
                Collections.nCopies(channels, 1f));
    }
}

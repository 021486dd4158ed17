package dev.vicreg.tools.command;

import dev.vicreg.models.nn.LogMel;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.signal.SignalDataset;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.source.DataOptions;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The options for signals; with the data they give channels, length and moments. */
final class SignalSettings implements KindSettings {
    static final Setting<Integer> RATE = Setting.integer(
            "rate",
            "HZ",
            Group.DATA,
            "signals: rate to which they are resampled; without it the files', if all have one",
            null,
            1,
            10_000_000);
    static final Setting<Length> LENGTH = new Setting<>(
            "length",
            "N|Xs",
            Group.DATA,
            "signals: samples or seconds that the encoder sees; without it one second, or the shortest signal's. Sequences: ids"
                    + " that it sees, of which longer ones are cut; without it the encoder file's or the longest's, of texts"
                    + " at most 256",
            null,
            SignalSettings::parseLength);
    static final Setting<String> FRONT_END = new Setting<>(
            "front-end",
            "none|log-mel[,NAME=X...]",
            Group.MODEL,
            "signals: what stands before the encoder; log-mel takes window=25 and hop=10 in ms, bands=64, low=0 and high in"
                    + " Hz",
            "none",
            SignalSettings::checkFrontEnd);

    static final Setting<String> FRONT_END_B = new Setting<>(
            "front-end-b",
            "none|log-mel[,NAME=X...]",
            Group.MODEL,
            "signals: that of the second branch; without it that of --front-end",
            null,
            SignalSettings::checkFrontEnd);

    private static final String LOG_MEL = "log-mel";

    /** A length in samples, or in seconds. */
    record Length(double value, boolean inSeconds) {}

    private static Length parseLength(String text) {
        boolean seconds = text.endsWith("s");
        try {
            double value = Double.parseDouble(seconds ? text.substring(0, text.length() - 1) : text);
            if (value > 0 && value < 1e9 && (seconds || value == Math.rint(value))) {
                return new Length(value, seconds);
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new SettingException(
                "must be a number of samples or ids, or seconds, such as 16000 or 0.5s, found \"" + text + "\"");
    }

    private static String checkFrontEnd(String text) {
        if (!text.equals("none") && !text.equals(LOG_MEL) && !text.startsWith(LOG_MEL + ",")) {
            throw new SettingException("must be none or log-mel, found \"" + text + "\"");
        }
        return text;
    }

    @Override
    public Kind<?> kind() {
        return SignalKind.SIGNALS;
    }

    @Override
    public List<Setting<?>> options() {
        return List.of(PictureSettings.CHANNELS, RATE, LENGTH, FRONT_END, FRONT_END_B);
    }

    @Override
    public InputConfig input(Settings settings, Source source) throws IOException {
        DataOptions options = new DataOptions(
                List.of(),
                null,
                settings.find(RATE).orElse(0),
                settings.find(PictureSettings.CHANNELS).orElse(1));
        SignalDataset.Summary summary =
                SignalKind.SIGNALS.require(source.read(options)).summary();
        int rate = summary.rate();
        int length = settings.find(LENGTH)
                .map(given -> samples(given, rate))
                .orElse(rate == 0 ? summary.shortest() : Math.min(rate, summary.shortest()));
        return new InputConfig.Signals(
                rate,
                length,
                summary.channels(),
                summary.moments().mean(),
                summary.moments().deviation(),
                frontEnd(settings.get(FRONT_END), rate));
    }

    private static int samples(Length length, int rate) {
        if (length.inSeconds && rate == 0) {
            throw new SettingException(
                    "--length in seconds needs a rate, which an array doesn't have; add --rate or give samples");
        }
        double samples = Math.rint(length.value * (length.inSeconds ? rate : 1));
        if (samples < 1 || samples > Integer.MAX_VALUE) {
            throw new SettingException("--length must be between 1 and 2147483647 samples, found " + samples);
        }
        return (int) samples;
    }

    /** The second branch's input with its own front end, if it was given one. */
    static InputConfig withFrontEndB(InputConfig input, Settings settings) {
        Optional<String> own = settings.find(FRONT_END_B);
        if (own.isEmpty()) {
            return input;
        }
        if (input.kind() != SignalKind.SIGNALS) {
            throw new SettingException(
                    "--front-end-b is for signals, found " + input.kind().noun() + " on the second side; leave it out");
        }
        InputConfig.Signals signals = (InputConfig.Signals) input;
        return new InputConfig.Signals(
                signals.rate(),
                signals.length(),
                signals.channels(),
                signals.mean(),
                signals.std(),
                frontEnd(own.get(), signals.rate()));
    }

    private static @Nullable LogMel frontEnd(String text, int rate) {
        if (text.equals("none")) {
            return null;
        }
        if (rate == 0) {
            throw new SettingException("--front-end log-mel needs a rate, which an array doesn't have; add --rate");
        }
        Map<String, Double> values =
                new HashMap<>(Map.of("window", 25.0, "hop", 10.0, "bands", 64.0, "low", 0.0, "high", rate / 2.0));
        for (String part : text.substring(LOG_MEL.length()).split(",", -1)) {
            String[] pair = part.split("=", 2);
            if (part.isEmpty()) {
                continue;
            }
            try {
                if (pair.length < 2 || values.replace(pair[0], Double.valueOf(pair[1])) == null) {
                    throw new SettingException(
                            "--front-end log-mel takes window, hop, bands, low and high, found \"" + part + "\"");
                }
            } catch (NumberFormatException e) {
                throw new SettingException(
                        "--front-end log-mel: " + pair[0] + " must be a number, found \"" + pair[1] + "\"", e);
            }
        }
        return new LogMel(
                rate,
                (int) Math.rint(number(values, "window") * rate / 1000),
                (int) Math.rint(number(values, "hop") * rate / 1000),
                (int) Math.rint(number(values, "bands")),
                number(values, "low"),
                number(values, "high"));
    }

    private static double number(Map<String, Double> values, String name) {
        return Objects.requireNonNull(values.get(name));
    }

    @Override
    public Map<Setting<?>, Object> values(InputConfig input) {
        InputConfig.Signals signals = (InputConfig.Signals) input;
        Map<Setting<?>, Object> values = new HashMap<>();
        values.put(LENGTH, signals.length());
        values.put(PictureSettings.CHANNELS, signals.channels());
        if (signals.rate() > 0) {
            values.put(RATE, signals.rate());
        }
        values.put(FRONT_END, text(signals.frontEnd()));
        return values;
    }

    @Override
    public Map<Setting<?>, Object> ofSecond(InputConfig input) {
        return Map.of(FRONT_END_B, text(((InputConfig.Signals) input).frontEnd()));
    }

    /** As {@link #FRONT_END} takes it. */
    private static String text(@Nullable LogMel mel) {
        if (mel == null) {
            return "none";
        }
        return String.format(
                Locale.ROOT,
                "%s,window=%s,hop=%s,bands=%d,low=%s,high=%s",
                LOG_MEL,
                mel.window() * 1000.0 / mel.rate(),
                mel.hop() * 1000.0 / mel.rate(),
                mel.bands(),
                mel.low(),
                mel.high());
    }

    @Override
    public DataOptions options(Input<?> input) {
        Input.Signals signals = (Input.Signals) input;
        return new DataOptions(List.of(), null, signals.rate(), signals.channels());
    }
}

package dev.vicreg.training.config;

import dev.vicreg.models.nn.LogMel;
import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.SettingException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What stands before an encoder of signals, as text: {@code none}, or {@code log-mel} with {@code window} and {@code hop}
 * in milliseconds, {@code bands}, {@code low} and {@code high} in Hz after commas, {@code log-mel,bands=40,high=8000}.
 * Where they are left out they are 25, 10, 64, 0 and half the rate.
 */
final class FrontEnd implements Codec<String> {
    static final String NONE = "none";
    static final String LOG_MEL = "log-mel";

    @Override
    public String parse(String text) {
        if (!text.equals(NONE) && !text.equals(LOG_MEL) && !text.startsWith(LOG_MEL + ",")) {
            throw new SettingException("must be none or log-mel, found \"" + text + "\"");
        }
        return text;
    }

    /**
     * What a text means for signals of a rate.
     *
     * @param rate samples per second; 0 where it isn't known
     * @return null for none
     * @throws IllegalArgumentException if a number is none, or no spectrogram can be made so
     */
    static @Nullable LogMel of(String text, int rate) {
        if (text.equals(NONE)) {
            return null;
        }
        if (rate == 0) {
            throw new SettingException("`front-end` log-mel needs a rate, which an array doesn't have; add `rate`");
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
                            "`front-end` log-mel takes window, hop, bands, low and high, found \"" + part + "\"");
                }
            } catch (NumberFormatException e) {
                throw new SettingException(
                        "`front-end` log-mel: " + pair[0] + " must be a number, found \"" + pair[1] + "\"", e);
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

    /** The text that {@link #of} makes this of, every number told. */
    static String text(@Nullable LogMel mel) {
        if (mel == null) {
            return NONE;
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
}

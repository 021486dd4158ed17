package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.SettingException;

/** A length that was asked for: samples or ids, or seconds. */
record Length(double value, boolean inSeconds) {
    /** The text of an option that becomes a length; a length that is known is a number of samples or ids. */
    static final class Text implements Codec<Object> {
        @Override
        public Object parse(String text) {
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
    }

    /** At so many samples a second; 0 where that isn't known. */
    int samples(int rate) {
        if (inSeconds && rate == 0) {
            throw new SettingException(
                    "`length` in seconds needs a rate, which an array doesn't have; add `rate` or give samples");
        }
        double samples = Math.rint(value * (inSeconds ? rate : 1));
        if (samples < 1 || samples > Integer.MAX_VALUE) {
            throw new SettingException("`length` must be between 1 and 2147483647 samples, found " + samples);
        }
        return (int) samples;
    }

    /** Ids have no seconds. */
    int ids() {
        if (inSeconds) {
            throw new SettingException("`length` of sequences must be a number of ids, found seconds");
        }
        return (int) value;
    }
}

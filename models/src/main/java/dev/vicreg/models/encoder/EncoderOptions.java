package dev.vicreg.models.encoder;

import dev.vicreg.models.setting.Option;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Settings that only some encoders take and that were asked for; the encoder's own defaults hold for the others. Which
 * there are, the encoders' types declare: see {@link Encoders#options()}.
 *
 * @param values by the option's name
 */
public record EncoderOptions(@Option(open = true) Map<String, Object> values) {
    /** All by default. */
    public static final EncoderOptions NONE = new EncoderOptions(Map.of());

    /** Sorts and copies the map. */
    public EncoderOptions {
        values = Collections.unmodifiableMap(new TreeMap<>(values));
    }

    /** The same with one more. */
    public EncoderOptions with(String name, Object value) {
        Map<String, Object> more = new TreeMap<>(values);
        more.put(name, value);
        return new EncoderOptions(more);
    }
}

package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Setting.Group;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.config.PairConfig;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options that say which samples belong together, where the views of a pair are not of one sample. */
final class PairSettings {
    static final Setting<String> DATA_B = Setting.text(
            "data-b",
            SharedSettings.DATA_ARGUMENT,
            Group.DATA,
            "data of the second side; sample by sample they belong to those of --data",
            null);
    static final Setting<String> PAIR_BY = Setting.choice(
            "pair-by",
            PairConfig.BY,
            Group.DATA,
            "how --data and --data-b go together: by names without their endings, or in their order; without it name",
            null);
    static final Setting<Path> PAIRS = Setting.path(
            "pairs",
            "FILE.csv",
            Group.DATA,
            "names the two sides of every pair: two columns of paths relative to the file's folder or absolute, of names"
                    + " inside --data and --data-b (or --data alone), or of row numbers from 1");

    static final List<Setting<?>> ALL = List.of(DATA_B, PAIR_BY, PAIRS);

    private PairSettings() {}

    /**
     * How samples belong together; null for two views of every sample.
     *
     * @throws IllegalArgumentException if an option stands without the one that it is for
     */
    static @Nullable PairConfig pairs(Settings settings) {
        String data = settings.find(DATA_B).orElse(null);
        String by = settings.find(PAIR_BY).orElse(null);
        Path file = settings.find(PAIRS).orElse(null);
        if (file != null) {
            return new PairConfig(data, file.toString(), by);
        }
        if (data == null && by != null) {
            throw new IllegalArgumentException("--pair-by is for two data sets; add --data-b or leave it out");
        }
        return data == null ? null : new PairConfig(data, null, by == null ? PairConfig.BY.get(0) : by);
    }

    /** The options that give this configuration, with their values. */
    static Map<Setting<?>, Object> values(@Nullable PairConfig pairs) {
        Map<Setting<?>, Object> values = new HashMap<>();
        if (pairs != null) {
            put(values, DATA_B, pairs.data());
            put(values, PAIR_BY, pairs.by());
            put(values, PAIRS, pairs.file());
        }
        return values;
    }

    private static void put(Map<Setting<?>, Object> values, Setting<?> setting, @Nullable String value) {
        if (value != null) {
            values.put(setting, value);
        }
    }
}

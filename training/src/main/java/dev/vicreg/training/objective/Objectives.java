package dev.vicreg.training.objective;

import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The objectives by name: one line each, with the settings that only it has. A text names one, and after commas settings
 * that differ from the usual: {@code barlow-twins,lambda=0.005}. VICReg's coefficients are settings of a run, so its text is
 * its name.
 */
public final class Objectives {
    /** The usual one. */
    public static final String VICREG = "vicreg";

    private interface Maker {
        Objective of(Values values);
    }

    private record Values(Map<String, Float> all) {
        float get(String setting) {
            return Objects.requireNonNull(all.get(setting));
        }

        boolean is(String setting) {
            return get(setting) != 0;
        }

        int count(String setting) {
            return (int) get(setting);
        }
    }

    /** A number that an objective is told. */
    private record Setting(String name, float usual, Range range) {
        float parse(String objective, String text) {
            try {
                float value = Float.parseFloat(text);
                if (range.holds(value)) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // refused as a number out of range is
            }
            throw new SettingException(
                    objective + ": expected " + name + " to be " + range.words + ", found \"" + text + "\"");
        }
    }

    private enum Range {
        NOT_NEGATIVE("0 or more"),
        POSITIVE("above 0"),
        SHARE("0 to 1"),
        SWITCH("0 or 1"),
        COUNT("a whole number of 1 to 16384");

        private static final int MOST = 16_384;
        private final String words;

        Range(String words) {
            this.words = words;
        }

        boolean holds(float value) {
            return Float.isFinite(value)
                    && switch (this) {
                        case NOT_NEGATIVE -> value >= 0;
                        case POSITIVE -> value > 0;
                        case SHARE -> value >= 0 && value <= 1;
                        case SWITCH -> value == 0 || value == 1;
                        case COUNT -> value >= 1 && value <= MOST && value == (int) value;
                    };
        }
    }

    private record Entry(String name, String help, List<Setting> settings, Maker maker) {}

    /** An objective for people: its name, what it is, and its settings with what is usual and their range. */
    public record Described(String name, String help, Map<String, String> settings) {}

    private static final Map<String, Entry> ENTRIES = new LinkedHashMap<>();

    static {
        add(
                "barlow-twins",
                "the views' cross-correlation is to be the identity (Zbontar et al. 2021)",
                values -> new BarlowTwins(values.get("lambda"), values.get("scale")),
                new Setting("lambda", 0.0051f, Range.NOT_NEGATIVE),
                new Setting("scale", 1, Range.POSITIVE));
        add(
                "simsiam",
                "predicts one view's projection from the other's, which is given (Chen, He 2021)",
                values -> new SimSiam(values.is("stop-gradient")),
                new Setting("stop-gradient", 1, Range.SWITCH));
        add(
                "byol",
                "predicts what a moving average of the network makes of the other view (Grill et al. 2020)",
                values -> new Byol(values.get("momentum")),
                new Setting("momentum", 0.99f, Range.SHARE));
        add(
                "simclr",
                "finds a sample's other views among the batch, NT-Xent (Chen et al. 2020)",
                values -> new SimClr(values.get("temperature")),
                new Setting("temperature", 0.2f, Range.POSITIVE));
        add(
                "sigreg",
                "LeJEPA: along random directions projections are normally distributed (Balestriero, LeCun 2025)",
                values -> new SigReg(values.get("lambda"), values.count("directions")),
                new Setting("lambda", 0.02f, Range.SHARE),
                new Setting("directions", 256, Range.COUNT));
        add(
                "visreg",
                "VICReg with a sliced Wasserstein distance for the covariance (Wu et al. 2026)",
                values -> new VisReg(values.get("lambda"), values.count("directions")),
                new Setting("lambda", 0.6f, Range.SHARE),
                new Setting("directions", 256, Range.COUNT));
        add(
                "coding-rate",
                "EMP-SSL: the views' projections fill as much space as they can (Tong et al. 2023)",
                values -> new CodingRate(values.get("similarity"), values.get("epsilon")),
                new Setting("similarity", 200, Range.NOT_NEGATIVE),
                new Setting("epsilon", 0.2f, Range.POSITIVE));
    }

    private Objectives() {}

    private static void add(String name, String help, Maker maker, Setting... settings) {
        if (ENTRIES.put(name, new Entry(name, help, List.of(settings), maker)) != null) {
            throw new IllegalStateException("Two objectives are named " + name);
        }
    }

    /** Their names, the usual one first. */
    public static List<String> names() {
        List<String> names = new ArrayList<>(List.of(VICREG));
        names.addAll(ENTRIES.keySet());
        return names;
    }

    /** All but VICReg, whose settings are those of a run. */
    public static List<Described> described() {
        return ENTRIES.values().stream()
                .map(entry -> {
                    Map<String, String> settings = new LinkedHashMap<>();
                    entry.settings.forEach(
                            setting -> settings.put(setting.name + "=" + shown(setting.usual), setting.range.words));
                    return new Described(entry.name, entry.help, settings);
                })
                .toList();
    }

    /**
     * The text with every setting told, in one order and form.
     *
     * @throws SettingException if there is none of that name, or a setting isn't its own or out of range
     */
    public static String complete(String text) {
        Entry entry = entry(text);
        if (entry == null) {
            return VICREG;
        }
        StringBuilder complete = new StringBuilder(entry.name);
        values(entry, text)
                .forEach((name, value) ->
                        complete.append(',').append(name).append('=').append(shown(value)));
        return complete.toString();
    }

    private static String shown(float value) {
        return value == (int) value ? String.valueOf((int) value) : String.valueOf(value);
    }

    /**
     * The objective that a text means.
     *
     * @param vicreg what {@value #VICREG} means
     * @throws SettingException as {@link #complete}
     */
    public static Objective of(String text, VicReg vicreg) {
        Entry entry = entry(text);
        return entry == null ? vicreg : entry.maker.of(new Values(values(entry, text)));
    }

    /** That of the text's name; null for VICReg. */
    private static @Nullable Entry entry(String text) {
        String name = text.split(",", 2)[0];
        Entry entry = ENTRIES.get(name);
        if (entry == null && !text.equals(VICREG)) {
            throw new SettingException(
                    name.equals(VICREG)
                            ? "vicreg has the settings `loss`, `invariance`, `variance` and `covariance` of the run, and"
                                    + " takes none here, found \"" + text + "\""
                            : "expected one of " + String.join(", ", names()) + ", found \"" + name + "\"");
        }
        return entry;
    }

    private static Map<String, Float> values(Entry entry, String text) {
        Map<String, Float> values = new LinkedHashMap<>();
        entry.settings.forEach(setting -> values.put(setting.name, setting.usual));
        String[] parts = text.split(",", -1);
        for (int i = 1; i < parts.length; i++) {
            String[] pair = parts[i].split("=", 2);
            Setting setting = entry.settings.stream()
                    .filter(each -> each.name.equals(pair[0]) && pair.length == 2)
                    .findFirst()
                    .orElseThrow(() -> new SettingException(entry.name + " takes "
                            + String.join(
                                    ", ",
                                    entry.settings.stream().map(Setting::name).toList())
                            + " as NAME=NUMBER, found \"" + String.join("=", pair) + "\""));
            values.put(setting.name, setting.parse(entry.name, pair[1]));
        }
        return values;
    }
}

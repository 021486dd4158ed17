package dev.vicreg.training.objective;

import dev.vicreg.models.setting.SettingException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The objectives by name: one line each. */
public final class Objectives {
    private interface Maker {
        Objective of(Values values);
    }

    private record Entry(List<String> settings, Maker maker) {}

    private record Values(String objective, Map<String, Float> all) {
        float get(String setting) {
            Float value = all.get(setting);
            if (value == null) {
                throw new SettingException("Loss " + objective + " needs " + setting + ", found only " + all.keySet()
                        + ": give its value");
            }
            return value;
        }

        VicReg vicReg(VicReg.Variant variant) {
            return new VicReg(variant, get("invariance"), get("variance"), get("covariance"));
        }
    }

    private static final List<String> VICREG = List.of("invariance", "variance", "covariance");
    private static final Map<String, Entry> ENTRIES = new LinkedHashMap<>();

    static {
        add("official", VICREG, values -> values.vicReg(VicReg.Variant.OFFICIAL));
        add("solo-learn", VICREG, values -> values.vicReg(VicReg.Variant.SOLO_LEARN));
        add("paper", VICREG, values -> values.vicReg(VicReg.Variant.PAPER));
    }

    private Objectives() {}

    private static void add(String name, List<String> settings, Maker maker) {
        if (ENTRIES.put(name, new Entry(settings, maker)) != null) {
            throw new IllegalStateException("Two objectives are named " + name);
        }
    }

    /** Their names, the usual one first. */
    public static List<String> names() {
        return List.copyOf(ENTRIES.keySet());
    }

    /**
     * What an objective needs to be told, in its order.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public static List<String> settings(String name) {
        return entry(name).settings;
    }

    /**
     * The objective of that name.
     *
     * @param values by the names of {@link #settings}; others are of no interest
     * @throws IllegalArgumentException if there is none of that name, or a value is missing or makes no sense
     */
    public static Objective of(String name, Map<String, Float> values) {
        return entry(name).maker.of(new Values(name, values));
    }

    private static Entry entry(String name) {
        Entry entry = ENTRIES.get(name);
        if (entry == null) {
            List<String> names = names();
            int last = names.size() - 1;
            throw new SettingException("Unknown loss " + name + ": expected "
                    + String.join(", ", names.subList(0, last)) + " or " + names.get(last));
        }
        return entry;
    }
}

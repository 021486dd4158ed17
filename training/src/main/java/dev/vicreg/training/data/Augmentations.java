package dev.vicreg.training.data;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.view.Augmentation;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Augmentations of every kind of data, as people and files write them.
 *
 * <p>Written as text, {@code cifar,blur=0.5,view-a.crop-min=0.3}: a preset (by default {@code official}), then settings
 * of both views, or of one with {@code view-a.} or {@code view-b.} before them; later ones win. As a map, for
 * configuration files: {@code preset}, the settings, {@code view-a} and {@code view-b} with maps of their own. The
 * preset decides what kind of data it is for; the settings are the components of that kind's policy in kebab case.
 */
public final class Augmentations {
    private static final String DEFAULT = "official";

    private static final Map<String, Augmentation> PRESETS = new TreeMap<>();

    static {
        for (Kind<?> kind : Kinds.ALL) {
            PRESETS.putAll(kind.presets());
        }
    }

    private Augmentations() {}

    /** Names that {@link #parse} accepts in first place. */
    public static Set<String> presets() {
        return Collections.unmodifiableSet(PRESETS.keySet());
    }

    /**
     * The augmentation that the text describes, see the class comment.
     *
     * @throws IllegalArgumentException on an unknown preset or setting, or a value out of range
     */
    public static Augmentation parse(String text) {
        Augmentation augmentation = preset(DEFAULT);
        String[] parts = text.strip().split("\\s*,\\s*", -1);
        for (int i = 0; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            if (equals < 0 && i == 0) {
                augmentation = preset(parts[i]);
            } else if (equals < 0) {
                throw new SettingException("augmentation '" + text + "': expected setting=value, found '" + parts[i]
                        + "'; only the first part may be a preset");
            } else {
                String name = parts[i].substring(0, equals).strip();
                augmentation =
                        augmentation.with(name, parts[i].substring(equals + 1).strip());
            }
        }
        return augmentation;
    }

    /**
     * The inverse of {@link Augmentation#settings}, lenient as configuration files need it: what is not given comes from
     * the preset.
     *
     * @throws IllegalArgumentException on an unknown preset or setting, or a value out of range
     */
    public static Augmentation fromSettings(Map<String, ?> settings) {
        Object preset = settings.get("preset");
        Augmentation augmentation = preset(preset == null ? DEFAULT : preset.toString());
        for (boolean oneView : new boolean[] {false, true}) { // settings of one view win over those of both
            for (Map.Entry<String, ?> entry : settings.entrySet()) {
                if (entry.getValue() instanceof Map<?, ?> ofView) {
                    for (Map.Entry<?, ?> setting : ofView.entrySet()) {
                        String name = entry.getKey() + "." + setting.getKey();
                        augmentation = oneView ? augmentation.with(name, setting.getValue()) : augmentation;
                    }
                } else if (!oneView && !entry.getKey().equals("preset")) {
                    augmentation = augmentation.with(entry.getKey(), entry.getValue());
                }
            }
        }
        return augmentation;
    }

    private static Augmentation preset(String name) {
        Augmentation preset = PRESETS.get(name);
        if (preset == null) {
            throw new SettingException("unknown augmentation preset '" + name + "'; expected one of "
                    + String.join(", ", PRESETS.keySet()));
        }
        return preset;
    }
}

package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * How the two views of a pair are made. Immutable, thread-safe.
 *
 * <p>Written as text, {@code cifar,blur=0.5,view-a.crop-min=0.3}: a preset (by default {@code official}), then settings
 * of both views, or of one with {@code view-a.} or {@code view-b.} before them; later ones win. As a map, for
 * configuration files: {@code preset}, the settings, {@code view-a} and {@code view-b} with maps of their own. The
 * settings are {@link ViewPolicy}'s components in kebab case.
 *
 * @param unrelatedViews a control experiment, {@code views=different}: view b shows another picture than view a. What
 *     such a run learns owes nothing to the augmentation
 */
public record Augmentation(ViewPolicy viewA, ViewPolicy viewB, boolean unrelatedViews) {
    private static final Map<String, Augmentation> PRESETS = new TreeMap<>(Map.of(
            "official", official(),
            "paper", paper(),
            "cifar", cifar()));

    private static final List<String> SETTINGS = settingNames();

    /** As the authors' code: blur 1.0 and no solarisation for view a, blur 0.1 and solarisation 0.2 for view b. */
    public static Augmentation official() {
        return new Augmentation(ViewPolicy.published(0.08, 1, 0), ViewPolicy.published(0.08, 0.1, 0.2), false);
    }

    /** As the paper's appendix: blur 0.5 and solarisation 0.1 for both views. */
    public static Augmentation paper() {
        ViewPolicy both = ViewPolicy.published(0.08, 0.5, 0.1);
        return new Augmentation(both, both, false);
    }

    /** As solo-learn on CIFAR: crops of a fifth and more, no blur, solarisation 0.1. */
    public static Augmentation cifar() {
        ViewPolicy both = ViewPolicy.published(0.2, 0, 0.1);
        return new Augmentation(both, both, false);
    }

    /** Names that {@link #parse} accepts in first place. */
    public static Set<String> presets() {
        return PRESETS.keySet();
    }

    /**
     * The augmentation that the text describes, see the class comment.
     *
     * @throws IllegalArgumentException on an unknown preset or setting, or a value out of range
     */
    public static Augmentation parse(String text) {
        Augmentation augmentation = official();
        String[] parts = text.strip().split("\\s*,\\s*", -1);
        for (int i = 0; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            if (equals < 0 && i == 0) {
                augmentation = preset(parts[i]);
            } else if (equals < 0) {
                throw new IllegalArgumentException("augmentation '" + text + "': expected setting=value, found '"
                        + parts[i] + "'; only the first part may be a preset");
            } else {
                String name = parts[i].substring(0, equals).strip();
                augmentation =
                        augmentation.with(name, parts[i].substring(equals + 1).strip());
            }
        }
        return augmentation;
    }

    /**
     * The inverse of {@link #settings}, lenient as configuration files need it: what is not given comes from the
     * preset.
     *
     * @throws IllegalArgumentException on an unknown preset or setting, or a value out of range
     */
    public static Augmentation fromSettings(Map<String, ?> settings) {
        Object preset = settings.get("preset");
        Augmentation augmentation = preset == null ? official() : preset(preset.toString());
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

    /** Every setting, for a record of the run: {@code views}, {@code view-a}, {@code view-b}. */
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("views", unrelatedViews ? "different" : "same");
        settings.put("view-a", valuesOf(viewA));
        settings.put("view-b", valuesOf(viewB));
        return settings;
    }

    /** The same policies with view b taken from another picture, or not. */
    public Augmentation withUnrelatedViews(boolean unrelated) {
        return new Augmentation(viewA, viewB, unrelated);
    }

    /** A view of the picture, {@code size} pixels a side: a function of the arguments and nothing else. */
    public Picture view(Picture picture, int size, ViewKey key) {
        ViewPolicy policy = key.view() == 0 ? viewA : viewB;
        return policy.draw(key.random(), picture.width(), picture.height()).apply(picture, size);
    }

    private static Augmentation preset(String name) {
        Augmentation preset = PRESETS.get(name);
        if (preset == null) {
            throw new IllegalArgumentException("unknown augmentation preset '" + name + "'; expected one of "
                    + String.join(", ", PRESETS.keySet()));
        }
        return preset;
    }

    private Augmentation with(String name, Object value) {
        if (name.equals("views")) {
            if (!value.equals("same") && !value.equals("different")) {
                throw new IllegalArgumentException(
                        "augmentation: views must be same or different, found '" + value + "'");
            }
            return withUnrelatedViews(value.equals("different"));
        }
        if (name.startsWith("view-a.")) {
            return new Augmentation(with(viewA, name.substring(7), value), viewB, unrelatedViews);
        }
        if (name.startsWith("view-b.")) {
            return new Augmentation(viewA, with(viewB, name.substring(7), value), unrelatedViews);
        }
        return new Augmentation(with(viewA, name, value), with(viewB, name, value), unrelatedViews);
    }

    private static ViewPolicy with(ViewPolicy policy, String name, Object value) {
        int position = SETTINGS.indexOf(name);
        if (position < 0) {
            throw new IllegalArgumentException("unknown augmentation setting '" + name + "'; known are "
                    + String.join(", ", SETTINGS) + ", views");
        }
        double[] values = valuesOf(policy).values().stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
        try {
            values[position] = value instanceof Number number ? number.doubleValue() : Double.parseDouble("" + value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("augmentation: " + name + " must be a number, found '" + value + "'", e);
        }
        return policyOf(values);
    }

    // The settings are the record's components, so that a new one is written in one place.

    private static List<String> settingNames() {
        List<String> names = new ArrayList<>();
        for (RecordComponent component : ViewPolicy.class.getRecordComponents()) {
            names.add(component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT));
        }
        return List.copyOf(names);
    }

    private static Map<String, Double> valuesOf(ViewPolicy policy) {
        Map<String, Double> values = new LinkedHashMap<>();
        RecordComponent[] components = ViewPolicy.class.getRecordComponents();
        try {
            for (int i = 0; i < components.length; i++) {
                values.put(SETTINGS.get(i), (Double) components[i].getAccessor().invoke(policy));
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read the components of ViewPolicy", e);
        }
        return values;
    }

    private static ViewPolicy policyOf(double[] v) {
        return new ViewPolicy(
                v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13], v[14]);
    }
}

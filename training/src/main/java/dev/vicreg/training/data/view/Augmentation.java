package dev.vicreg.training.data.view;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.picture.PicturePolicy;
import dev.vicreg.training.data.sequence.SequencePolicy;
import dev.vicreg.training.data.signal.SignalPolicy;
import dev.vicreg.training.data.vector.VectorPolicy;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
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
 * preset decides what kind of data it is for; the settings are the components of that kind's policy in kebab case:
 * {@link PicturePolicy}, {@link VectorPolicy} for {@code vectors}, {@link SignalPolicy} for {@code signals},
 * {@link SequencePolicy} for {@code sequences}.
 *
 * @param unrelatedViews a control experiment, {@code views=different}: view b shows another picture than view a. What
 *     such a run learns owes nothing to the augmentation
 */
public record Augmentation(ViewPolicy viewA, ViewPolicy viewB, boolean unrelatedViews) {
    private static final Map<String, Augmentation> PRESETS = new TreeMap<>(Map.of(
            "official", official(),
            "paper", paper(),
            "cifar", cifar(),
            "vectors", vectors(),
            "signals", signals(),
            "sequences", sequences()));

    /** As the authors' code: blur 1.0 and no solarisation for view a, blur 0.1 and solarisation 0.2 for view b. */
    public static Augmentation official() {
        return new Augmentation(PicturePolicy.published(0.08, 1, 0), PicturePolicy.published(0.08, 0.1, 0.2), false);
    }

    /** As the paper's appendix: blur 0.5 and solarisation 0.1 for both views. */
    public static Augmentation paper() {
        PicturePolicy both = PicturePolicy.published(0.08, 0.5, 0.1);
        return new Augmentation(both, both, false);
    }

    /** As solo-learn on CIFAR: crops of a fifth and more, no blur, solarisation 0.1. */
    public static Augmentation cifar() {
        PicturePolicy both = PicturePolicy.published(0.2, 0, 0.1);
        return new Augmentation(both, both, false);
    }

    /** For vectors: some values of other samples, a little noise, a little of another sample. */
    public static Augmentation vectors() {
        return new Augmentation(VectorPolicy.standard(), VectorPolicy.standard(), false);
    }

    /** For signals: other stretches of the recording, louder or softer, noisy, with gaps. */
    public static Augmentation signals() {
        return new Augmentation(SignalPolicy.standard(), SignalPolicy.standard(), false);
    }

    /** For sequences of ids: other stretches, with some ids masked; none deleted, swapped or replaced. */
    public static Augmentation sequences() {
        return new Augmentation(SequencePolicy.standard(), SequencePolicy.standard(), false);
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

    /** Every setting, for a record of the run: {@code views}, {@code view-a}, {@code view-b}; the preset of its kind. */
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        if (viewA instanceof VectorPolicy) {
            settings.put("preset", "vectors");
        } else if (viewA instanceof SignalPolicy) {
            settings.put("preset", "signals");
        } else if (viewA instanceof SequencePolicy) {
            settings.put("preset", "sequences");
        }
        settings.put("views", unrelatedViews ? "different" : "same");
        settings.put("view-a", valuesOf(viewA));
        settings.put("view-b", valuesOf(viewB));
        return settings;
    }

    /** The same policies with view b taken from another picture, or not. */
    public Augmentation withUnrelatedViews(boolean unrelated) {
        return new Augmentation(viewA, viewB, unrelated);
    }

    /**
     * The policy of view a (0) or b (1).
     *
     * @throws IllegalArgumentException if this augmentation is for another kind of data
     */
    public <P extends ViewPolicy> P policy(int view, Class<P> kind) {
        ViewPolicy policy = view == 0 ? viewA : viewB;
        if (!kind.isInstance(policy)) {
            throw new IllegalArgumentException("augmentation: its settings are those of " + nameOf(policy.getClass())
                    + ", expected those of " + nameOf(kind) + "; choose another preset");
        }
        return kind.cast(policy);
    }

    /** pictures, vectors, signals or sequences. */
    private static String nameOf(Class<?> policy) {
        return policy.getSimpleName().replace("Policy", "s").toLowerCase(Locale.ROOT);
    }

    /** A view of the picture, {@code size} pixels a side: a function of the arguments and nothing else. */
    public Picture view(Picture picture, int size, ViewKey key) {
        PicturePolicy policy = policy(key.view(), PicturePolicy.class);
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
        Map<String, Double> values = valuesOf(policy);
        if (!values.containsKey(name)) {
            throw new IllegalArgumentException("unknown augmentation setting '" + name + "' of "
                    + nameOf(policy.getClass()) + "; known are " + String.join(", ", values.keySet())
                    + ", views; other kinds of data have presets of their own");
        }
        try {
            values.put(name, value instanceof Number number ? number.doubleValue() : Double.parseDouble("" + value));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("augmentation: " + name + " must be a number, found '" + value + "'", e);
        }
        return policyOf(policy.getClass(), values);
    }

    // The settings are the records' components, so that a new one is written in one place.

    private static Map<String, Double> valuesOf(ViewPolicy policy) {
        Map<String, Double> values = new LinkedHashMap<>();
        try {
            for (RecordComponent component : policy.getClass().getRecordComponents()) {
                String name = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
                values.put(name, (Double) component.getAccessor().invoke(policy));
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read the components of " + policy, e);
        }
        return values;
    }

    private static ViewPolicy policyOf(Class<? extends ViewPolicy> kind, Map<String, Double> values) {
        Class<?>[] types = new Class<?>[values.size()];
        Arrays.fill(types, double.class);
        try {
            return kind.getDeclaredConstructor(types)
                    .newInstance(values.values().toArray());
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException wrong) {
                throw wrong;
            }
            throw new IllegalStateException("cannot make a " + kind.getSimpleName(), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a " + kind.getSimpleName(), e);
        }
    }
}

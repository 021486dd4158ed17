package dev.vicreg.training.data.view;

import dev.vicreg.models.setting.SettingException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How the two views of a pair are made. Immutable, thread-safe.
 *
 * <p>Its settings are the components of the views' policies in kebab case; {@link dev.vicreg.training.data.Augmentations}
 * reads them as text and as a map.
 *
 * @param unrelatedViews a control experiment, {@code views=different}: view b shows another sample than view a. What
 *     such a run learns owes nothing to the augmentation
 */
public record Augmentation(ViewPolicy viewA, ViewPolicy viewB, boolean unrelatedViews) {
    /** The same policy for both views of one sample. */
    public static Augmentation same(ViewPolicy both) {
        return new Augmentation(both, both, false);
    }

    /** Every setting, for a record of the run: {@code views}, {@code view-a}, {@code view-b}; the preset of its kind. */
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        String preset = viewA.preset();
        if (preset != null) {
            settings.put("preset", preset);
        }
        settings.put("views", unrelatedViews ? "different" : "same");
        settings.put("view-a", valuesOf(viewA));
        settings.put("view-b", valuesOf(viewB));
        return settings;
    }

    /** The same policies with view b taken from another sample, or not. */
    public Augmentation withUnrelatedViews(boolean unrelated) {
        return new Augmentation(viewA, viewB, unrelated);
    }

    /**
     * The policy of a view: that of view a for even numbers, of view b for odd ones.
     *
     * @throws IllegalArgumentException if this augmentation is for another kind of data
     */
    public <P extends ViewPolicy> P policy(int view, Class<P> kind) {
        ViewPolicy policy = view % 2 == 0 ? viewA : viewB;
        if (!kind.isInstance(policy)) {
            throw new SettingException("augmentation: its settings are those of " + nameOf(policy.getClass())
                    + ", expected those of " + nameOf(kind) + "; choose another preset");
        }
        return kind.cast(policy);
    }

    /** pictures, vectors, signals or sequences. */
    private static String nameOf(Class<?> policy) {
        return policy.getSimpleName().replace("Policy", "s").toLowerCase(Locale.ROOT);
    }

    /**
     * The same with another value of a setting.
     *
     * @param name as in {@link #settings}, for one view with {@code view-a.} or {@code view-b.} before it
     * @throws IllegalArgumentException on an unknown setting, or a value out of range
     */
    public Augmentation with(String name, Object value) {
        if (name.equals("views")) {
            if (!value.equals("same") && !value.equals("different")) {
                throw new SettingException("augmentation: views must be same or different, found '" + value + "'");
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
            throw new SettingException("unknown augmentation setting '" + name + "' of "
                    + nameOf(policy.getClass()) + "; known are " + String.join(", ", values.keySet())
                    + ", views; other kinds of data have presets of their own");
        }
        try {
            values.put(name, value instanceof Number number ? number.doubleValue() : Double.parseDouble("" + value));
        } catch (NumberFormatException e) {
            throw new SettingException("augmentation: " + name + " must be a number, found '" + value + "'", e);
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
            if (e.getCause() instanceof SettingException wrong) {
                throw wrong;
            }
            throw new IllegalStateException("cannot make a " + kind.getSimpleName(), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a " + kind.getSimpleName(), e);
        }
    }
}

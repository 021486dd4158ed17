package dev.vicreg.models.graph;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A node's attributes by name. Values are {@code Long}, {@code Float}, {@code String}, {@code long[]}, {@code float[]},
 * {@code List<String>} or {@link Tensor}. Immutable; the arrays are copied on the way in and out.
 */
public final class Attributes {
    /** No attributes. */
    public static final Attributes NONE = new Attributes(Map.of());

    private final Map<String, Object> values;

    private Attributes(Map<String, Object> values) {
        this.values = values;
    }

    /** These attributes and one more integer. */
    public Attributes with(String name, long value) {
        return put(name, value);
    }

    /** These attributes and one more real number. */
    public Attributes with(String name, float value) {
        return put(name, value);
    }

    /** These attributes and one more string. */
    public Attributes with(String name, String value) {
        return put(name, value);
    }

    /** These attributes and one more list of integers. */
    public Attributes with(String name, long... value) {
        return put(name, value.clone());
    }

    /** These attributes and one more list of real numbers. */
    public Attributes with(String name, float... value) {
        return put(name, value.clone());
    }

    /** These attributes and one more tensor. */
    public Attributes with(String name, Tensor value) {
        return put(name, value);
    }

    /** These attributes and one more list of strings. */
    public Attributes with(String name, List<String> value) {
        return put(name, List.copyOf(value));
    }

    /** These attributes but for the one of that name, if there is one. */
    public Attributes without(String name) {
        Map<String, Object> copy = new LinkedHashMap<>(values);
        copy.remove(name);
        return new Attributes(copy);
    }

    private Attributes put(String name, Object value) {
        Map<String, Object> copy = new LinkedHashMap<>(values);
        copy.put(name, value);
        return new Attributes(copy);
    }

    /** Names, in the order in which they were added. */
    public Set<String> names() {
        return values.keySet();
    }

    /** Whether an attribute of that name was given. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** The integer, or {@code otherwise} where none was given. */
    public long integer(String name, long otherwise) {
        Long value = get(name, Long.class);
        return value == null ? otherwise : value;
    }

    /** The real number, or {@code otherwise} where none was given. */
    public float real(String name, float otherwise) {
        Float value = get(name, Float.class);
        return value == null ? otherwise : value;
    }

    /** The string, or {@code otherwise} where none was given. */
    public String string(String name, String otherwise) {
        String value = get(name, String.class);
        return value == null ? otherwise : value;
    }

    /** The integers, or {@code otherwise} where none were given. */
    public long[] integers(String name, long... otherwise) {
        long[] value = get(name, long[].class);
        return value == null ? otherwise : value.clone();
    }

    /** The real numbers, or {@code otherwise} where none were given. */
    public float[] reals(String name, float... otherwise) {
        float[] value = get(name, float[].class);
        return value == null ? otherwise : value.clone();
    }

    /** The strings, or {@code otherwise} where none were given. */
    public List<String> strings(String name, List<String> otherwise) {
        List<?> value = get(name, List.class);
        return value == null
                ? otherwise
                : value.stream().map(String.class::cast).toList();
    }

    /** The tensor, if one was given. */
    public Optional<Tensor> tensor(String name) {
        return Optional.ofNullable(get(name, Tensor.class));
    }

    /** The value as stored, for writers. */
    public Object raw(String name) {
        Object value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("No attribute " + name + " among " + values.keySet());
        }
        return value;
    }

    private <T> @Nullable T get(String name, Class<T> type) {
        Object value = values.get(name);
        if (value != null && !type.isInstance(value)) {
            throw new IllegalArgumentException("Attribute " + name + ": expected " + type.getSimpleName() + ", found "
                    + value.getClass().getSimpleName());
        }
        return type.cast(value);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        values.forEach((name, value) -> text.append(text.isEmpty() ? "" : ", ")
                .append(name)
                .append('=')
                .append(
                        value instanceof long[] longs
                                ? Arrays.toString(longs)
                                : value instanceof float[] floats ? Arrays.toString(floats) : value));
        return "{" + text + "}";
    }
}

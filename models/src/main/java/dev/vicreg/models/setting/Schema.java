package dev.vicreg.models.setting;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The settings that a record declares, and all that follows from their declaration. Thread-safe.
 *
 * <pre>{@code
 * record Rate(
 *         @Option(help = "peak learning rate", group = OPTIMIZATION, min = 1e-12, max = 100) double lr,
 *         @Option(help = "rate after the warm-up", group = OPTIMIZATION, choices = {"cosine", "constant"},
 *                 fallback = "cosine") String schedule) {}
 *
 * Schema.options(Rate.class, false);       // for the parser and the help page
 * Schema.read(Rate.class, false, source);  // from what was given: parsed values by option name
 * Schema.json(rate);                       // {"lr": 0.002, "schedule": "cosine"}, nested as records are
 * Schema.of(Rate.class, json);             // and back
 * Schema.texts(rate);                      // the options that give this record
 * Schema.with(rate, "lr", 0.1);            // the same but for one
 * Schema.differences(rate, other);         // but for free ones
 * }</pre>
 *
 * <p>A component that is a record of annotated components is nested; null, if it is nullable and none of its settings
 * was given. A component whose type is a sealed interface holds one of the records that it permits, each a
 * {@link Variant}; which options are read for it isn't known here. One option may be declared in several records that stand side by side, such as {@code length} of signals and of sequences.
 */
public final class Schema {
    private static final Map<Class<?>, List<Component>> COMPONENTS = new ConcurrentHashMap<>();
    private static final Set<Class<?>> SIMPLE = Set.of(
            int.class,
            long.class,
            float.class,
            double.class,
            boolean.class,
            Integer.class,
            Long.class,
            Float.class,
            Double.class,
            Boolean.class,
            String.class,
            List.class,
            Map.class);

    /** What was given. */
    public interface Source {
        /** Nothing was given. */
        Source NONE = new Source() {
            @Override
            public @Nullable Object value(String name) {
                return null;
            }

            @Override
            public boolean isGiven(String name) {
                return false;
            }
        };

        /** Value of the option of that name; its default, or null without one, where it was not given. */
        @Nullable
        Object value(String name);

        /**
         * The same; empty instead of null.
         *
         * @param <T> type of its value, which the caller knows
         */
        @SuppressWarnings("unchecked")
        default <T> Optional<T> find(String name) {
            return Optional.ofNullable((@Nullable T) value(name));
        }

        /** Whether it was. */
        boolean isGiven(String name);
    }

    /** Implemented by a record some of whose settings may have followed from others or from data. */
    public interface Inferring {
        /** Whether the setting of that option did, so that no option gives it again. */
        boolean isInferred(String option);
    }

    /**
     * An option as it is declared, its name and help those of the branch that was asked for.
     *
     * @param fallback text of its default; empty for none, as for a second branch, which is as the first unless told
     */
    public record Declared(String name, String help, String fallback, Class<?> type, Option option) {}

    /** A setting in which two records differ, by the option's name; null where one has none. */
    public record Difference(
            String name, @Nullable Object before, @Nullable Object after) {}

    private record Component(
            RecordComponent component,
            String name,
            @Nullable Option option,
            boolean isNested) {
        @SuppressWarnings("unchecked") // asked for only where it is so
        Class<? extends Record> nested() {
            return (Class<? extends Record>) component.getType();
        }

        boolean isNullable() {
            return component.getAnnotatedType().isAnnotationPresent(Nullable.class);
        }

        /** Whether its settings are those of a record. */
        boolean isRecord() {
            return isOneOfSeveral() || isNested();
        }

        boolean isOneOfSeveral() {
            return component.getType().isSealed();
        }

        /** The permitted record that is called so. */
        @SuppressWarnings("unchecked") // a variant is a record
        Class<? extends Record> variant(Object word) {
            Class<?>[] variants = component.getType().getPermittedSubclasses();
            return (Class<? extends Record>) Arrays.stream(variants)
                    .filter(each -> word(each).equals(word))
                    .findFirst()
                    .orElseThrow(() -> new SettingException(name + ": unknown " + KIND + " " + word + ", expected "
                            + Arrays.stream(variants).map(Schema::word).collect(Collectors.joining(" or "))));
        }

        boolean isSimple() {
            return SIMPLE.contains(component.getType()) || component.getType().isEnum();
        }

        boolean isOpen() {
            return option != null && option.open();
        }

        boolean isSecond(boolean outer) {
            return outer || (option != null && option.secondBranch());
        }

        boolean isOption() {
            return option != null && !option.help().isEmpty();
        }

        /** The option's name on a branch. */
        String optionName(boolean second) {
            return second && option != null && !option.second().isEmpty() ? name + "-b" : name;
        }

        @Nullable
        Object of(Record record) {
            try {
                component.getAccessor().setAccessible(true); // a public record may be nested in what is not
                return component.getAccessor().invoke(record);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("Cannot read " + name + " of " + record.getClass(), e);
            }
        }
    }

    /** The key of a variant's word in JSON. */
    private static final String KIND = "kind";

    private Schema() {}

    private static String word(Class<?> variant) {
        Variant named = variant.getAnnotation(Variant.class);
        if (named == null) {
            throw new IllegalStateException(variant + " is no variant");
        }
        return named.value();
    }

    private static List<Component> components(Class<? extends Record> type) {
        List<Component> known = COMPONENTS.get(type);
        if (known == null) {
            known = Arrays.stream(type.getRecordComponents())
                    .map(Schema::component)
                    .toList();
            COMPONENTS.put(type, known);
        }
        return known;
    }

    private static Component component(RecordComponent component) {
        Option option = component.getAnnotation(Option.class);
        String name = option == null || option.name().isEmpty() ? kebab(component.getName()) : option.name();
        return new Component(component, name, option, declaresSettings(component.getType()));
    }

    private static boolean declaresSettings(Class<?> type) {
        return type.isRecord()
                && components(type.asSubclass(Record.class)).stream()
                        .anyMatch(inner -> inner.option != null || inner.isNested());
    }

    /** {@code batchSize} as {@code batch-size}, {@code ONE_BY_ONE} as {@code one-by-one}. */
    private static String kebab(String name) {
        StringBuilder kebab = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean starts = Character.isUpperCase(c) && i > 0 && Character.isLowerCase(name.charAt(i - 1));
            kebab.append(starts ? "-" : "").append(c == '_' ? '-' : Character.toLowerCase(c));
        }
        return kebab.toString();
    }

    /**
     * The options that a record declares, those of nested ones in their place.
     *
     * @param second those of the second branch: {@code NAME-b}, of those that have one
     */
    public static List<Declared> options(Class<? extends Record> type, boolean second) {
        List<Declared> options = new ArrayList<>();
        for (Component component : components(type)) {
            if (component.isNested()) {
                if (!component.isSecond(false)) {
                    options.addAll(options(component.nested(), second));
                }
            } else if (component.isOption()) {
                Option option = Objects.requireNonNull(component.option);
                String help = second ? option.second() : option.help();
                if (!help.isEmpty()) {
                    Class<?> raw = component.component.getType();
                    String fallback = second ? "" : option.fallback();
                    options.add(new Declared(component.optionName(second), help(help, option), fallback, raw, option));
                }
            }
        }
        return options;
    }

    private static String help(String help, Option option) {
        return help.contains("{words}")
                ? help.replace("{words}", String.join(", ", codec(option).words()))
                : help;
    }

    /** The constants of an enum as options have them. */
    public static List<String> words(Class<?> constants) {
        return Arrays.stream(constants.getEnumConstants())
                .map(each -> plain(each).toString())
                .toList();
    }

    /** The codec that an option declares. */
    @SuppressWarnings("unchecked") // text of a value is asked for where the value is of its type
    public static Codec<Object> codec(Option option) {
        try {
            Constructor<? extends Codec<?>> constructor = option.codec().getDeclaredConstructor();
            constructor.setAccessible(true);
            return (Codec<Object>) constructor.newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Cannot make a " + option.codec(), e);
        }
    }

    /**
     * The record that options give.
     *
     * @param second as {@link #options}; settings that both branches share are read for it too
     * @throws IllegalArgumentException as the records' constructors say
     */
    public static <R extends Record> R read(Class<R> type, boolean second, Source source) {
        return make(type, component -> {
            if (component.isNested()) {
                boolean inner = component.isSecond(second);
                boolean absent = component.isNullable()
                        && options(component.nested(), inner).stream().noneMatch(o -> source.isGiven(o.name()));
                return absent ? null : read(component.nested(), inner, source);
            }
            if (!component.isOption()) {
                return absent(component);
            }
            String name = component.optionName(second);
            Object value = source.value(name);
            boolean own = !name.equals(component.name);
            return value != null ? typed(component, value) : own ? nothing(component) : absent(component);
        });
    }

    /** The record with every setting by default. */
    public static <R extends Record> R defaults(Class<R> type) {
        return read(type, false, Source.NONE);
    }

    /** As JSON has it, nested as the records are; without what is null or empty. */
    public static Map<String, Object> json(Record record) {
        Map<String, Object> json = new LinkedHashMap<>();
        if (record.getClass().isAnnotationPresent(Variant.class)) {
            json.put(KIND, word(record.getClass()));
        }
        for (Component component : components(record.getClass())) {
            Object value = component.of(record);
            if (component.isOpen()) {
                ((Map<?, ?>) Objects.requireNonNull(value)).forEach((name, each) -> json.put((String) name, each));
            } else if (value instanceof Record nested && component.isRecord()) {
                json.put(component.name, json(nested));
            } else if (value != null && !isEmpty(value)) {
                json.put(component.name, plain(component, value));
            }
        }
        return json;
    }

    /**
     * The inverse of {@link #json}; what is absent is as {@link Option#fallback} says.
     *
     * @throws IllegalArgumentException naming a key that is no setting, or as the records' constructors say
     */
    public static <R extends Record> R of(Class<R> type, Map<?, ?> json) {
        Map<Object, Object> rest = new LinkedHashMap<>(json);
        if (type.isAnnotationPresent(Variant.class)) {
            rest.remove(KIND);
        }
        components(type).stream().filter(component -> !component.isOpen()).forEach(c -> rest.remove(c.name));
        R record = make(type, component -> {
            if (component.isOpen()) {
                Map<Object, Object> open = new LinkedHashMap<>(rest);
                rest.clear();
                return open;
            }
            Object value = json.get(component.name);
            if (component.isRecord()) {
                Map<?, ?> inner = value instanceof Map<?, ?> map ? map : Map.of();
                if (value == null && component.isNullable()) {
                    return null;
                }
                Object kind = inner.get(KIND);
                Class<? extends Record> inside =
                        component.isOneOfSeveral() ? component.variant(kind == null ? "" : kind) : component.nested();
                return of(inside, inner);
            }
            return value == null ? absent(component) : typed(component, value);
        });
        if (!rest.isEmpty()) {
            throw new SettingException(
                    "unknown setting " + rest.keySet().iterator().next());
        }
        return record;
    }

    /** The options that give this record, by name; without what is null, empty or {@link Inferring inferred}. */
    public static Map<String, String> texts(Record record) {
        Map<String, String> texts = new LinkedHashMap<>();
        putTexts(texts, record, false);
        return texts;
    }

    private static void putTexts(Map<String, String> texts, Record record, boolean second) {
        for (Component component : components(record.getClass())) {
            Object value = component.of(record);
            if (component.isOpen()) {
                ((Map<?, ?>) Objects.requireNonNull(value))
                        .forEach((name, each) -> texts.putIfAbsent((String) name, each.toString()));
            } else if (value instanceof Record nested && component.isRecord()) {
                putTexts(texts, nested, component.isSecond(second));
            } else if (value != null
                    && component.isOption()
                    && !isAbsent(component, value)
                    && !(record instanceof Inferring inferring && inferring.isInferred(component.name))) {
                texts.putIfAbsent(component.optionName(second), text(component, value));
            }
        }
    }

    /** Whether a value says that the option was not given: empty, or a number that it cannot be. */
    private static boolean isAbsent(Component component, Object value) {
        double least = Objects.requireNonNull(component.option).min();
        return isEmpty(value) || (value instanceof Number number && number.doubleValue() < least);
    }

    private static String text(Component component, Object value) {
        Option option = Objects.requireNonNull(component.option);
        if (option.codec() != Option.AsTyped.class) {
            return codec(option).text(value);
        }
        return value instanceof List<?> list
                ? String.join(",", list.stream().map(Object::toString).toList())
                : plain(value).toString();
    }

    /**
     * The same record but for one setting.
     *
     * @param value as the component's type, or as JSON has it
     * @throws IllegalArgumentException if it has no setting of that name, or as the records' constructors say
     */
    @SuppressWarnings("unchecked") // make gives what it is asked for
    public static <R extends Record> R with(R record, String name, @Nullable Object value) {
        if (!has(record.getClass(), name)) {
            throw new IllegalArgumentException(
                    "no setting " + name + " in " + record.getClass().getSimpleName());
        }
        return (R) make(record.getClass(), component -> {
            Object old = component.of(record);
            if (component.isNested()) {
                return !component.isSecond(false) && has(component.nested(), name)
                        ? with((Record) Objects.requireNonNull(old, name), name, value)
                        : old;
            }
            boolean found = component.option != null && component.name.equals(name);
            return found ? value == null ? null : typed(component, value) : old;
        });
    }

    /** Whether a record, or one nested in it, has a setting of that name. */
    public static boolean has(Class<? extends Record> type, String name) {
        return components(type).stream()
                .anyMatch(component -> component.isNested()
                        ? has(component.nested(), name)
                        : component.option != null && component.name.equals(name));
    }

    /** The settings in which two records differ, sorted by name, without those that are free. */
    public static List<Difference> differences(Record before, Record after) {
        Map<String, Object> a = new HashMap<>();
        Map<String, Object> b = new HashMap<>();
        putFixed(a, before, false);
        putFixed(b, after, false);
        Set<String> names = new TreeSet<>(a.keySet());
        names.addAll(b.keySet());
        return names.stream()
                .filter(name -> !Objects.equals(a.get(name), b.get(name)))
                .map(name -> new Difference(name, a.get(name), b.get(name)))
                .toList();
    }

    private static void putFixed(Map<String, Object> fixed, Record record, boolean second) {
        if (record.getClass().isAnnotationPresent(Variant.class)) {
            fixed.put(KIND + of(second), word(record.getClass()));
        }
        for (Component component : components(record.getClass())) {
            Object value = component.of(record);
            if (component.isOpen()) {
                ((Map<?, ?>) Objects.requireNonNull(value))
                        .forEach((name, each) -> fixed.put(name + of(second), Objects.requireNonNull(each)));
            } else if (value instanceof Record nested && component.isRecord()) {
                putFixed(fixed, nested, component.isSecond(second));
            } else if (value != null && !isEmpty(value) && !(component.option != null && component.option.free())) {
                String name = component.optionName(second);
                fixed.put(name.equals(component.name) ? name + of(second) : name, plain(component, value));
            }
        }
    }

    private static String of(boolean second) {
        return second ? " of branch b" : "";
    }

    private interface Values {
        @Nullable
        Object of(Component component);
    }

    private static <R extends Record> R make(Class<R> type, Values values) {
        List<Component> components = components(type);
        Class<?>[] types = components.stream().map(c -> c.component.getType()).toArray(Class<?>[]::new);
        Object[] arguments = components.stream().map(values::of).toArray();
        try {
            Constructor<R> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException wrong) {
                throw wrong;
            }
            throw new IllegalStateException("Cannot make a " + type, e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Cannot make a " + type, e);
        }
    }

    /** What a setting is that was not given. */
    private static @Nullable Object absent(Component component) {
        Class<?> type = component.component.getType();
        if (component.option != null && !component.option.fallback().isEmpty()) {
            return typed(component, parsed(component.option, type, component.option.fallback()));
        }
        return nothing(component);
    }

    private static @Nullable Object nothing(Component component) {
        Class<?> type = component.component.getType();
        if (component.isNullable() || !component.isSimple()) {
            return null;
        }
        if (type == String.class) {
            return "";
        }
        if (type == List.class) {
            return List.of();
        }
        return type == Map.class ? Map.of() : type == boolean.class ? (Object) false : typed(component, 0);
    }

    private static Object parsed(Option option, Class<?> type, String text) {
        if (option.codec() != Option.AsTyped.class) {
            return codec(option).parse(text);
        }
        if (type == boolean.class || type == Boolean.class) {
            return Boolean.valueOf(text);
        }
        return type == String.class || type.isEnum()
                ? text
                : type == List.class ? List.of(text.split(",", -1)) : Double.valueOf(text);
    }

    /** As the component has it. */
    private static Object typed(Component component, Object value) {
        Class<?> type = component.component.getType();
        if (component.option != null && type.isRecord() && !type.isInstance(value)) { // from JSON
            return codec(component.option).parse(value.toString());
        }
        if (value instanceof List<?> list
                && component.component.getGenericType() instanceof java.lang.reflect.ParameterizedType generic) {
            Class<?> element = (Class<?>) generic.getActualTypeArguments()[0];
            return list.stream()
                    .map(each -> typed(element, component.name, each))
                    .toList();
        }
        return typed(component.component.getType(), component.name, value);
    }

    private static Object typed(Class<?> type, String name, Object value) {
        if (type.isInstance(value)) {
            return value;
        }
        if (type.isEnum()) {
            List<String> words = words(type);
            int index = words.indexOf(value.toString());
            if (index < 0) {
                throw new SettingException(
                        "Unknown `" + name + "` " + value + ": expected one of " + String.join(", ", words));
            }
            return type.getEnumConstants()[index];
        }
        if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
            Optional<Object> typed = number(type, number);
            if (typed.isPresent()) {
                return typed.get();
            }
        }
        if (type == boolean.class && value instanceof Boolean) {
            return value;
        }
        throw new SettingException(
                name + ": expected " + type.getSimpleName().toLowerCase(java.util.Locale.ROOT) + ", found " + value);
    }

    /** The number as that type has it; empty if it can't: a fraction or too large for it, or no type of numbers. */
    private static Optional<Object> number(Class<?> type, Number number) {
        BigDecimal exact = new BigDecimal(number.toString());
        try {
            if (type == int.class || type == Integer.class) {
                return Optional.of(exact.intValueExact());
            }
            if (type == long.class || type == Long.class) {
                return Optional.of(exact.longValueExact());
            }
        } catch (ArithmeticException e) { // said by the caller, with the setting's name
            return Optional.empty();
        }
        if (type == float.class || type == Float.class) {
            return Optional.<Object>of(exact.floatValue()).filter(value -> Float.isFinite((Float) value));
        }
        return type == double.class || type == Double.class ? Optional.of(exact.doubleValue()) : Optional.empty();
    }

    private static Object plain(Component component, Object value) {
        Option option = component.option;
        return option != null && value instanceof Record ? codec(option).json(value) : plain(value);
    }

    private static Object plain(Object value) {
        return value instanceof Enum<?> constant ? kebab(constant.name()) : value;
    }

    private static boolean isEmpty(Object value) {
        return value.equals("")
                || (value instanceof Collection<?> list && list.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty());
    }
}

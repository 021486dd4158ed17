package dev.vicreg.tools.cli;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.Schema.Declared;
import dev.vicreg.models.setting.SettingException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One option: its name on the command line (after {@code --}) and in a YAML file, what help says about it, its default
 * and how its text becomes a value.
 *
 * @param argument what help calls the value; null for a flag
 * @param group heading of the help page
 * @param fallback the default's text; null where there is none
 * @param parser turns the text into the value; throws {@link SettingException} whose message continues "--name"
 */
public record Setting<T>(
        String name,
        @Nullable String argument,
        Group group,
        String help,
        @Nullable String fallback,
        Function<String, T> parser) {

    private static final int MAX_ARGUMENT = 60;
    private static final String REPEATED = " …";
    private static final Set<Class<?>> WHOLE = Set.of(int.class, Integer.class, long.class, Long.class);

    /** An option that is on where it is named and off elsewhere. */
    public static Setting<Boolean> flag(String name, Group group, String help) {
        return new Setting<>(name, null, group, help, null, Setting::parseFlag);
    }

    /** Any text. */
    public static Setting<String> text(
            String name, String argument, Group group, String help, @Nullable String fallback) {
        return new Setting<>(name, argument, group, help, fallback, text -> text);
    }

    /** A file or folder; that it exists is not checked here. */
    public static Setting<Path> path(String name, String argument, Group group, String help) {
        return new Setting<>(name, argument, group, help, null, Setting::parsePath);
    }

    /** One of some words, which stand in the help text where they are many. */
    public static Setting<String> choice(
            String name, List<String> words, Group group, String help, @Nullable String fallback) {
        String all = String.join("|", words);
        boolean fits = all.length() <= MAX_ARGUMENT;
        return new Setting<>(
                name,
                fits ? all : "NAME",
                group,
                fits ? help : help + ": " + String.join(", ", words),
                fallback,
                text -> Nearest.require(text, words));
    }

    /** A whole number within limits, both included. */
    public static Setting<Integer> integer(
            String name, String argument, Group group, String help, @Nullable Integer fallback, int min, int max) {
        String text = fallback == null ? null : fallback.toString();
        return new Setting<>(name, argument, group, help, text, value -> (int) parseWhole(value, min, max));
    }

    /** A whole number of 64 bits, the sign included. */
    public static Setting<Long> seed(String name, Group group, String help, long fallback) {
        return new Setting<>(
                name,
                "N",
                group,
                help,
                Long.toString(fallback),
                value -> parseWhole(value, Long.MIN_VALUE, Long.MAX_VALUE));
    }

    /** A number within limits, both included; not NaN and not infinite. */
    public static Setting<Double> decimal(
            String name, String argument, Group group, String help, @Nullable String fallback, double min, double max) {
        return new Setting<>(name, argument, group, help, fallback, value -> parseDecimal(value, min, max));
    }

    /** Values separated by commas, each as {@code one} takes it. */
    public static <T> Setting<List<T>> list(Setting<T> one) {
        return new Setting<>(
                one.name,
                one.argument + "," + one.argument,
                one.group,
                one.help,
                one.fallback,
                text -> Stream.of(text.split(",", -1))
                        .map(String::strip)
                        .map(one.parser)
                        .toList());
    }

    /** Files or folders, each a line of the text: an option that several words stand for. */
    public static Setting<List<Path>> paths(String name, String argument, Group group, String help) {
        return new Setting<>(
                name,
                argument,
                group,
                help,
                null,
                text -> text.lines().map(Setting::parsePath).toList());
    }

    /** Any number of values: the option may be named again and again, or have several with commas between them. */
    public static <T> Setting<List<T>> repeated(Setting<T> one) {
        Setting<List<T>> list = list(one);
        return new Setting<>(one.name, one.argument + REPEATED, one.group, one.help, one.fallback, list.parser);
    }

    /** Whether it may be named more than once. */
    public boolean isRepeated() {
        return argument != null && argument.endsWith(REPEATED);
    }

    /** The options that a record declares, those of nested ones in their place. */
    public static List<Setting<?>> of(Class<? extends Record> type) {
        return Schema.options(type, false).stream().<Setting<?>>map(Setting::of).toList();
    }

    /** Those of the second branch: {@code NAME-b}. */
    public static List<Setting<?>> ofSecond(Class<? extends Record> type) {
        return Schema.options(type, true).stream().<Setting<?>>map(Setting::of).toList();
    }

    /**
     * One of the options that a record declares.
     *
     * @param <T> type of its value: Integer, Long, Double, Boolean, String, List or what the codec gives
     */
    @SuppressWarnings("unchecked") // the caller knows what it names
    public static <T> Setting<T> of(Class<? extends Record> type, String name) {
        for (Declared declared : Schema.options(type, false)) {
            if (declared.name().equals(name)) {
                return (Setting<T>) of(declared);
            }
        }
        throw new IllegalStateException(type + " declares no option " + name);
    }

    /** An option as a record declares it. */
    public static Setting<?> of(Declared declared) {
        Option option = declared.option();
        String help = OptionNames.in(declared.help(), name -> true);
        Class<?> type = declared.type();
        String fallback = declared.fallback().isEmpty() ? null : declared.fallback();
        if (type == boolean.class) {
            return flag(declared.name(), option.group(), help);
        }
        List<String> words = type.isEnum()
                ? Schema.words(type)
                : option.choices().length > 0
                        ? List.of(option.choices())
                        : Schema.codec(option).words();
        if (!words.isEmpty() && option.argument().isEmpty()) {
            return choice(declared.name(), words, option.group(), help, fallback);
        }
        boolean whole = WHOLE.contains(type);
        String argument = option.argument().isEmpty() ? whole ? "N" : "X" : option.argument();
        return new Setting<>(declared.name(), argument, option.group(), help, fallback, parser(type, option, whole));
    }

    private static Function<String, Object> parser(Class<?> type, Option option, boolean whole) {
        if (option.codec() != Option.AsTyped.class) {
            return text -> Schema.codec(option).parse(text);
        }
        if (type == String.class) {
            return text -> text;
        }
        if (type == List.class) {
            return text -> List.of(text.split(","));
        }
        if (!whole) {
            return text -> parseDecimal(text, option.min(), option.max());
        }
        boolean small = type == int.class || type == Integer.class;
        long least = small ? Integer.MIN_VALUE : Long.MIN_VALUE;
        long most = small ? Integer.MAX_VALUE : Long.MAX_VALUE;
        long min = Math.max(least, (long) option.min()); // the cast saturates
        long max = Math.min(most, (long) option.max());
        return small ? text -> (int) parseWhole(text, min, max) : text -> parseWhole(text, min, max);
    }

    /**
     * The same options, those of one name as one: its help is one text after the other, its value what either takes.
     */
    public static List<Setting<?>> joined(List<Setting<?>> settings) {
        Map<String, Setting<?>> joined = new LinkedHashMap<>();
        settings.forEach(setting -> joined.merge(setting.name(), setting, Setting::or));
        return List.copyOf(joined.values());
    }

    private static Setting<?> or(Setting<?> one, Setting<?> other) {
        String more = Character.toUpperCase(other.help.charAt(0)) + other.help.substring(1);
        return new Setting<>(
                one.name,
                String.valueOf(one.argument).length()
                                < String.valueOf(other.argument).length()
                        ? other.argument
                        : one.argument,
                one.group,
                one.help.equals(other.help) ? one.help : one.help + ". " + more,
                one.fallback,
                text -> {
                    try {
                        return one.parser.apply(text);
                    } catch (SettingException e) {
                        return other.parser.apply(text);
                    }
                });
    }

    /** The same option with another default, for a command where another is apt. */
    public Setting<T> withFallback(String text) {
        return new Setting<>(name, argument, group, help, text, parser);
    }

    /** As of every record. Written out, since the one that Java makes up takes longer than all else that help does. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof Setting<?> that
                        && name.equals(that.name)
                        && Objects.equals(argument, that.argument)
                        && group == that.group
                        && help.equals(that.help)
                        && Objects.equals(fallback, that.fallback)
                        && parser.equals(that.parser));
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    /** True for an option without a value. */
    public boolean isFlag() {
        return argument == null;
    }

    private static Boolean parseFlag(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new SettingException("must be true or false, found \"" + text + "\"");
        };
    }

    private static Path parsePath(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new SettingException("must be a path, found \"" + text + "\"", e);
        }
    }

    private static long parseWhole(String text, long min, long max) {
        long value;
        try {
            value = Long.parseLong(text.replace("_", ""));
        } catch (NumberFormatException e) {
            throw new SettingException("must be a whole number, found \"" + text + "\"", e);
        }
        if (value < min || value > max) {
            throw new SettingException("must be "
                    + range(Long.toString(min), Long.toString(max), max >= Integer.MAX_VALUE) + ", found " + text);
        }
        return value;
    }

    private static double parseDecimal(String text, double min, double max) {
        double value;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new SettingException("must be a number, found \"" + text + "\"", e);
        }
        if (!(value >= min && value <= max)) { // refuses NaN too
            throw new SettingException(
                    "must be " + range(plain(min), plain(max), max == Double.MAX_VALUE) + ", found " + text);
        }
        return value;
    }

    private static String range(String min, String max, boolean open) {
        return open ? "at least " + min : "from " + min + " to " + max;
    }

    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9
                ? String.format(Locale.ROOT, "%.0f", value)
                : Double.toString(value);
    }
}

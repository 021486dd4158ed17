package dev.vicreg.tools.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One option: its name on the command line (after {@code --}) and in a YAML file, what help says about it, its default
 * and how its text becomes a value.
 *
 * @param argument what help calls the value; null for a flag
 * @param group heading of the help page
 * @param fallback the default's text; null where there is none
 * @param parser turns the text into the value; throws {@link IllegalArgumentException} whose message continues "--name"
 */
public record Setting<T>(
        String name,
        @Nullable String argument,
        Group group,
        String help,
        @Nullable String fallback,
        Function<String, T> parser) {

    private static final int MAX_ARGUMENT = 60;
    private static final Pattern BYTES = Pattern.compile("(\\d{1,12})([kmg]?)"); //

    /** Headings of a help page, in their order on it. */
    public enum Group {
        DATA("Data"),
        MODEL("Model"),
        OBJECTIVE("Objective"),
        OPTIMIZATION("Optimization"),
        AUGMENTATION("Augmentation"),
        EVALUATION("Evaluation"),
        OUTPUT("Output"),
        MACHINE("Machine"),
        GENERAL("General");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        /** The heading. */
        public String title() {
            return title;
        }
    }

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
                text -> parseChoice(words, text));
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

    /** A number of bytes, as whole kilo-, mega- or gigabytes of 1024 or as it is: {@code 512m}, {@code 8g}. */
    public static Setting<Long> bytes(String name, Group group, String help, String fallback) {
        return new Setting<>(name, "BYTES", group, help, fallback, Setting::parseBytes);
    }

    /** The same option with another default, for a command where another is apt. */
    public Setting<T> withFallback(String text) {
        return new Setting<>(name, argument, group, help, text, parser);
    }

    /** True for an option without a value. */
    public boolean isFlag() {
        return argument == null;
    }

    private static Boolean parseFlag(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("must be true or false, found \"" + text + "\"");
        };
    }

    private static Path parsePath(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("must be a path, found \"" + text + "\"", e);
        }
    }

    private static String parseChoice(List<String> words, String text) {
        if (words.contains(text)) {
            return text;
        }
        throw new IllegalArgumentException("must be one of " + String.join(", ", words) + ", found \"" + text + "\""
                + Nearest.suggestion(text, words, ""));
    }

    private static long parseWhole(String text, long min, long max) {
        long value;
        try {
            value = Long.parseLong(text.replace("_", ""));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("must be a whole number, found \"" + text + "\"", e);
        }
        if (value < min || value > max) {
            throw new IllegalArgumentException("must be "
                    + range(Long.toString(min), Long.toString(max), max >= Integer.MAX_VALUE) + ", found " + text);
        }
        return value;
    }

    private static long parseBytes(String text) {
        Matcher matcher = BYTES.matcher(text.toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            int shift = 10 * (1 + "kmg".indexOf(matcher.group(2).isEmpty() ? "?" : matcher.group(2)));
            long count = Long.parseLong(matcher.group(1));
            if (count <= Long.MAX_VALUE >> shift) {
                return count << shift;
            }
        }
        throw new IllegalArgumentException("must be a number of bytes such as 8g, 512m or 0, found \"" + text + "\"");
    }

    private static double parseDecimal(String text, double min, double max) {
        double value;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("must be a number, found \"" + text + "\"", e);
        }
        if (!(value >= min && value <= max)) { // refuses NaN too
            throw new IllegalArgumentException(
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

package dev.vicreg.tools.cli;

import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Settings as the command line names them, {@code --batch-size}, where texts from below it have {@code `batch-size`}. */
public final class OptionNames {
    private static final Pattern SETTING = Pattern.compile("`([a-z][a-z0-9-]*)`");

    private OptionNames() {}

    /**
     * The text for users of the command line.
     *
     * @param isOption whether there is an option of a name; what else stands between grave accents is left as it is
     */
    public static String in(String text, Predicate<String> isOption) {
        return SETTING.matcher(text)
                .replaceAll(found -> isOption.test(found.group(1))
                        ? "--" + found.group(1)
                        : Matcher.quoteReplacement(found.group()));
    }
}

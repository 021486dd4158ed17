package dev.vicreg.tools.cli;

import dev.vicreg.models.setting.Group;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a command is called.
 *
 * @param required options that must be given
 * @param optional options that may be given
 * @param operand one of the options, whose value may also be given as the one word without {@code --}; null for none
 * @param several whether several such words may be given: each is then a line of the value
 * @param example a whole command line that works
 */
public record Usage(
        List<Setting<?>> required,
        List<Setting<?>> optional,
        @Nullable Setting<?> operand,
        boolean several,
        String example) {

    /** Prints a command's options. */
    public static final Setting<Boolean> HELP = Setting.flag("help", Group.GENERAL, "print this page");

    /** Shows where an error came from. */
    public static final Setting<Boolean> DEBUG =
            Setting.flag("debug", Group.GENERAL, "log more, and print a stack trace with an error");

    /** Names the YAML file. */
    public static final Setting<String> CONFIG = Setting.text(
            "config",
            "FILE.yaml",
            Group.GENERAL,
            "read options from a file (name: value); the command line wins over it",
            null);

    private static final List<Setting<?>> EVERYWHERE = List.of(CONFIG, DEBUG, HELP);

    /** That of a command which takes options alone. */
    public Usage(List<Setting<?>> required, List<Setting<?>> optional, String example) {
        this(required, optional, null, false, example);
    }

    /** That of a command with an operand. */
    public Usage(List<Setting<?>> required, List<Setting<?>> optional, Setting<?> operand, String example) {
        this(required, optional, operand, false, example);
    }

    /** All options, those of every command included. */
    public List<Setting<?>> settings() {
        return Stream.of(required, optional, EVERYWHERE)
                .<Setting<?>>flatMap(List::stream)
                .toList();
    }
}

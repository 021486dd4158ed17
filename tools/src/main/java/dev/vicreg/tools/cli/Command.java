package dev.vicreg.tools.cli;

import dev.vicreg.models.setting.Group;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One subcommand: a row of the table that parser, help and tests read.
 *
 * @param summary what it does, for the list of commands; starts with a verb, ends without a full stop
 * @param required options that must be given
 * @param optional options that may be given
 * @param operand one of the options, whose value may also be given as the one word without {@code --}; null for none
 * @param example a whole command line that works
 */
public record Command(
        String name,
        String summary,
        List<Setting<?>> required,
        List<Setting<?>> optional,
        @Nullable Setting<?> operand,
        String example,
        Action action) {

    /** A command that takes options alone. */
    public Command(
            String name,
            String summary,
            List<Setting<?>> required,
            List<Setting<?>> optional,
            String example,
            Action action) {
        this(name, summary, required, optional, null, example, action);
    }

    /** Prints this command's options. */
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

    /** What a command does with its settings; an exception is its failure. */
    public interface Action {
        void run(Settings settings, Console console) throws Exception;
    }

    /** All options, those of every command included. */
    public List<Setting<?>> settings() {
        return Stream.of(required, optional, EVERYWHERE)
                .<Setting<?>>flatMap(List::stream)
                .toList();
    }
}

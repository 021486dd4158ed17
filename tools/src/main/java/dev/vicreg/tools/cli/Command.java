package dev.vicreg.tools.cli;

import java.util.function.Supplier;

/**
 * One subcommand: a row of the table that parser, help and tests read.
 *
 * @param summary what it does, for the list of commands; starts with a verb, ends without a full stop
 * @param declared its usage; asked for only where this command is, since deriving all commands' options takes longer
 *     than most of them run
 */
public record Command(String name, String summary, Supplier<Usage> declared, Action action) {
    /** What a command does with its settings; an exception is its failure. */
    public interface Action {
        void run(Settings settings, Console console) throws Exception;
    }

    /** How it is called. */
    public Usage usage() {
        return declared.get();
    }
}

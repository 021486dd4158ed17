package dev.vicreg.tools;

import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.Reason;
import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.CommandLine;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Help;
import dev.vicreg.tools.cli.OptionNames;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.command.AugmentationHelp;
import dev.vicreg.tools.command.Commands;
import dev.vicreg.tools.command.ObjectiveHelp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Entry point of {@code ./vicreg} and {@code java -jar vicreg.jar}. */
public final class Main {
    /** Pages that are no command's. */
    private static final Map<String, Supplier<String>> TOPICS =
            Map.of(AugmentationHelp.TOPIC, AugmentationHelp::page, ObjectiveHelp.TOPIC, ObjectiveHelp::page);

    private static final int SUCCESS = 0;
    private static final int FAILURE = 1;
    private static final int USAGE = 2;

    private Main() {}

    /** Runs a command and exits: 0 success, 1 failure, 2 wrong usage, 130 after Ctrl-C. */
    public static void main(String[] args) {
        System.setProperty("java.awt.headless", "true");
        System.setOut(VisibleStream.over(System.out, "stdout", UnaryOperator.identity()));
        System.setErr(VisibleStream.over(System.err, "stderr", Main::withOptions)); // the log, too
        Interrupt interrupt = new Interrupt(System.err);
        Console console = new Console(System.out, System.err, Boolean.getBoolean("vicreg.terminal"), interrupt);
        int status = run(List.of(args), console);
        if (status == SUCCESS && console.out().checkError()) { // which it keeps to itself until it is asked
            console.err()
                    .println("vicreg: cannot write to standard output: is the disk full, or has what reads it ended?");
            status = FAILURE;
        }
        System.exit(interrupt.status().orElse(status));
    }

    /** Runs the command line {@code words}; never throws. */
    static int run(List<String> words, Console console) {
        String first = words.isEmpty() ? "--help" : words.get(0);
        switch (first) {
            case "--help", "-h", "help" -> {
                return help(words, console);
            }
            case "--version" -> {
                console.out().println("vicreg " + Version.TEXT);
                return SUCCESS;
            }
            default -> {
                for (int length = Math.min(2, words.size()); length > 0; length--) { // "bench train" is one command
                    Optional<Command> command = Commands.named(String.join(" ", words.subList(0, length)));
                    if (command.isPresent()) {
                        return run(command.get(), words.subList(length, words.size()), console);
                    }
                }
                String near = Nearest.suggestion(first, Commands.names(), "");
                console.err().println("vicreg: unknown command " + first + near + " (./vicreg --help lists them)");
                return USAGE;
            }
        }
    }

    /** The page of all commands, or of what is named behind {@code help}. */
    private static int help(List<String> words, Console console) {
        String topic = words.isEmpty() ? "" : String.join(" ", words.subList(1, words.size()));
        Optional<Command> command = Commands.named(topic);
        if (topic.isEmpty()) {
            console.out().print(Help.of(Commands.ALL));
            return words.isEmpty() ? USAGE : SUCCESS;
        }
        Supplier<String> page = TOPICS.get(topic);
        if (command.isEmpty() && page == null) {
            List<String> topics = Stream.concat(Commands.names().stream(), TOPICS.keySet().stream())
                    .toList();
            console.err()
                    .println("vicreg: no help on " + topic + Nearest.suggestion(topic, topics, "")
                            + " (./vicreg --help lists the commands)");
            return USAGE;
        }
        console.out().print(page == null ? Help.of(command.orElseThrow()) : page.get());
        return SUCCESS;
    }

    /** Runs one command; never throws. */
    static int run(Command command, List<String> words, Console console) {
        boolean debug = words.contains("--debug");
        if (debug) {
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "debug");
        }
        try {
            Optional<Settings> settings = CommandLine.parse(command, words);
            if (settings.isEmpty()) {
                console.out().print(Help.of(command));
                return SUCCESS;
            }
            command.action().run(settings.get(), console);
            return SUCCESS;
        } catch (Throwable e) { // the process ends here: whatever went wrong becomes one line
            console.err().println("vicreg " + command.name() + ": " + line(e));
            if (debug) {
                e.printStackTrace(console.err());
            }
            return isWrongUsage(e) ? USAGE : FAILURE;
        }
    }

    /** What went wrong, in one line. */
    public static String line(Throwable e) {
        String message = Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
        if (e instanceof OutOfMemoryError) {
            message = "out of memory (" + message + "); give the JVM more, for instance VICREG_JAVA_OPTS=-Xmx8g";
        } else if (e instanceof FileSystemException file && file.getReason() == null) {
            message = Reason.of(file);
        } else if (isOurFault(e)) {
            message = "a mistake in this program, not in what you gave it: "
                    + e.getClass().getSimpleName() + ": " + message
                    + "; please report it with what --debug prints";
        }
        String line = String.join(
                " ", Arrays.stream(message.split("\\R")).map(String::strip).toList());
        return withOptions(line);
    }

    private static String withOptions(String text) {
        return OptionNames.in(text, Main::isOption);
    }

    private static boolean isOption(String name) {
        return Commands.ALL.stream()
                .flatMap(command -> command.usage().settings().stream())
                .anyMatch(setting -> setting.name().equals(name));
    }

    /** What is wrong with settings, files and the machine is thrown as such; nothing else was foreseen. */
    private static boolean isOurFault(Throwable e) {
        return !(e instanceof IOException
                || e instanceof UncheckedIOException
                || isWrongUsage(e)
                || e instanceof IllegalStateException
                || e instanceof OutOfMemoryError);
    }

    /** Paths are made of what the user gave; every other {@link IllegalArgumentException} is a mistake of this program. */
    private static boolean isWrongUsage(Throwable e) {
        return e instanceof SettingException || e instanceof InvalidPathException;
    }
}

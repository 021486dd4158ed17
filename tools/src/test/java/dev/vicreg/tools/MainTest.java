package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.command.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MainTest {
    @Test
    void helpListsEveryCommand() {
        Cli help = Cli.run("--help");
        assertEquals(0, help.status());
        Commands.names().forEach(name -> assertTrue(help.out().contains("  " + name + " "), name));
    }

    @Test
    void noCommandPrintsHelpAsWrongUsage() {
        Cli cli = Cli.run();
        assertEquals(2, cli.status());
        assertTrue(cli.out().startsWith("VICReg"), cli.out());
    }

    @Test
    void unknownCommandNamesTheNearest() {
        Cli cli = Cli.run("smaple");
        assertEquals(2, cli.status());
        assertTrue(cli.errorLine().contains("unknown command smaple; did you mean sample?"), cli.err());
        assertEquals("", cli.out());
    }

    @Test
    void debugAddsTheStackTrace() {
        Cli cli = Cli.run("sample", "--out", "/proc/none", "--debug");
        assertEquals(1, cli.status());
        assertTrue(cli.err().contains("\tat dev.vicreg.tools."), cli.err());
    }

    @Test
    void onlySettingsAndPathsAreWrongUsage() {
        Cli wrong = failing(new SettingException("--k must be 1 or more, found 0"));
        assertEquals("vicreg fail: --k must be 1 or more, found 0", wrong.errorLine());
        assertEquals(2, wrong.status());
        assertEquals(
                2, failing(new InvalidPathException("a\0b", "Nul character")).status());

        Cli mistake = failing(new IllegalArgumentException("expected shape [2,3], found [3,2]"));
        assertEquals(
                "vicreg fail: a mistake in this program, not in what you gave it: IllegalArgumentException: expected"
                        + " shape [2,3], found [3,2]; please report it with what --debug prints",
                mistake.errorLine());
        assertEquals(1, mistake.status());
    }

    @Test
    void settingsAreNamedAsOptions() {
        Cli wrong = failing(new SettingException("choose a smaller `width`, or `pool` mean"));
        assertEquals("vicreg fail: choose a smaller --width, or --pool mean", wrong.errorLine());
        assertEquals("of type `int` in `$1`", Main.line(new IOException("of type `int` in `$1`")), "no options");
        for (Command command : Commands.ALL) {
            assertFalse(Cli.run((command.name() + " --help").split(" ")).out().contains("`"), command.name());
        }
    }

    /** Library users have no options: see SettingException for how texts name a setting. */
    @Test
    void nothingBelowTheCommandLineNamesAnOption() throws IOException {
        Pattern option =
                Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*(?<!-)--(?!gpus all)(?:[a-z]|\"(?=[ ;,)]))"); // Docker's is none
        Set<String> found = new TreeSet<>();
        for (String module : List.of("models", "runtime", "runtime/serve", "training", "export")) {
            try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "main", "java"))) {
                for (Path file :
                        files.filter(each -> each.toString().endsWith(".java")).toList()) {
                    boolean names = Files.readAllLines(file).stream()
                            .map(String::strip)
                            .filter(line -> !line.startsWith("*") && !line.startsWith("/"))
                            .anyMatch(line -> option.matcher(line).find());
                    if (names) {
                        found.add(file.getFileName().toString());
                    }
                }
            }
        }
        assertEquals(Set.of(), found);
    }

    private static Cli failing(RuntimeException e) {
        Usage usage = new Usage(List.of(), List.of(), "./vicreg fail");
        return Cli.run(new Command("fail", "fails", () -> usage, (settings, console) -> {
            throw e;
        }));
    }

    @Test
    void fileErrorsOfTheJdkAreExplainedInOneLine() {
        assertEquals("no such file or folder: a/b", Main.line(new NoSuchFileException("a/b")));
        assertEquals("first second", Main.line(new IOException("first\n  second")));
        assertEquals(
                "a mistake in this program, not in what you gave it: NullPointerException: x; please report it with"
                        + " what --debug prints",
                Main.line(new NullPointerException("x")));
    }
}

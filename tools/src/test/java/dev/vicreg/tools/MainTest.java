package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.command.Commands;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.List;
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

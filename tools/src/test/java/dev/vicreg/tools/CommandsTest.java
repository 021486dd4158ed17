package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.CommandLine;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.command.Commands;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CommandsTest {
    @Test
    void namesAreUniqueAndLowerCase() {
        Set<String> commands = new HashSet<>();
        for (Command command : Commands.ALL) {
            assertTrue(commands.add(command.name()), command.name());
            Set<String> options = new HashSet<>();
            for (Setting<?> setting : command.usage().settings()) {
                assertTrue(options.add(setting.name()), command.name() + " declares twice --" + setting.name());
                assertTrue(setting.name().matches("[a-z][a-z0-9]*(-[a-z0-9]+)*"), setting.name());
            }
        }
    }

    @Test
    void defaultsParse() {
        for (Command command : Commands.ALL) {
            for (Setting<?> setting : command.usage().settings()) {
                if (setting.fallback() != null) {
                    assertNotNull(setting.parser().apply(setting.fallback()), setting.name());
                }
            }
        }
    }

    @Test
    void requiredOptionsTakeAValueAndHaveNoDefault() {
        for (Command command : Commands.ALL) {
            for (Setting<?> setting : command.usage().required()) {
                assertFalse(setting.isFlag(), setting.name());
                assertEquals(null, setting.fallback(), setting.name());
            }
        }
    }

    @Test
    void helpTextsAreFragmentsWithoutFullStop() {
        for (Command command : Commands.ALL) {
            assertFalse(command.summary().isBlank() || command.summary().endsWith("."), command.name());
            for (Setting<?> setting : command.usage().settings()) {
                assertFalse(setting.help().isBlank() || setting.help().endsWith("."), setting.name());
            }
        }
    }

    @Test
    void examplesAreValidCommandLines() throws Exception {
        for (Command command : Commands.ALL) {
            String start = "./vicreg " + command.name() + " ";
            String example = command.usage().example() + " ";
            assertTrue(example.startsWith(start), example);
            String options = example.substring(start.length()).strip();
            List<String> words = options.isEmpty() ? List.of() : List.of(options.split(" "));
            assertTrue(CommandLine.parse(command, words).isPresent());
        }
    }

    @Test
    void everyOptionIsOnItsHelpPage() {
        for (Command command : Commands.ALL) {
            Cli help = Cli.run((command.name() + " --help").split(" "));
            assertEquals(0, help.status());
            assertEquals("", help.err());
            for (Setting<?> setting : command.usage().settings()) {
                assertTrue(help.out().contains("--" + setting.name()), setting.name());
            }
            assertTrue(help.out().lines().allMatch(line -> line.length() <= 100), help.out());
        }
    }
}

package dev.vicreg.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineTest {
    private static final Setting<Path> DATA = Setting.path("data", "DIR", Group.DATA, "pictures");
    private static final Setting<Integer> EPOCHS =
            Setting.integer("epochs", "N", Group.OPTIMIZATION, "passes", 20, 1, 1000);
    private static final Setting<Double> LR = Setting.decimal("lr", "X", Group.OPTIMIZATION, "rate", null, 0, 100);
    private static final Setting<String> LOSS =
            Setting.choice("loss", List.of("official", "solo-learn", "paper"), Group.OBJECTIVE, "variant", "official");
    private static final Setting<Boolean> JSON = Setting.flag("json", Group.OUTPUT, "print JSON");
    private static final Command COMMAND = new Command(
            "train",
            "trains",
            () -> new Usage(List.of(DATA), List.of(EPOCHS, LR, LOSS, JSON), ""),
            (settings, console) -> {});

    @TempDir
    Path folder;

    @Test
    void givenValuesWinOverDefaults() throws IOException {
        Settings settings = parse("--data", "x", "--epochs", "3", "--json");
        assertEquals(Path.of("x"), settings.get(DATA));
        assertEquals(3, settings.get(EPOCHS));
        assertEquals("official", settings.get(LOSS));
        assertEquals(Optional.empty(), settings.find(LR));
        assertTrue(settings.on(JSON));
        assertFalse(settings.isGiven(LOSS));
    }

    @Test
    void commandLineWinsOverFileAndFileOverDefaults() throws IOException {
        Path file = write("data: pictures\nepochs: 7\nlr: 1e-3\njson: true\nloss: paper\n");
        Settings settings = parse("--config", file.toString(), "--loss", "solo-learn");
        assertEquals(Path.of("pictures"), settings.get(DATA));
        assertEquals(7, settings.get(EPOCHS));
        assertEquals(Optional.of(0.001), settings.find(LR));
        assertEquals("solo-learn", settings.get(LOSS));
        assertTrue(settings.on(JSON));
    }

    @Test
    void valuesOfTheFileAreTheTextAsItIsWritten() throws IOException {
        assertEquals(
                Map.of("a", "no", "b", "1.10", "c", "007", "d", "on", "e", "0.5,1e-3,x", "f", "2026-01-01"),
                ConfigFile.parse("x", "a: no\nb: 1.10\nc: 007\nd: 'on'\ne: [0.5, 1e-3, x]\nf: 2026-01-01\n"));
        for (String truth : List.of("yes", "on", "True")) {
            Path file = write("data: no\njson: " + truth + "\n");
            assertTrue(parse("--config", file.toString()).on(JSON), truth);
            assertEquals(Path.of("no"), parse("--config", file.toString()).get(DATA));
        }
    }

    @Test
    void whatIsNoSingleValueIsRefused() throws IOException {
        for (String yaml : List.of("a:\n", "a: {b: 1}\n", "a: []\n", "a: ['1,2', 3]\n", "a: 1\na: 2\n", "- a\n")) {
            assertThrows(SettingException.class, () -> ConfigFile.parse("x", yaml), yaml);
        }
    }

    @Test
    void unknownOptionNamesTheNearest() {
        assertEquals("unknown option --epoch; did you mean --epochs?", error("--data", "x", "--epoch", "3"));
    }

    @Test
    void unknownKeyOfTheFileNamesTheNearest() throws IOException {
        Path file = write("data: x\nepohcs: 7\n");
        assertEquals(file + ": unknown key epohcs; did you mean epochs?", error("--config", file.toString()));
    }

    @Test
    void damagedFileNamesTheLine() throws IOException {
        Path file = write("data: x\nepochs: [7\n");
        String error = error("--config", file.toString());
        assertEquals(file + " line 2: expected ',' or ']', but got <stream end>", error);
    }

    @Test
    void unknownChoiceListsTheKnownOnes() {
        assertEquals(
                "--loss must be one of official, solo-learn, paper, found \"oficial\"; did you mean official?",
                error("--data", "x", "--loss", "oficial"));
    }

    @Test
    void numbersOutsideTheirRangeAreRefused() {
        assertEquals("--epochs must be from 1 to 1000, found 0", error("--data", "x", "--epochs", "0"));
        assertEquals("--lr must be from 0 to 100, found -1", error("--data", "x", "--lr", "-1"));
        assertEquals("--lr must be from 0 to 100, found NaN", error("--data", "x", "--lr", "NaN"));
        assertEquals("--epochs must be a whole number, found \"many\"", error("--data", "x", "--epochs", "many"));
    }

    @Test
    void missingAndSuperfluousWordsAreRefused() {
        assertTrue(error("--epochs", "3").startsWith("--data DIR is missing"));
        assertEquals("--epochs needs a value", error("--data", "x", "--epochs"));
        assertEquals("--epochs is given twice", error("--data", "x", "--epochs", "1", "--epochs", "2"));
        assertTrue(error("--data", "x", "y").startsWith("unexpected \"y\""));
    }

    @Test
    void helpNeedsNoRequiredOptions() throws IOException {
        assertEquals(Optional.empty(), CommandLine.parse(COMMAND, List.of("--help")));
    }

    private static Settings parse(String... words) throws IOException {
        return CommandLine.parse(COMMAND, List.of(words)).orElseThrow();
    }

    private static String error(String... words) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> parse(words)).getMessage());
    }

    private Path write(String yaml) throws IOException {
        return Files.writeString(folder.resolve("run.yaml"), yaml);
    }
}

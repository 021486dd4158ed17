package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Advice on a small table, as it is called. */
class AdviseCommandTest {
    @TempDir
    static Path folder;

    private static Path out;
    private static String test;
    private static Cli first;

    @BeforeAll
    static void adviseOnce() {
        Cli.sample("vectors", folder.resolve("table"), 6, 3);
        out = folder.resolve("advice");
        test = folder.resolve("table/test.csv").toString();
        first = advise("--eval-data", test);
    }

    private static Cli advise(String... more) {
        List<String> words = new ArrayList<>(List.of(
                "advise",
                "--data",
                folder.resolve("table/train.csv").toString(),
                "--label",
                "class",
                "--out",
                out.toString(),
                "--steps",
                "2",
                "--width",
                "8",
                "--projector",
                "8-8"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    @Test
    void theCommandThatIsPrintedRuns() {
        assertEquals(0, first.status(), first.err());
        String command = first.out().lines().reduce("", (a, b) -> b);
        assertTrue(command.startsWith("./vicreg train "), first.out());
        assertTrue(command.contains("--label class") && command.contains("--width 8"), "what was given: " + command);
        List<String> words = new ArrayList<>(
                Arrays.asList(command.substring("./vicreg ".length()).split(" ")));
        words.set(words.indexOf("--out") + 1, folder.resolve("run").toString());
        words.set(words.indexOf("--epochs") + 1, "1");
        Cli train = Cli.run(words.toArray(String[]::new));
        assertEquals(0, train.status(), train.err());
    }

    @Test
    void whatWasMeasuredIsNotDoneAgain() throws IOException {
        Path result = out.resolve("runs/usual/advice.json");
        Files.setLastModifiedTime(result, FileTime.fromMillis(0));
        Files.delete(out.resolve("runs/mix/advice.json")); // as if it had been stopped before this
        Cli again = advise("--eval-data", test);
        assertEquals(first.out(), again.out());
        assertEquals(0, Files.getLastModifiedTime(result).toMillis());
    }

    @Test
    void labelsShowWhatEachMeasureIsWorth() throws IOException {
        JsonNode json = new ObjectMapper()
                .readTree(advise("--eval-data", test, "--json").out());
        for (JsonNode tried : json.get("tried")) {
            double knn = tried.get("figures").get("knn").asDouble();
            assertTrue(knn >= 0 && knn <= 1, tried.toString());
        }
        assertTrue(json.get("correlations").has("rankme"), json.toString());
    }

    @Test
    void runsOnOtherDataAreNotTakenForTheirs() {
        Cli.sample("vectors", folder.resolve("other"), 5, 1);
        Cli other = Cli.run(
                "advise",
                "--data",
                folder.resolve("other/train.csv").toString(),
                "--out",
                out.toString(),
                "--steps",
                "2");
        assertEquals(2, other.status(), other.err());
        assertTrue(other.err().contains("name another folder as --out"), other.err());
        Cli longer = advise("--batch-size", "4");
        assertEquals(2, longer.status(), longer.err());
        assertTrue(longer.err().contains("batch-size: 8 in the run, 4 asked for"), longer.err());
    }

    @Test
    void wrongSettingsEndInOneLine() {
        assertEquals(2, Cli.run("advise").status());
        Cli augment = advise("--augment", "vectors");
        assertEquals(2, augment.status());
        assertTrue(augment.errorLine().contains("--augment"), augment.err());
        Cli missing = Cli.run("advise", "--data", folder.resolve("none").toString());
        assertEquals(1, missing.status());
        assertTrue(missing.errorLine().contains("none"), missing.err());
        Cli minutes = advise("--minutes", "0");
        assertEquals(2, minutes.status());
    }
}

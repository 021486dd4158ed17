package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run finds in itself, as users see it. */
class FindingsCommandsTest {
    @TempDir
    static Path folder;

    private static Path diverged;
    private static Cli failed;

    @BeforeAll
    static void divergeOnVectors() {
        Cli.sample("vectors", folder.resolve("v"), 20, 2);
        diverged = folder.resolve("diverged");
        failed = train(diverged, "--optimizer", "sgd", "--lr", "10", "--warmup-epochs", "0");
    }

    private static Cli train(Path out, String... more) {
        return trainOn(folder.resolve("v/train.csv"), out, more);
    }

    private static Cli trainOn(Path data, Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--out", out.toString()));
        words.addAll(List.of("--data", data.toString(), "--projector", "16-16"));
        words.addAll(List.of("--batch-size", "32", "--threads", "1", "--steps", "12"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(new String[0]));
    }

    @Test
    void aStepWhoseLossIsNotFiniteIsReplayed() throws Exception {
        assertEquals(1, failed.status(), failed.err());
        String last = failed.err().strip().lines().reduce((a, b) -> b).orElseThrow();
        assertTrue(last.startsWith("vicreg train: Loss is not finite at step "), last);
        assertTrue(
                last.endsWith(", kept in " + diverged.resolve("incident") + ": ./vicreg replay " + diverged
                        + " does it again; --on-nan rollback goes on at half the rate instead"),
                last);
        String page = Files.readString(diverged.resolve("report.html"));
        assertTrue(page.contains("\"finding\":\"not-finite\""), "the page tells of it");

        Cli replayed = Cli.run("replay", diverged.toString());
        assertEquals(0, replayed.status(), replayed.err());
        List<String> lines = replayed.out().lines().toList();
        assertTrue(
                lines.get(0).startsWith("Loss is not finite at step ")
                        && lines.get(0).contains("a lower --lr"),
                lines.get(0));
        assertTrue(
                lines.get(1).matches("step \\d+ of 12, learning rate \\S+, samples row \\d+, .*, … 32 in all"),
                lines.get(1));
        String operator = lines.get(2).replace("first not finite: ", "");
        assertTrue(last.contains(" whose result is not finite is " + operator + ", kept in "), lines.get(2));
        assertTrue(lines.get(3).matches("  from .* \\[.*] from \\S+ to \\S+"), lines.get(3));
        assertTrue(
                lines.get(lines.size() - 1).matches("  made .* \\[.*] (nothing finite|.* not finite)"), replayed.out());

        Cli json = Cli.run("replay", diverged.toString(), "--json");
        assertTrue(json.out().contains("\"step\":3") && json.out().contains("\"origin\":{\"scope\":"), json.out());
    }

    @Test
    void anIncidentThatIsCutShortIsToldInOneLine() throws Exception {
        Path copy = folder.resolve("copy");
        copy(diverged, copy);
        Path views = copy.resolve("incident/view_a");
        Files.write(views, Arrays.copyOf(Files.readAllBytes(views), 10));
        Cli cut = Cli.run("replay", copy.toString());
        assertEquals(1, cut.status());
        assertTrue(
                cut.err()
                        .startsWith(
                                "vicreg replay: Incident file " + views + " is truncated or damaged: its SHA-256 is "),
                cut.err());
        assertEquals(1, cut.err().lines().count(), cut.err());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var all = Files.walk(from)) {
            for (Path each : (Iterable<Path>) all::iterator) {
                Files.copy(each, to.resolve(from.relativize(each).toString()));
            }
        }
    }

    @Test
    void aColumnMadeOfTheLabelIsTold() throws Exception {
        List<String> rows = Files.readAllLines(folder.resolve("v/train.csv"));
        List<String> coded = new ArrayList<>(List.of("code," + rows.get(0)));
        for (String row : rows.subList(1, rows.size())) {
            coded.add(row.substring(row.lastIndexOf(',') + 1).hashCode() % 1000 + "," + row);
        }
        Path file = Files.write(folder.resolve("coded.csv"), coded);
        Cli told = trainOn(file, folder.resolve("coded"), "--label", "class");
        assertEquals(0, told.status(), told.err());
        String line = told.err()
                .lines()
                .filter(each -> each.contains("finding: label-column"))
                .findFirst()
                .orElseThrow();
        assertTrue(line.contains("(column tells 1, column 1, by guess "), line);
        assertTrue(line.endsWith("; try `columns` without it"), line);
        Cli plain = train(folder.resolve("plain"), "--label", "class");
        assertFalse(plain.err().contains("label-column"), plain.err());
    }

    @Test
    void aRunWithoutIncidentHasNothingToReplay() {
        Path run = folder.resolve("healthy");
        assertEquals(0, train(run, "--warmup-epochs", "1").status());
        Cli replayed = Cli.run("replay", run.toString());
        assertEquals(1, replayed.status());
        assertEquals(
                "vicreg replay: run " + run
                        + " has no incident: it lacks incident/incident.json, which a step leaves whose"
                        + " loss is not finite\n",
                replayed.err());
        Cli none = Cli.run("replay", folder.resolve("nothing").toString());
        assertEquals(1, none.status());
        assertTrue(none.err().contains(" is no run: "), none.err());
    }

    @Test
    void aFatalFindingEndsTheRunSavedAndItGoesOnAfterwards() {
        Path run = folder.resolve("fatal");
        Cli ended = train(run, "--warmup-epochs", "9", "--fail-on", "collapse,short-warmup");
        assertEquals(1, ended.status(), ended.err());
        String last = ended.err().strip().lines().reduce((a, b) -> b).orElseThrow();
        assertTrue(
                last.startsWith(
                        "vicreg train: short-warmup: the run ends before its warm-up does, and never reaches its rate"
                                + " (warmup steps 54, steps 12): stopped before the first step, as --fail-on asks; try more --epochs"),
                last);
        assertTrue(ended.err().contains("finding: short-warmup: "), ended.err());
        Cli resumed = Cli.run("train", "--out", run.toString(), "--resume");
        assertEquals(0, resumed.status(), resumed.err());
    }

    @Test
    void findingsAreInTheSummaryAndTheLastLine() {
        Path run = folder.resolve("summed-up");
        Cli done = train(run, "--warmup-epochs", "9", "--json");
        assertTrue(done.out().contains("\"findings\":[\"short-warmup\"]"), done.out());
        Cli told = train(folder.resolve("told"), "--warmup-epochs", "9");
        String last = told.err().strip().lines().reduce((a, b) -> b).orElseThrow();
        assertTrue(last.endsWith("; found short-warmup before the first step"), last);
    }

    @Test
    void unknownFindingsAreRefusedWithTheKnownOnes() {
        Path run = folder.resolve("unknown");
        Cli refused = train(run, "--fail-on", "colapse");
        assertEquals(2, refused.status());
        assertTrue(
                refused.err().startsWith("vicreg train: --fail-on must be one of collapse, dimensional-collapse, "),
                refused.err());
        assertTrue(refused.err().endsWith("found \"colapse\"; did you mean collapse?\n"), refused.err());
        assertFalse(Files.exists(run));
    }
}

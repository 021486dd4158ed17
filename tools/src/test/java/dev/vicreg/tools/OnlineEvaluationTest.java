package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.vicreg.runtime.file.TemporaryFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are measured on the way: train --eval-every and --keep-best, and export --checkpoint. */
class OnlineEvaluationTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int STEPS = 8;

    @TempDir
    static Path shared;

    private static Path run;
    private static Cli trained;

    @BeforeAll
    static void train() {
        Cli.sample("pictures", shared.resolve("p"), 5, 2);
        run = shared.resolve("run");
        trained = train(run, "p/train", "--eval-every", "3", "--keep-best", "linear", "--checkpoint-every", "4");
        assertEquals(0, trained.status(), trained.err());
    }

    private static Cli train(Path out, String data, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--out", out.toString()));
        words.addAll(List.of("--data", shared.resolve(data).toString(), "--width", "4", "--projector", "16"));
        words.addAll(List.of("--image-size", "16", "--batch-size", "16", "--threads", "1", "--steps", "" + STEPS));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(new String[0]));
    }

    private static List<JsonNode> lines(Path folder) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
            ObjectNode json = (ObjectNode) JSON.readTree(line);
            json.remove("pairs_per_second");
            lines.add(json);
        }
        return lines;
    }

    private static List<JsonNode> measured(Path folder) throws IOException {
        return lines(folder).stream().filter(line -> line.has("eval")).toList();
    }

    @Test
    void figuresStandBehindTheStepsThatTheyAreOf() throws Exception {
        List<JsonNode> measured = measured(run);
        assertEquals(
                List.of(3, 6, 8),
                measured.stream().map(line -> line.get("step").asInt()).toList());
        for (JsonNode line : measured) {
            JsonNode eval = line.get("eval");
            for (String share : List.of("knn", "linear", "constant_dimensions")) {
                assertTrue(eval.get(share).asDouble() >= 0 && eval.get(share).asDouble() <= 1, eval.toString());
            }
            assertTrue(eval.get("rankme").asDouble() > 1, eval.toString());
            assertEquals(16, eval.get("vectors").asInt(), "a third of the 50 training pictures is asked");
        }
        assertTrue(trained.err().contains(" linear "), trained.err());
        assertTrue(
                trained.err().strip().lines().reduce((a, b) -> b).get().startsWith("kNN on 16 training pictures that"));
        assertEquals(run.resolve("encoder.onnx") + "\n", trained.out());
    }

    @Test
    void measuringChangesNothingOfTheTraining() throws Exception {
        Path unseen = shared.resolve("unseen");
        assertEquals(0, train(unseen, "p/train").status());
        assertEquals(
                lines(unseen),
                lines(run).stream().filter(line -> !line.has("eval")).toList());
        assertArrayEquals(
                Files.readAllBytes(unseen.resolve("checkpoints/step-00000008/checkpoint")),
                Files.readAllBytes(run.resolve("checkpoints/step-00000008/checkpoint")));
    }

    /** The folder as a run leaves it that was killed after step 4, and the best that it knew. */
    private static Path killed(String name) throws IOException {
        Path copy = shared.resolve(name);
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, copy.resolve(run.relativize(file).toString()));
            }
        }
        TemporaryFolder.delete(copy.resolve("checkpoints/step-00000008"));
        return copy;
    }

    @Test
    void aResumedRunMeasuresWhatOneWithoutABreakDoes() throws Exception {
        Path parts = killed("parts");
        assertTrue(Files.exists(parts.resolve("checkpoints/step-00000004/online")));
        Cli resumed = Cli.run("train", "--out", parts.toString(), "--resume", "--threads", "1");
        assertEquals(0, resumed.status(), resumed.err());
        assertEquals(lines(run), lines(parts));
        for (String file : List.of("best.json", "step-00000008/online")) {
            assertArrayEquals(
                    Files.readAllBytes(run.resolve("checkpoints").resolve(file)),
                    Files.readAllBytes(parts.resolve("checkpoints").resolve(file)),
                    file);
        }
    }

    @Test
    void theBestCheckpointStaysAndIsExportedByName() throws Exception {
        JsonNode best = JSON.readTree(run.resolve("checkpoints/best.json").toFile());
        double largest = measured(run).stream()
                .mapToDouble(line -> line.get("eval").get("linear").asDouble())
                .max()
                .getAsDouble();
        JsonNode first = measured(run).stream()
                .filter(line -> line.get("eval").get("linear").asDouble() == largest)
                .findFirst()
                .get();
        assertEquals(first.get("step"), best.get("step"), "of equal ones the first");
        assertTrue(
                trained.err()
                        .contains("best by linear: step " + best.get("step").asInt() + ", "),
                trained.err());
        String step = "step-" + best.get("step").asInt();
        Path byName = shared.resolve("best.onnx");
        Path byStep = shared.resolve("step.onnx");
        assertEquals(0, export("best", byName).status());
        assertEquals(0, export(step, byStep).status());
        assertArrayEquals(Files.readAllBytes(byStep), Files.readAllBytes(byName));
        Cli refused = export("step-5", shared.resolve("none.onnx"));
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("has no checkpoint step-5, only newest, step-0, "), refused.err());
    }

    private static Cli export(String checkpoint, Path out) {
        return Cli.run("export", "--run", run.toString(), "--checkpoint", checkpoint, "--out", out.toString());
    }

    @Test
    void withoutLabelsOnlyWhatNeedsNoneIsMeasured() throws Exception {
        Path flat = Files.createDirectories(shared.resolve("flat"));
        try (Stream<Path> files = Files.walk(shared.resolve("p/train"))) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                Files.copy(file, flat.resolve(file.getParent().getFileName() + "-" + file.getFileName()));
            }
        }
        Path out = shared.resolve("unlabelled");
        Cli refused = train(out, "flat", "--eval-every", "4", "--keep-best", "knn");
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("--keep-best knn needs labels of two classes or more"), refused.err());
        assertFalse(Files.exists(out), "refused before it began");
        Cli done = train(out, "flat", "--eval-every", "4", "--keep-best", "rankme", "--keep", "1");
        assertEquals(0, done.status(), done.err());
        assertTrue(done.err().contains("note: --eval-every measures without labels"), done.err());
        assertTrue(
                done.err().strip().lines().reduce((a, b) -> b).get().contains("50 training pictures without labels"));
        assertFalse(measured(out).get(0).get("eval").has("knn"));
        assertFalse(Files.exists(out.resolve("checkpoints/step-00000008/online")), "nothing learns beside it");
    }

    @Test
    void aBestCheckpointWithoutMeasurementsIsRefused() {
        Cli alone = train(shared.resolve("no"), "p/train", "--keep-best", "knn");
        assertEquals(2, alone.status());
        assertTrue(alone.errorLine().contains("--keep-best knn needs measurements to choose by: add --eval-every"));
        Cli unknown = train(shared.resolve("no"), "p/train", "--eval-every", "2", "--keep-best", "accuracy");
        assertEquals(2, unknown.status());
        assertTrue(unknown.errorLine().contains("must be one of knn, linear, rankme, spread, uniformity"));
    }

    @Test
    void eventsOfAFinishedRunHaveTheNamesOfThoseWrittenOnTheWay() throws IOException {
        Path events = shared.resolve("events");
        Cli done = Cli.run("metrics", run.toString(), "--tensorboard", events.toString());
        assertEquals(0, done.status(), done.err());
        StringBuilder text = new StringBuilder();
        try (Stream<Path> files = Files.list(events)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                text.append(Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        assertTrue(text.indexOf("eval/knn") >= 0 && text.indexOf("train/loss") >= 0);
        assertEquals(-1, text.indexOf("evaluation/"));
        assertEquals(-1, text.indexOf("eval/epoch"));
    }
}

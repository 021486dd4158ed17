package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Objectives, views, recipes and ablations as they are called. */
final class ObjectivesCommandTest {
    private static final List<String> SMALL =
            List.of("--width", "4", "--projector", "8-8", "--image-size", "16", "--batch-size", "8", "--threads", "1");

    @TempDir
    static Path data;

    @TempDir
    Path folder;

    @BeforeAll
    static void drawPictures() {
        Cli sample = Cli.run(
                "sample",
                "--out",
                data.resolve("pictures").toString(),
                "--per-class",
                "4",
                "--test-per-class",
                "2",
                "--image-size",
                "16");
        assertEquals(0, sample.status(), sample.err());
    }

    private static Cli train(Path out, String... more) {
        List<String> words = new ArrayList<>(
                List.of("train", "--data", data.resolve("pictures/train").toString(), "--out", out.toString()));
        words.addAll(SMALL);
        for (int i = 0; i < more.length; i += 2) { // what is given once more takes the usual's place
            int given = words.indexOf(more[i]);
            if (given >= 0) {
                words.set(given + 1, more[i + 1]);
            } else {
                words.add(more[i]);
                words.add(more[i + 1]);
            }
        }
        return Cli.run(words.toArray(String[]::new));
    }

    @Test
    void aRunOfAnotherObjectiveGoesOnWithItsSettings() throws IOException {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        String[] byol = {
            "--objective", "byol,momentum=0.9", "--variance-term", "2", "--views", "3", "--predictor", "5-8"
        };
        assertEquals(0, train(whole, with(byol, "--steps", "4")).status());
        assertEquals(0, train(parts, with(byol, "--steps", "2")).status());
        Cli on = Cli.run("train", "--out", parts.toString(), "--resume", "--steps", "4", "--threads", "1");
        assertEquals(0, on.status(), on.err());
        Map<String, Tensor> state = newest(parts);
        assertEquals(newest(whole).keySet(), state.keySet());
        assertTrue(state.containsKey("target.encoder.conv1.weight"));
        assertEquals(5, state.get("predictor.0.weight").shape().size(0));
        String config = Files.readString(parts.resolve("config.json"));
        assertTrue(config.contains("\"objective\" : \"byol,momentum=0.9\""), config);
        String metrics = Files.readString(parts.resolve("metrics.jsonl"));
        assertTrue(metrics.contains("\"similarity\":") && metrics.contains("\"variance\":"), metrics);
    }

    /** Each size has a stage; the encoder is for the last, and the 7x7 stem that goes with it is there from the start. */
    @Test
    void aRunOfGrowingPicturesIsAsLongAsItsSizesAndGoesOn() throws IOException {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        String[] growing = {"--image-size", "40:1,56:0.5,72:0.5", "--batch-size", "4", "--warmup-epochs", "0"};
        Cli all = train(whole, with(growing, "--stem", "imagenet"));
        assertEquals(0, all.status(), all.err());
        assertTrue(
                all.err().contains("pictures grow: side 40 to step 10, then 56 to step 15, then 72 to step 20"),
                all.err());
        assertEquals(0, train(parts, with(growing, "--steps", "17")).status());
        Cli refused = train(folder.resolve("short"), with(growing, "--steps", "15"));
        assertEquals(2, refused.status(), refused.err());
        String config = Files.readString(whole.resolve("config.json"));
        assertTrue(config.contains("\"image-size\" : \"40:1,56:0.5,72:0.5\""), config);
        Cli on = Cli.run("train", "--out", parts.toString(), "--resume", "--epochs", "2", "--threads", "1");
        assertEquals(0, on.status(), on.err());
        assertEquals(newest(whole).keySet(), newest(parts).keySet());
        Cli inspect = Cli.run("inspect", whole.resolve("encoder.onnx").toString());
        assertTrue(inspect.out().contains("72"), inspect.out());
    }

    @Test
    void configShowsWhereEachValueCameFrom() throws IOException {
        Path file = Files.writeString(folder.resolve("my.yaml"), "seed: 7\nlr: 0.5\n");
        Path run = folder.resolve("run");
        Cli cli = train(run, "--recipe", "cifar-small", "--steps", "1", "--config", file.toString(), "--lr", "0.25");
        assertEquals(0, cli.status(), cli.err());
        Map<String, String> origins = RunConfig.read(run.resolve("config.json")).origins();
        assertEquals("file " + file, origins.get("seed"));
        assertEquals("option", origins.get("lr"));
        assertEquals("recipe cifar-small", origins.get("weight-decay"));
        assertEquals("option", origins.get("width"));
        assertEquals("default", origins.get("clip"));
        assertEquals("default", origins.get("strict-device"));
        assertEquals("derived", origins.get("base-lr"));
        assertEquals("option", origins.get("steps"));
        Cli on = Cli.run("train", "--out", run.toString(), "--resume", "--steps", "2");
        assertEquals(0, on.status(), on.err());
        Map<String, String> resumed = RunConfig.read(run.resolve("config.json")).origins();
        assertEquals("option, on resuming", resumed.get("steps"));
        assertEquals("recipe cifar-small", resumed.get("weight-decay"));
        Cli inspect = Cli.run("inspect", run.toString());
        assertTrue(inspect.out().contains("(recipe cifar-small)"), inspect.out());
    }

    private static Map<String, Tensor> newest(Path run) throws IOException {
        List<RunFolder.Saved> saved = RunFolder.saved(run);
        return CheckpointFile.read(saved.get(saved.size() - 1).file());
    }

    private static String[] with(String[] words, String... more) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cifar-small",
                "emp-ssl-cifar10",
                "laptop",
                "lightly-imagenette",
                "official",
                "paper",
                "solo-cifar10",
                "solo-cifar100"
            })
    void everyRecipeTrains(String recipe) {
        Cli cli = train(folder.resolve("run"), "--recipe", recipe, "--steps", "1", "--image-size", "32");
        assertEquals(0, cli.status(), cli.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--objective simclr --loss official|--loss belongs to --objective vicreg",
                "--objective simclr,lambda=1|simclr takes temperature",
                "--objective simsiem|simsiam",
                "--objective byol --projector none|`projector` none gives none",
                "--objective byol --predictor 5-9|expected its last width to be 8, found 5-9",
                "--predictor 5-8|objective vicreg has none",
                "--objective simclr --batch-size 2|expected a --batch-size of 4 or more, found 2",
                "--variance-term 1|vicreg's own weight is --variance",
                "--views 1|--views must be from 2 to 64, found 1",
                "--views 40 --local-views 30|expected at most 64 together",
                "--local-size 8|add --local-views",
                "--local-views 2 --local-size 4|too small",
                "--local-views 2 --encoder vit-tiny --width 12 --image-size 32|--local-views don't fit this encoder",
                "--local-views 2 --share-weights false|leave --local-views out",
                "--objective barlow-twins --views 9|at most 8 --views, found 9",
                "--views 64 --image-size 2048 --width 64|and this machine has"
            })
    void whatDoesNotGoTogetherIsRefusedInOneLine(String options, String said) {
        Path out = folder.resolve("run");
        Cli cli = train(out, with(options.split(" "), "--steps", "1"));
        assertEquals(2, cli.status(), cli.err());
        String last = cli.err().lines().reduce("", (a, b) -> b);
        String shown = said.replace("`projector`", "--projector");
        assertTrue(last.contains(shown), last);
        assertFalse(Files.exists(out.resolve("config.json")));
    }

    @Test
    void anAblationIsDoneOnceAndGoesOn() throws IOException {
        Path out = folder.resolve("ablation");
        Cli first = ablate(out, "all,invariance");
        assertTrue(first.out().contains("all three (25, 25, 1)"), first.out());
        assertTrue(first.out().contains("68.6 (table 7)"), first.out());
        Path result = out.resolve("runs/all-0/ablation.json");
        String before = Files.readString(result);
        Files.delete(out.resolve("runs/invariance-0/ablation.json")); // as if it had been stopped before this
        Cli again = ablate(out, "all,no-norm-at-all,simsiam-no-norm-variance,unshared");
        assertEquals(before, Files.readString(result));
        assertTrue(again.out().contains("SimSiam, none in its heads, with the variance term"), again.out());
        assertTrue(Files.size(out.resolve("ablation.png")) > 1000);
        Files.writeString(
                result, "{\"encoder_knn\":0.1,\"encoder_spread\":0.5,\"untrained_knn\":0.1}"); // an earlier version's
        ablate(out, "all");
        assertEquals(before, Files.readString(result));
        assertTrue(Files.readString(out.resolve("ablation.md")).contains("| all three (25, 25, 1) |"));
    }

    private static Cli ablate(Path out, String rows) {
        List<String> words = new ArrayList<>(List.of(
                "ablate",
                "--out",
                out.toString(),
                "--data",
                data.resolve("pictures/train").toString(),
                "--eval-data",
                data.resolve("pictures/test").toString(),
                "--rows",
                rows,
                "--epochs",
                "1"));
        words.addAll(SMALL.subList(0, SMALL.size() - 2));
        Cli cli = Cli.run(words.toArray(String[]::new));
        assertEquals(0, cli.status(), cli.err());
        return cli;
    }

    @Test
    void anAblationOfRowsThatThereAreNotIsRefused() {
        Cli cli = Cli.run("ablate", "--out", folder.resolve("a").toString(), "--rows", "all,nothing");
        assertEquals(2, cli.status());
        assertTrue(cli.err().contains("found nothing"), cli.err());
    }
}

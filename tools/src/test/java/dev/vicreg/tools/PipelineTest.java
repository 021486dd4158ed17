package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.training.run.RunFolder;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on a run of a few steps: what they leave, and what they say to bad input. */
class PipelineTest {
    private static final List<String> SMALL =
            List.of("--width", "4", "--projector", "16-16", "--batch-size", "32", "--threads", "1", "--workers", "1");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path pictures;
    private static Path run;

    @BeforeAll
    static void trainOnce() {
        pictures = shared.resolve("pictures");
        run = shared.resolve("run");
        require(Cli.run("sample", "--out", pictures.toString(), "--per-class", "10", "--test-per-class", "3"));
        require(train(pictures.resolve("train"), run, "--steps", "4"));
    }

    @Test
    void runHoldsConfigurationMetricsCheckpointAndBothEncoders() throws IOException {
        for (String name : List.of(
                "config.json",
                "metrics.jsonl",
                "encoder.onnx",
                "encoder-initial.onnx",
                "artifacts/training_model.onnx",
                "artifacts/eval_model.onnx",
                "artifacts/checkpoint",
                "checkpoints/step-00000004/checkpoint",
                "checkpoints/step-00000004/state.json")) {
            assertTrue(Files.isRegularFile(run.resolve(name)), name);
        }
        List<String> lines = Cli.steps(run);
        assertEquals(4, lines.size());
        for (String name : List.of("epoch", "step", "loss", "invariance", "variance", "covariance", "lr")) {
            assertTrue(json(lines.get(3)).path(name).isNumber(), name);
        }
    }

    /** The other files named aren't there, so what is refused is refused before anything is read. */
    @Test
    void outputsThatCannotBeWrittenAreRefusedFirst() throws IOException {
        Path model = folder.resolve("none.onnx");
        Map<String, List<String>> commands = Map.of(
                "v.npy", List.of("embed", "--model", model.toString(), "--data", "none", "--out"),
                "e.onnx", List.of("export", "--run", "none", "--out"),
                "p.png", List.of("eval", "--model", model.toString(), "--train", "none", "--test", "none", "--plot"));
        for (Map.Entry<String, List<String>> command : commands.entrySet()) {
            String taken =
                    Files.createDirectory(folder.resolve(command.getKey())).toString();
            assertEquals("Cannot write " + taken + ": it is a folder; name a file", refused(command.getValue(), taken));
            String nowhere = folder.resolve("none/" + command.getKey()).toString();
            assertEquals(
                    "Cannot write " + nowhere + ": its folder does not exist; create it first",
                    refused(command.getValue(), nowhere));
        }
    }

    private static String refused(List<String> command, String out) {
        Cli cli = Cli.run(Stream.concat(command.stream(), Stream.of(out)).toArray(String[]::new));
        assertEquals(1, cli.status());
        return cli.errorLine().substring(("vicreg " + command.get(0) + ": ").length());
    }

    @Test
    void exportOfTheNewestCheckpointEqualsTheRunsEncoder() throws IOException {
        Path encoder = folder.resolve("encoder.onnx");
        Cli export = require(Cli.run("export", "--run", run.toString(), "--out", encoder.toString()));
        assertEquals(encoder + "\n", export.out());
        assertEquals(-1, Files.mismatch(encoder, run.resolve("encoder.onnx")));
    }

    @Test
    void embedWritesOneRowAPicture() throws IOException {
        Path vectors = folder.resolve("v.npy");
        Cli embed = require(Cli.run(
                "embed",
                "--model",
                run.resolve("encoder.onnx").toString(),
                "--data",
                pictures.resolve("test").toString(),
                "--out",
                vectors.toString(),
                "--json"));
        assertEquals(30, json(embed.out()).path("samples").asInt());
        assertEquals(32, json(embed.out()).path("dimension").asInt());
        assertEquals(128 + 30 * 32 * 4, Files.size(vectors));
        List<String> names = Files.readAllLines(folder.resolve("v.paths.txt"));
        assertEquals(30, names.size());
        assertEquals("bricks/00000.png", names.get(0));
    }

    @Test
    void evalComparesWithTheEncoderBeforeTrainingWhereThereIsOne() throws IOException {
        JsonNode both = json(eval(run.resolve("encoder.onnx"), "--json").out());
        assertEquals(30, both.path("test_samples").asInt());
        for (String name : List.of("encoder", "baseline", "raw")) {
            double accuracy = both.path(name).asDouble(-1);
            assertTrue(accuracy >= 0 && accuracy <= 1, name);
        }
        Path alone = Files.copy(run.resolve("encoder.onnx"), folder.resolve("alone.onnx"));
        assertTrue(json(eval(alone, "--json").out()).path("baseline").isNull());
        assertTrue(eval(alone).out().contains("left out"));
    }

    @Test
    void evalMeasuresEverySpaceInEveryWay() throws IOException {
        Path confusion = folder.resolve("confusion.png");
        JsonNode figures = json(eval(
                        run.resolve("encoder.onnx"),
                        "--measures",
                        "all",
                        "--projection",
                        "--compare",
                        run.resolve("encoder.onnx").toString(),
                        "--k",
                        "20,5",
                        "--confusion",
                        confusion.toString(),
                        "--json")
                .out());
        JsonNode encoder = figures.path("spaces").path("encoder");
        for (String key : List.of("knn_20_0.07", "knn_5_0.07", "linear", "kmeans_nmi", "retrieval_map", "rankme")) {
            assertTrue(encoder.path(key).isNumber(), key);
        }
        JsonNode interval = encoder.path("linear_interval");
        assertTrue(interval.path(0).asDouble() <= encoder.path("linear").asDouble());
        assertTrue(interval.path(1).asDouble() >= encoder.path("linear").asDouble());
        assertEquals(figures.path("encoder"), encoder.path("knn_20_0.07"));
        assertEquals(5, figures.path("spaces").size());
        assertEquals(
                encoder, figures.path("spaces").path(run.resolve("encoder.onnx").toString()));
        assertNotEquals(encoder, figures.path("spaces").path("projection"));
        assertTrue(ImageIO.read(confusion.toFile()).getWidth() > 10 * 40);
        String table =
                eval(run.resolve("encoder.onnx"), "--per-class", "--k", "5").out();
        assertTrue(table.lines().anyMatch(line -> line.matches("bricks +3 +[0-9.]+ +[-0-9.]+ +[0-9.]+")), table);
        JsonNode bricks = json(eval(run.resolve("encoder.onnx"), "--per-class", "--k", "5", "--json")
                        .out())
                .path("per_class")
                .path(0);
        assertEquals("bricks", bricks.path("class").asText());
        assertEquals(3, bricks.path("samples").asInt());
        String recall =
                String.format(Locale.ROOT, " %.1f ", 100 * bricks.path("recall").asDouble());
        assertTrue(table.lines().anyMatch(line -> line.startsWith("bricks ") && line.contains(recall)), table);
    }

    @Test
    void withoutLabelsEvalHasTheLabelFreeMeasures() throws IOException {
        Path plain = Files.createDirectory(folder.resolve("plain"));
        try (Stream<Path> files = Files.list(pictures.resolve("test").resolve("bricks"))) {
            for (Path file : files.toList()) {
                Files.copy(file, plain.resolve(file.getFileName()));
            }
        }
        List<String> words = List.of(
                "eval", "--model", run.resolve("encoder.onnx").toString(), "--train", plain.toString(), "--test");
        List<String> labelFree = new ArrayList<>(words);
        labelFree.addAll(List.of(plain.toString(), "--measures", "label-free"));
        String table = require(Cli.run(labelFree.toArray(String[]::new))).out();
        assertTrue(table.startsWith("3 test pictures, their labels unknown"), table);
        assertTrue(table.contains("RankMe, of 32"), table);
        labelFree.add("--per-class");
        Cli classes = Cli.run(labelFree.toArray(String[]::new));
        assertEquals(2, classes.status());
        assertTrue(classes.err().contains("--per-class needs classes"), classes.err());
        List<String> usual = new ArrayList<>(words);
        usual.add(plain.toString());
        Cli refused = Cli.run(usual.toArray(String[]::new));
        assertEquals(1, refused.status());
        assertTrue(refused.err().contains("without labels: ./vicreg eval --measures label-free"), refused.err());
    }

    /** Neighbours are of kNN alone: 100 training pictures have a linear probe, but no 1,000 neighbours. */
    @Test
    void onlyKnnNeedsItsNeighbours() throws IOException {
        Path encoder = run.resolve("encoder.onnx");
        Cli rest = eval(encoder, "--k", "1000");
        assertTrue(
                rest.out().contains("kNN left out: needs at least 1000 labelled training samples, found "), rest.out());
        assertTrue(rest.out().contains("linear probe"), rest.out());
    }

    @Test
    void measuresThatDoNotExistAreRefused() throws IOException {
        Cli cli = Cli.run("eval", "--model", "m", "--train", "a", "--test", "b", "--measures", "knn,rank");
        assertEquals(2, cli.status());
        assertTrue(cli.err().contains("--measures: expected all, or some of knn, linear"), cli.err());
        Cli folderless = Cli.run(
                "eval",
                "--model",
                Files.copy(run.resolve("encoder.onnx"), folder.resolve("copy.onnx"))
                        .toString(),
                "--train",
                pictures.resolve("train").toString(),
                "--test",
                pictures.resolve("test").toString(),
                "--projection");
        assertEquals(2, folderless.status());
        assertTrue(folderless.err().contains("no config.json beside it"), folderless.err());
    }

    @Test
    void resumedRunGoesOnWithTheRunsSettings() throws IOException {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        Path data = pictures.resolve("train");
        require(train(data, whole, "--epochs", "1", "--checkpoint-every", "1", "--augment", "cifar,hue=0.3"));
        require(train(data, parts, "--epochs", "1", "--checkpoint-every", "1", "--augment", "cifar,hue=0.3"));
        deleteCheckpointsAfter(parts, 2);
        require(Cli.run("train", "--out", parts.toString(), "--resume"));
        assertEquals(-1, Files.mismatch(whole.resolve("encoder.onnx"), parts.resolve("encoder.onnx")));
        assertEquals(terms(whole), terms(parts));
    }

    /** Which data an encoder is measured on is the run's, as all else is. */
    @Test
    void resumedRunIsMeasuredAsItsStartAsked() throws IOException {
        Path out = folder.resolve("run");
        Path data = pictures.resolve("train");
        String test = pictures.resolve("test").toString();
        Cli whole = require(train(data, out, "--steps", "2", "--checkpoint-every", "1", "--eval-data", test, "--json"));
        JsonNode figures = json(whole.out()).path("evaluation");
        assertTrue(figures.path("encoder").isNumber(), whole.out());
        deleteCheckpointsAfter(out, 1);
        Cli resumed = require(Cli.run("train", "--out", out.toString(), "--resume", "--json"));
        assertEquals(figures, json(resumed.out()).path("evaluation"));

        Path without = folder.resolve("without");
        require(train(data, without, "--steps", "1"));
        require(Cli.run("train", "--out", without.toString(), "--resume", "--eval-data", test));
        Cli later = require(Cli.run("train", "--out", without.toString(), "--resume"));
        assertTrue(later.out().startsWith("kNN (k = 20"), later.out());
    }

    /** Were they decoded first, they would be told to be no pictures. */
    @Test
    void tooFewPicturesForABatchAreRefusedBeforeTheyAreDecoded() throws IOException {
        Path data = Files.createDirectory(folder.resolve("few"));
        for (int i = 0; i < 3; i++) {
            Files.writeString(data.resolve(i + ".png"), "none");
        }
        Cli cli = train(data, folder.resolve("run"), "--steps", "1");
        assertEquals(2, cli.status());
        assertEquals(
                "vicreg train: Batch size 32 is larger than the data set: expected at most 3, the pictures in " + data,
                cli.errorLine());
    }

    @Test
    void recipeIsBeneathWhatIsGiven() throws IOException {
        Path out = folder.resolve("run");
        require(train(pictures.resolve("train"), out, "--steps", "1", "--recipe", "cifar-small", "--base-lr", "0.1"));
        JsonNode settings = json(Files.readString(out.resolve("config.json"))).path("settings");
        assertEquals(
                0.4914,
                settings.path("graph")
                        .path("a")
                        .path("input")
                        .path("mean")
                        .path(0)
                        .asDouble());
        assertEquals(4, settings.path("graph").path("a").path("width").asInt());
        assertEquals(0.1 * 32 / 256, settings.path("schedule").path("lr").asDouble());
        assertEquals(0.1, settings.path("schedule").path("base-lr").asDouble());
    }

    @Test
    void recipeOfSoloLearnIsItsOwn() throws IOException {
        Path out = folder.resolve("run");
        require(train(pictures.resolve("train"), out, "--steps", "1", "--recipe", "solo-cifar10"));
        JsonNode settings = json(Files.readString(out.resolve("config.json"))).path("settings");
        assertEquals(
                "lars-solo",
                settings.path("graph").path("update").path("optimizer").asText());
        assertEquals(
                "solo-learn",
                settings.path("graph").path("objective").path("loss").asText());
        assertEquals(0.3, settings.path("schedule").path("base-lr").asDouble());
        assertEquals(3e-5, settings.path("schedule").path("warmup-start").asDouble());
    }

    @Test
    void quickstartLeavesEverythingItNames() throws IOException {
        Path out = folder.resolve("quick");
        List<String> words = new ArrayList<>(List.of("quickstart", "--out", out.toString(), "--json"));
        words.addAll(SMALL);
        words.addAll(List.of("--per-class", "10", "--test-per-class", "2", "--epochs", "1"));
        JsonNode result = json(require(Cli.run(words.toArray(String[]::new))).out());
        for (String name : List.of("encoder", "vectors", "neighbours")) {
            assertTrue(Files.isRegularFile(Path.of(result.path(name).asText())), name);
        }
        assertTrue(result.path("evaluation").path("baseline").isNumber());
        BufferedImage sheet = ImageIO.read(out.resolve("neighbours.png").toFile());
        assertTrue(sheet.getHeight() > 10 * 96, "ten rows");
    }

    @Test
    void missingFolderAndFolderWithoutPicturesAreNamed() throws IOException {
        Path none = folder.resolve("none");
        assertFailure(1, none.toString(), train(none, folder.resolve("run"), "--steps", "1"));
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertFailure(1, "no pictures in " + empty, train(empty, folder.resolve("run"), "--steps", "1"));
        assertFalse(Files.exists(folder.resolve("run")));
    }

    @Test
    void picturesThatCannotBeDecodedStopBeforeAnythingIsWritten() throws IOException {
        Path data = Files.createDirectory(folder.resolve("data"));
        Files.writeString(data.resolve("text.png"), "this is no picture");
        byte[] jpeg = jpeg();
        Files.write(data.resolve("truncated.jpg"), Arrays.copyOf(jpeg, jpeg.length / 2));
        Path out = folder.resolve("v.npy");
        Cli cli =
                Cli.run("embed", "--model", run + "/encoder.onnx", "--data", data.toString(), "--out", out.toString());
        assertFailure(1, "cannot be decoded", cli);
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(data), left.toList());
        }
    }

    @Test
    void settingsThatDoNotFitTheDataOrTheModelAreWrongUsage() {
        Path data = pictures.resolve("train");
        Path out = folder.resolve("run");
        assertFailure(2, "larger than the data", Cli.run("train", "--data", data.toString(), "--out", out.toString()));
        assertFailure(2, "--image-size", train(data, out, "--image-size", "4"));
        assertFailure(2, "resnet18", train(data, out, "--encoder", "resnet19"));
        assertFailure(2, "--lr must be", train(data, out, "--lr", "-1"));
        assertFailure(2, "--lr must be", train(data, out, "--lr", "1e9"));
        assertFailure(2, "leave one out", train(data, out, "--lr", "1", "--base-lr", "1"));
        assertFailure(2, "leave one out", train(data, out, "--epochs", "1", "--steps", "1"));
        assertFailure(2, "projector", train(data, out, "--projector", "many"));
        assertFailure(2, "--augment", train(data, out, "--augment", "cifar,hue=3"));
        assertFalse(Files.exists(out));
    }

    @Test
    void coefficientsThatThePaperSawFailDrawAWarning() {
        Cli cli = train(pictures.resolve("train"), folder.resolve("run"), "--steps", "1", "--variance", "0");
        assertEquals(0, cli.status());
        assertTrue(cli.err().startsWith("warning: invariance 25.0, variance 0.0"), cli.err());
        assertTrue(cli.err().contains("Bardes"), cli.err());
    }

    @Test
    void folderOfARunIsNeverOverwritten() throws IOException {
        String before = Files.readString(run.resolve("config.json"));
        assertFailure(1, "--resume", train(pictures.resolve("train"), run, "--steps", "1"));
        assertEquals(before, Files.readString(run.resolve("config.json")));
    }

    @Test
    void resumeRefusesChangedSettingsAndFoldersWithoutARun() {
        Cli changed = Cli.run("train", "--out", run.toString(), "--resume", "--weight-decay", "0.5");
        assertFailure(2, "weight-decay: 1.0E-4 in the run, 0.5 asked for", changed);
        assertFailure(1, "is no run", Cli.run("train", "--out", folder.toString(), "--resume"));
    }

    @Test
    void secondRunInAFolderIsRefused() throws IOException {
        try (RunFolder held = RunFolder.reopen(run)) {
            assertNotEquals(null, held);
            assertFailure(1, "in use by another run", Cli.run("train", "--out", run.toString(), "--resume"));
        }
    }

    @Test
    void damagedCheckpointIsNamed() throws IOException {
        Path copy = copyOfRun();
        String[] resume = {"train", "--out", copy.toString(), "--resume", "--from", "step-4"};
        Path checkpoint = copy.resolve("checkpoints/step-00000004/checkpoint");
        byte[] bytes = Files.readAllBytes(checkpoint);
        Files.write(checkpoint, Arrays.copyOf(bytes, bytes.length / 2));
        assertFailure(1, checkpoint.toString(), Cli.run(resume));
        Path encoder = folder.resolve("e.onnx");
        assertFailure(1, "checkpoint", Cli.run("export", "--run", copy.toString(), "--out", encoder.toString()));
        assertFalse(Files.exists(encoder));
        Files.writeString(checkpoint, "foreign");
        assertFailure(1, checkpoint.toString(), Cli.run(resume));

        require(Cli.run("train", "--out", copy.toString(), "--resume")); // from the one before
        assertEquals(-1, Files.mismatch(run.resolve("encoder.onnx"), copy.resolve("encoder.onnx")));
    }

    @Test
    void checkpointsToGoOnFromAreNamedAsTheirFolders() {
        Path out = folder.resolve("run");
        assertFailure(
                2,
                "--from belongs to --resume",
                train(pictures.resolve("train"), out, "--steps", "1", "--from", "step-1"));
        String[] resume = {"train", "--out", run.toString(), "--resume", "--from"};
        assertFailure(2, "--from must be step- and a number, found 4", Cli.run(with(resume, "4")));
        assertFailure(2, "has no checkpoint of step 2, only of step-0, ", Cli.run(with(resume, "step-2")));
    }

    private static String[] with(String[] words, String more) {
        return Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void fileThatIsNoEncoderIsNamed() {
        Path model = run.resolve("artifacts/eval_model.onnx");
        Cli cli = Cli.run(
                "embed", "--model", model.toString(), "--data", pictures.toString(), "--out", folder + "/v.npy");
        assertFailure(2, model + " takes ", cli);
    }

    private static Cli train(Path data, Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", data.toString(), "--out", out.toString()));
        words.addAll(SMALL);
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    private static Cli eval(Path model, String... more) {
        List<String> words = new ArrayList<>(List.of(
                "eval",
                "--model",
                model.toString(),
                "--train",
                pictures.resolve("train").toString(),
                "--test",
                pictures.resolve("test").toString()));
        words.addAll(List.of(more));
        return require(Cli.run(words.toArray(String[]::new)));
    }

    private static Cli require(Cli cli) {
        assertEquals(0, cli.status(), cli.err());
        return cli;
    }

    private static void assertFailure(int status, String message, Cli cli) {
        assertEquals(status, cli.status(), cli.err());
        assertEquals("", cli.out());
        assertTrue(cli.errorLine().contains(message), cli.err());
    }

    private static void deleteCheckpointsAfter(Path root, long step) throws IOException {
        for (RunFolder.Saved saved : RunFolder.saved(root)) {
            if (saved.step() > step) {
                Files.delete(saved.file());
                Files.delete(saved.file().resolveSibling("state.json"));
                Files.delete(saved.file().getParent());
            }
        }
        assertEquals(
                List.of(step),
                RunFolder.saved(root).stream().map(RunFolder.Saved::step).toList());
    }

    private static List<String> terms(Path root) throws IOException {
        return Cli.steps(root).stream()
                .map(line -> line.replaceFirst(",\"pairs_per_second.*", ""))
                .toList();
    }

    private Path copyOfRun() throws IOException {
        Path copy = folder.resolve("copy");
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(run.relativize(file).toString()));
            }
        }
        return copy;
    }

    private static byte[] jpeg() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB), "jpg", bytes);
        return bytes.toByteArray();
    }

    private static JsonNode json(String text) throws IOException {
        return new ObjectMapper().readTree(text);
    }
}

package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.RegressionModel;
import dev.vicreg.runtime.natives.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Encoders that are trained on labels, few labels, and numbers instead of classes. */
class FineTuneCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path train;
    private static Path test;
    private static Path run;
    private static Path table;
    private static Path tableRun;

    @BeforeAll
    static void makeOnce() throws IOException {
        Cli.sample("pictures", shared.resolve("pictures"), 10, 3);
        train = shared.resolve("pictures/train");
        test = shared.resolve("pictures/test");
        run = trained(shared.resolve("run"), train, "--width", "8");
        table = shared.resolve("table.csv");
        StringBuilder csv = new StringBuilder("a,b,c,y,word,group\n");
        for (int row = 0; row < 60; row++) {
            double a = Math.sin(row);
            double b = Math.cos(3 * row);
            csv.append(a).append(',').append(b).append(',').append(a * b).append(',');
            csv.append(row == 7 ? "" : Double.toString(5 + 2 * a - b))
                    .append(",w")
                    .append(row)
                    .append(",g\n");
        }
        Files.writeString(table, csv);
        tableRun = trained(shared.resolve("table-run"), table, "--columns", "a,b,c", "--width", "16");
    }

    private static Path trained(Path out, Path data, String... more) {
        require(Cli.run(with(
                new String[] {"train", "--data", data.toString(), "--out", out.toString(), "--steps", "2"},
                with(more, "--projector", "16-16", "--batch-size", "16", "--threads", "1", "--workers", "1"))));
        return out;
    }

    private static String[] with(String[] words, String... more) {
        return Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
    }

    private static Cli require(Cli cli) {
        assertEquals(0, cli.status(), cli.err());
        return cli;
    }

    private static String[] words(Path model, Path data, Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("classify", "--model", model.toString(), "--train"));
        words.addAll(List.of(data.toString(), "--out", out.toString(), "--threads", "1", "--json"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private static JsonNode made(Path model, Path data, Path out, String... more) throws IOException {
        return JSON.readTree(require(Cli.run(words(model, data, out, more))).out());
    }

    private static String refused(int status, Cli cli) {
        assertEquals(status, cli.status(), cli.err());
        String line = cli.err().lines().reduce((first, last) -> last).orElseThrow();
        return line.substring(line.indexOf(": ") + 2);
    }

    /** What it is compared with is what the same command says without training; what it makes is as good as told. */
    @Test
    void encoderIsTrainedAndComparedWithTheFrozenOne() throws IOException {
        Path out = folder.resolve("tuned.onnx");
        JsonNode frozen = made(run, train, folder.resolve("frozen.onnx"), "--test", test.toString());
        String[] options = {"--finetune", "--epochs", "2", "--batch-size", "20", "--encoder-lr", "0.01"};
        JsonNode tuned = made(run, train, out, with(options, "--test", test.toString()));
        assertEquals(
                frozen.path("test").path("accuracy"),
                tuned.path("frozen").path("test").path("accuracy"));
        assertEquals(80, tuned.path("fitted").asInt());
        assertFalse(Files.exists(folder.resolve("tuned.onnx.work")));
        Path picture = test.resolve("bricks/00000.png");
        int right = 0;
        try (ClassifierModel model = ClassifierModel.load(out, Device.CPU, 1);
                Stream<Path> files = Files.walk(test)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String label = String.valueOf(file.getParent().getFileName());
                right += model.classify(file).label().equals(label) ? 1 : 0;
            }
            assertEquals(tuned.path("test").path("accuracy").asDouble(), right / 30.0, 1e-9);
            String origin = String.valueOf(model.manifest().classifier().origin());
            assertTrue(origin.startsWith("trained with the encoder by cross-entropy, epoch "), origin);
            if (tuned.path("best_epoch").asInt() > 0) {
                try (EmbeddingModel before = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
                    float difference = Math.abs(
                            before.embed(picture)[0] - model.classify(picture).embedding()[0]);
                    assertTrue(difference > 1e-4, "the encoder is as it was");
                }
            }
        }
    }

    /** Stopped in the middle of an epoch, it goes on with the same command and gives the same file. */
    @Test
    void whatWasStoppedGoesOnToTheSameFile() throws IOException {
        String[] options = {"--from-scratch", "--epochs", "2", "--batch-size", "20", "--label-smoothing", "0.2"};
        Path whole = folder.resolve("whole.onnx");
        made(run, train, whole, options);
        Path out = folder.resolve("stopped.onnx");
        Cli stopped = Cli.runStopped(3, words(run, train, out, options));
        assertTrue(stopped.err().contains("stopped; the same command goes on"), stopped.err());
        assertFalse(Files.exists(out));
        String line = refused(2, Cli.run(words(run, train, out, with(options, "--seed", "1"))));
        assertTrue(line.contains("was stopped, with seed 0, asked for now 1"), line);
        made(run, train, out, options);
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(out));
    }

    /** A table's fingerprint says nothing of its labels, nor of its targets: they decide all the same. */
    @Test
    void whatWasStoppedGoesOnWithTheSameLabelsAlone() throws IOException {
        Path rows = folder.resolve("rows.csv");
        Path out = folder.resolve("labels.onnx");
        String[] options = {"--label", "kind", "--from-scratch", "--epochs", "4", "--batch-size", "16"};
        Files.writeString(rows, rows(row -> row % 2 == 0));
        Cli stopped = Cli.runStopped(3, words(tableRun, rows, out, options));
        assertTrue(stopped.err().contains("stopped; the same command goes on"), stopped.err());
        Files.writeString(rows, rows(row -> row % 3 == 0));
        String line = refused(2, Cli.run(words(tableRun, rows, out, options)));
        assertTrue(line.contains("was stopped, with labels "), line);
    }

    private static String rows(IntPredicate isEven) {
        StringBuilder csv = new StringBuilder("a,b,c,kind\n");
        for (int row = 0; row < 60; row++) {
            csv.append(Math.sin(row)).append(',').append(Math.cos(row)).append(",1,");
            csv.append(isEven.test(row) ? "even" : "odd").append('\n');
        }
        return csv.toString();
    }

    @Test
    void encoderFileIsTrainedAsItIs() throws IOException {
        Path encoder = run.resolve("encoder.onnx");
        Path out = folder.resolve("file.onnx");
        made(encoder, train, out, "--finetune", "--epochs", "1", "--batch-size", "40");
        assertEquals(
                Manifest.read(encoder).input().kind(),
                Manifest.read(out).input().kind());
        assertTrue(refused(2, Cli.run(words(encoder, train, out, "--from-scratch")))
                .startsWith("--from-scratch needs a network of this program"));
    }

    @Test
    void fewLabelsAreDrawnOfEachClass() throws IOException {
        Path out = folder.resolve("few.onnx");
        JsonNode few = made(run, train, out, "--labels-per-class", "5");
        assertEquals(40, few.path("fitted").asInt());
        assertEquals(10, few.path("held_out").path("samples").asInt());
        assertEquals(0, few.path("left_out").asInt());
        assertEquals(
                40, made(run, train, out, "--label-share", "0.5").path("fitted").asInt());
        assertTrue(refused(1, Cli.run(words(run, train, out, "--recipe", "semi-1")))
                .startsWith("1.00 % of the 100 labelled pictures in " + train + " are 0 of each of 10 classes"));
    }

    @Test
    void optionsOfTrainingNeedTraining() {
        Path out = folder.resolve("o.onnx");
        assertEquals(
                "--epochs is for --finetune and --from-scratch; add one, or leave it out",
                refused(2, Cli.run(words(run, train, out, "--epochs", "3"))));
        assertEquals(
                "--seed is for --finetune, --from-scratch, --labels-per-class and --label-share; add one, or leave it out",
                refused(2, Cli.run(words(run, train, out, "--seed", "3"))));
        assertEquals(
                "--finetune and --from-scratch exclude each other; leave one out",
                refused(2, Cli.run(words(run, train, out, "--finetune", "--from-scratch"))));
        assertEquals(
                "--labels-per-class is for classes, --target for numbers; leave one out",
                refused(2, Cli.run(words(run, train, out, "--target", "labels", "--labels-per-class", "3"))));
    }

    @Test
    void numbersAreToldAndPredicted() throws IOException {
        Path out = folder.resolve("y.onnx");
        JsonNode frozen = made(tableRun, table, out, "--target", "y");
        assertEquals(1, frozen.path("left_out").asInt());
        assertEquals(47, frozen.path("fitted").asInt());
        String[] options = {"--target", "y", "--from-scratch", "--epochs", "60", "--batch-size", "16"};
        JsonNode trained = made(tableRun, table, out, with(options, "--augment", "vectors,mask=0,noise=0"));
        double r2 = trained.path("held_out").path("r_squared").asDouble();
        assertTrue(r2 > 0.5, "R² of a sum of two columns is " + r2);
        List<String> lines = require(
                        Cli.run("predict", "--model", out.toString(), "--data", table.toString(), "--threads", "1"))
                .out()
                .lines()
                .toList();
        assertEquals("path,prediction", lines.get(0));
        assertEquals(61, lines.size());
        try (RegressionModel model = RegressionModel.load(out, Device.CPU, 1)) {
            assertEquals("y", model.target());
            float[][] first = {{(float) Math.sin(0), (float) Math.cos(0), 0}};
            float value = model.predictVectors(first).get(0).value();
            assertEquals("row 1," + value, lines.get(1));
        }
        assertTrue(refused(1, Cli.run("embed", "--model", out.toString(), "--data", table.toString(), "--out", "e.npy"))
                .startsWith(out + " is a regressor, expected an encoder"));
        assertEquals(
                "--top is for classifiers, " + out + " is a regressor; leave it out",
                refused(2, Cli.run("predict", "--model", out.toString(), "--data", table.toString(), "--top", "2")));
    }

    @Test
    void targetsThatAreNoneAreRefused() {
        Path out = folder.resolve("t.onnx");
        assertEquals(
                "The vectors in " + table
                        + " have the target 'w0', expected finite numbers; classes are learnt without a"
                        + " target, by their labels",
                refused(1, Cli.run(words(tableRun, table, out, "--target", "word"))));
        assertEquals(
                "--target a is among the columns that the encoder takes: train one on the others, named with ./vicreg"
                        + " train --columns",
                refused(2, Cli.run(words(tableRun, table, out, "--target", "a"))));
        assertTrue(refused(1, Cli.run(words(run, train, out, "--target", "labels")))
                .startsWith("The pictures in " + train + " have the target 'b"));
        assertEquals(
                "All labelled vectors in " + table
                        + " are of one class, g, expected at least two classes to tell apart",
                refused(1, Cli.run(words(tableRun, table, out, "--finetune", "--label", "group"))));
        assertFalse(Files.exists(out));
    }
}

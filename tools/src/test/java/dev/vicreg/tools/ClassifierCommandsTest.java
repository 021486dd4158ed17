package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.Classification;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.natives.Device;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From an encoder and labelled samples to a classifier and its predictions. */
class ClassifierCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path train;
    private static Path test;
    private static Path encoder;
    private static Path classifier;
    private static JsonNode made;

    @BeforeAll
    static void makeOnce() throws IOException {
        Cli.sample("pictures", shared.resolve("pictures"), 10, 3);
        train = shared.resolve("pictures/train");
        test = shared.resolve("pictures/test");
        encoder = trained(train, shared.resolve("run"));
        classifier = shared.resolve("classifier.onnx");
        made = json(require(classify(encoder, train, classifier, "--test", test.toString(), "--json"))
                .out());
    }

    private static Path trained(Path data, Path run, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", data.toString(), "--out", run.toString()));
        words.addAll(List.of("--width", "8", "--projector", "16-16", "--batch-size", "16", "--steps", "2"));
        words.addAll(List.of("--threads", "1", "--workers", "1"));
        words.addAll(List.of(more));
        require(Cli.run(words.toArray(String[]::new)));
        return run.resolve("encoder.onnx");
    }

    private static Cli classify(Path model, Path data, Path out, String... more) {
        return run("classify", model, "--train", data, out, more);
    }

    private static Cli predict(Path model, Path data, Path out, String... more) {
        return run("predict", model, "--data", data, out, more);
    }

    private static Cli run(String command, Path model, String option, Path data, Path out, String... more) {
        List<String> words = new ArrayList<>(List.of(command, "--model", model.toString(), option, data.toString()));
        words.addAll(List.of("--out", out.toString(), "--threads", "1"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    private static Cli require(Cli cli) {
        assertEquals(0, cli.status(), cli.err());
        return cli;
    }

    private static JsonNode json(String text) throws IOException {
        return JSON.readTree(text);
    }

    @Test
    void figuresAreToldAndStandInTheFile() throws IOException {
        assertEquals(10, made.path("classes").asInt());
        assertEquals(80, made.path("fitted").asInt());
        assertEquals(20, made.path("held_out").path("samples").asInt());
        assertEquals(30, made.path("test").path("samples").asInt());
        assertEquals(0, made.path("left_out").asInt());
        Manifest.Head head = Manifest.read(classifier).classifier();
        assertEquals(JSON.convertValue(made.path("labels"), List.class), head.labels());
        assertEquals(made.path("temperature").asDouble(), head.temperature());
        assertEquals(
                made.path("test").path("accuracy").asDouble(), head.evaluation().get("test-accuracy"));
        assertEquals(
                made.path("held_out").path("calibrated").asDouble(),
                head.evaluation().get("held-out-calibration-error"));
        String page = require(Cli.run("inspect", classifier.toString())).out();
        for (String field : List.of("classifier.labels", "bricks", "classifier.temperature", "held-out-accuracy")) {
            assertTrue(page.contains(field), page);
        }
    }

    /** What is measured by the command is what an application sees. */
    @Test
    void predictionsAreThoseOfTheModelAndAsRightAsTold() throws IOException {
        Path out = folder.resolve("predictions.csv");
        Cli done = require(predict(classifier, test, out, "--top", "3"));
        assertEquals(out + "\n", done.out());
        List<CSVRecord> rows = rows(Files.readString(out));
        assertEquals(30, rows.size());
        int right = 0;
        try (ClassifierModel model = ClassifierModel.load(classifier, Device.CPU, 1);
                EmbeddingModel vectors = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            for (CSVRecord row : rows) {
                Path picture = test.resolve(row.get("path"));
                Classification found = model.classify(picture);
                assertEquals(found.label(), row.get("label"));
                assertEquals(found.probability(), Float.parseFloat(row.get("probability")), 1e-5f);
                assertEquals(found.top(3).get(2).label(), row.get("label-3"));
                assertArrayEquals(vectors.embed(picture), found.embedding(), 1e-4f);
                right += row.get("path").startsWith(row.get("label") + "/") ? 1 : 0;
            }
        }
        assertEquals(made.path("test").path("accuracy").asDouble(), right / 30.0, 1e-9);
    }

    private static List<CSVRecord> rows(String csv) throws IOException {
        return CSVFormat.DEFAULT
                .builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .get()
                .parse(new StringReader(csv))
                .getRecords();
    }

    @Test
    void linesOfJsonAndStandardOutputSayTheSame() throws IOException {
        Path out = folder.resolve("predictions.jsonl");
        JsonNode told = json(
                require(predict(classifier, test, out, "--top", "2", "--json")).out());
        assertEquals(30, told.path("samples").asInt());
        List<String> lines = Files.readAllLines(out);
        String[] words = {"predict", "--model", classifier.toString(), "--data", test.toString(), "--threads", "1"};
        List<String> printed = require(Cli.run(with(words, "--top", "2", "--json")))
                .out()
                .lines()
                .toList();
        assertEquals(lines, printed);
        JsonNode first = json(lines.get(0));
        assertEquals(2, first.path("top").size());
        assertEquals(first.path("label"), first.path("top").path(0).path("label"));
        List<CSVRecord> rows = rows(require(Cli.run(words)).out());
        assertEquals(first.path("path").asText(), rows.get(0).get("path"));
        assertEquals(first.path("label").asText(), rows.get(0).get("label"));
    }

    private static String[] with(String[] words, String... more) {
        return Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void tableIsPrintedWithoutJson() {
        Path out = folder.resolve("c.onnx");
        String text = require(classify(encoder, train, out)).out();
        assertTrue(text.startsWith("classifier of 10 classes: fitted on 80 pictures, calibrated on 20 held out"), text);
        assertFalse(text.contains("test"), text);
        assertTrue(text.endsWith("\n" + out + "\n"), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vectors", "signals", "sequences"})
    void everyKindOfDataIsClassified(String kind) throws IOException {
        Path data = folder.resolve("data");
        Cli.sample(kind, data, 5, 2);
        boolean table = kind.equals("vectors");
        String ending = kind.equals("signals") ? "" : table ? ".csv" : ".ids";
        Path of = data.resolve("train" + ending);
        Path apart = data.resolve("test" + ending);
        String[] label = table ? new String[] {"--label", "class"} : new String[0];
        Path model = trained(of, folder.resolve("run"), label);
        Path out = folder.resolve("classifier.onnx");
        JsonNode figures = json(require(classify(model, of, out, with(label, "--test", apart.toString(), "--json")))
                .out());
        assertEquals(40, figures.path("fitted").asInt());
        assertEquals(20, figures.path("test").path("samples").asInt());
        Path csv = folder.resolve("p.csv");
        require(predict(out, apart, csv));
        assertEquals(21, Files.readAllLines(csv).size());
    }

    @Test
    void samplesWithoutALabelAreLeftOutAndCounted() throws IOException {
        Path data = copy(folder.resolve("some"), "bricks", "stripes");
        Files.copy(train.resolve("bricks/00000.png"), data.resolve("loose.png"));
        Cli done = require(classify(encoder, data, folder.resolve("c.onnx"), "--json"));
        assertEquals(1, json(done.out()).path("left_out").asInt());
        assertEquals(16, json(done.out()).path("fitted").asInt());
        assertTrue(done.err().contains("note: pictures without a label that are left out: 1"), done.err());
    }

    private static Path copy(Path to, String... classes) throws IOException {
        for (String name : classes) {
            Files.createDirectories(to.resolve(name));
            try (Stream<Path> files = Files.list(train.resolve(name))) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Files.copy(file, to.resolve(name).resolve(String.valueOf(file.getFileName())));
                }
            }
        }
        return to;
    }

    @Test
    void dataThatMakeNoClassesAreRefused() throws IOException {
        Path out = folder.resolve("c.onnx");
        Path one = copy(folder.resolve("one"), "bricks");
        assertEquals(
                "All labelled pictures in " + one
                        + " are of one class, bricks, expected at least two classes to tell apart",
                refused(classify(encoder, one, out)));
        Path single = copy(folder.resolve("single"), "bricks");
        Files.createDirectories(single.resolve("lonely"));
        Files.copy(train.resolve("stripes/00000.png"), single.resolve("lonely/0.png"));
        assertEquals(
                "The class lonely has 1 of the labelled pictures in " + single
                        + ", expected at least 2 of each, to learn"
                        + " from and to calibrate with; add some or leave the class out",
                refused(classify(encoder, single, out)));
        Path none = folder.resolve("none");
        Files.createDirectories(none);
        Files.copy(train.resolve("bricks/00000.png"), none.resolve("0.png"));
        String unlabelled = "None of the 1 pictures in " + none + " has a label; the folder of a file is its label";
        assertEquals(unlabelled, refused(classify(encoder, none, out)));
        Path other = copy(folder.resolve("other"), "bricks", "stripes");
        assertEquals(unlabelled, refused(classify(encoder, other, out, "--test", none.toString())));
        assertEquals(
                "The class checks of the test pictures has no training pictures; their classes are bricks, stripes",
                refused(classify(encoder, other, out, "--test", test.toString())));
        assertFalse(Files.exists(out));
    }

    @Test
    void modelsOfTheOtherKindAreRefused() {
        Path out = folder.resolve("o.csv");
        String isClassifier =
                classifier + " is a classifier, expected an encoder: give the encoder that it was made of";
        String hint = ", or use ./vicreg predict, in Java ClassifierModel";
        assertEquals(isClassifier, refused(classify(classifier, train, folder.resolve("c.onnx"))));
        assertEquals(isClassifier + hint, refused(run("embed", classifier, "--data", test, out)));
        assertEquals(
                isClassifier + hint,
                refused(Cli.run(
                        "eval",
                        "--model",
                        classifier.toString(),
                        "--train",
                        train.toString(),
                        "--test",
                        test.toString())));
        assertEquals(
                encoder
                        + " is an encoder, expected a classifier: ./vicreg classify makes one of it and labelled samples;"
                        + " for vectors use ./vicreg embed, in Java EmbeddingModel",
                refused(predict(encoder, test, out)));
    }

    @Test
    void outputsAndOptionsAreCheckedFirst() {
        Path nowhere = folder.resolve("none/c.onnx");
        String missing = ": its folder does not exist; create it first";
        assertEquals("Cannot write " + nowhere + missing, refused(classify(Path.of("no.onnx"), train, nowhere)));
        Path csv = folder.resolve("none/p.csv");
        assertEquals("Cannot write " + csv + missing, refused(predict(Path.of("no.onnx"), test, csv)));
        Cli text = predict(classifier, test, folder.resolve("p.txt"));
        assertEquals(2, text.status());
        assertEquals(
                "vicreg predict: --out must end in .csv or .jsonl, found " + folder.resolve("p.txt"), text.errorLine());
        Cli top = predict(classifier, test, folder.resolve("p.csv"), "--top", "11");
        assertEquals(2, top.status());
        assertEquals(
                "vicreg predict: --top must be at most 10, the classes of " + classifier + ", found 11",
                top.errorLine());
        Cli same = classify(encoder, train, encoder);
        assertEquals(2, same.status());
        assertEquals(
                "vicreg classify: --out would replace the encoder " + encoder + "; name another file",
                same.errorLine());
    }

    private static String refused(Cli cli) {
        assertEquals(1, cli.status(), cli.err());
        String line = cli.errorLine();
        return line.substring(line.indexOf(": ") + 2);
    }
}

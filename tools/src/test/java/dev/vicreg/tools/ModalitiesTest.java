package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables and recordings through the whole path: train, resume, export, embed, evaluate, plot. */
class ModalitiesTest {
    private static final List<String> SMALL = List.of(
            "--projector", "16-16", "--batch-size", "16", "--steps", "6", "--threads", "1", "--checkpoint-every", "3");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path table;
    private static Path sounds;

    @BeforeAll
    static void makeSamples() {
        table = shared.resolve("table");
        sounds = shared.resolve("sounds");
        for (String kind : List.of("vectors", "signals")) {
            Path out = kind.equals("vectors") ? table : sounds;
            run("sample", "--kind", kind, "--out", out.toString(), "--per-class", "4", "--test-per-class", "2");
        }
    }

    private static Cli run(String... words) {
        Cli done = Cli.run(words);
        assertEquals(0, done.status(), done.err());
        return done;
    }

    private static Cli train(Path data, Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", data.toString(), "--out", out.toString()));
        words.addAll(SMALL);
        words.addAll(List.of(more));
        return run(words.toArray(new String[0]));
    }

    private static JsonNode json(Cli done) throws IOException {
        return new ObjectMapper().readTree(done.out());
    }

    /** A run that is resumed at step 3 ends as the one that wasn't. */
    private void resumeMatches(Path whole) throws IOException {
        Path parts = folder.resolve("parts");
        copy(whole, parts);
        try (Stream<Path> files = Files.walk(parts.resolve("checkpoints/step-00000006"))) {
            files.sorted((a, b) -> b.compareTo(a)).forEach(ModalitiesTest::delete);
        }
        run("train", "--out", parts.toString(), "--resume", "--workers", "3");
        String checkpoint = "checkpoints/step-00000006/checkpoint";
        assertArrayEquals(Files.readAllBytes(whole.resolve(checkpoint)), Files.readAllBytes(parts.resolve(checkpoint)));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    private static void delete(Path file) {
        assertTrue(file.toFile().delete(), file.toString());
    }

    @Test
    void tableGoesThroughTheWholePath() throws IOException {
        Path run = folder.resolve("run");
        Path csv = table.resolve("train.csv");
        String test = table.resolve("test.csv").toString();
        JsonNode summary = json(train(csv, run, "--label", "class", "--eval-data", test, "--json"));
        assertEquals(20, summary.path("evaluation").path("test_samples").asInt());
        resumeMatches(run);

        Path encoder = folder.resolve("encoder.onnx");
        run("export", "--run", run.toString(), "--out", encoder.toString());
        Path vectors = folder.resolve("vectors.csv");
        run("embed", "--model", encoder.toString(), "--data", test, "--out", vectors.toString());
        List<String> lines = Files.readAllLines(vectors);
        assertEquals(21, lines.size());
        assertTrue(lines.get(1).startsWith("row 1,"), lines.get(1));

        Path plot = folder.resolve("map.png");
        JsonNode figures = json(run(
                "eval",
                "--model",
                run.resolve("encoder.onnx").toString(),
                "--train",
                csv.toString(),
                "--test",
                test,
                "--label",
                "class",
                "--k",
                "5",
                "--plot",
                plot.toString(),
                "--json"));
        for (String name : List.of("encoder", "baseline", "raw")) {
            assertTrue(figures.path(name).asDouble() > 0.1, figures.toString());
        }
        BufferedImage picture = ImageIO.read(plot.toFile());
        assertEquals(1420, picture.getWidth()); // two charts of 640, and names of classes

        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            Input.Vectors input = (Input.Vectors) model.manifest().input();
            assertEquals(160, input.columns().size());
            assertEquals(2, model.manifest().formatVersion());
            float[] row = new float[160];
            for (int i = 0; i < row.length; i++) {
                row[i] = Float.parseFloat(
                        Files.readAllLines(Path.of(test)).get(1).split(",", -1)[i]);
            }
            String[] embedded = lines.get(1).split(",", -1);
            float[] found = model.embedVectors(new float[][] {row})[0];
            for (int i = 0; i < found.length; i++) {
                assertEquals(Float.parseFloat(embedded[i + 1]), found[i], 1e-6);
            }
            refusals(model);
        }
    }

    private static void refusals(EmbeddingModel model) {
        String kind = assertThrows(
                        IllegalStateException.class, () -> model.embedPictures(List.of(new Picture(1, 1, new byte[3]))))
                .getMessage();
        assertTrue(kind.endsWith("takes vectors, not pictures"), kind);
        assertThrows(IllegalStateException.class, () -> model.embedSignals(List.of()));
        String size = assertThrows(IllegalArgumentException.class, () -> model.embedVectors(new float[1][7]))
                .getMessage();
        assertTrue(size.contains("vectors of 160 values, found one of 7"), size);
        float[][] nan = new float[1][160];
        nan[0][3] = Float.NaN;
        String value = assertThrows(IllegalArgumentException.class, () -> model.embedVectors(nan))
                .getMessage();
        assertTrue(value.contains("column m003 is NaN"), value);
    }

    @Test
    void recordingsGoThroughTheWholePath() throws IOException {
        Path run = folder.resolve("run");
        String test = sounds.resolve("test").toString();
        String[] options = {"--width", "4", "--rate", "4000", "--length", "0.25s", "--json", "--eval-data", test};
        JsonNode summary = json(train(sounds.resolve("train"), run, options));
        assertEquals(40, summary.path("evaluation").path("train_samples").asInt());
        resumeMatches(run);

        Path encoder = run.resolve("encoder.onnx");
        Path vectors = folder.resolve("vectors.csv");
        run("embed", "--model", encoder.toString(), "--data", test, "--out", vectors.toString());
        String first = Files.readAllLines(vectors).get(1);
        assertTrue(first.startsWith("bell/00000.wav,"), first);
        Path plot = folder.resolve("neighbours.png");
        String voters = sounds.resolve("train").toString();
        Cli table = run(
                "eval", "--model", encoder.toString(), "--train", voters, "--test", test, "--plot", plot.toString());
        assertTrue(table.out().contains("20 test signals by 40 training signals")
                && table.out().contains("raw signals"));
        assertTrue(ImageIO.read(plot.toFile()).getHeight() > 10 * 72);

        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            Input.Signals input = (Input.Signals) model.manifest().input();
            assertEquals(List.of(4000, 1000, 1), List.of(input.rate(), input.length(), input.channels()));
            Path file = Path.of(test, "bell", "00000.wav");
            Signal signal = Signal.decode(Files.readAllBytes(file), "bell"); // at 8 kHz: the model resamples
            float[] found = model.embedSignals(List.of(signal))[0];
            String[] embedded = first.split(",", -1);
            for (int i = 0; i < found.length; i++) {
                assertEquals(Float.parseFloat(embedded[i + 1]), found[i], 1e-5);
            }
        }
    }

    @Test
    void logMelStandsBeforeNetworksOfPicturesAndOfSignals() throws IOException {
        String[] mel = {"--width", "4", "--length", "4000", "--front-end", "log-mel,window=32,bands=24,low=50"};
        for (String encoder : List.of("resnet18", "resnet1d")) {
            Path run = folder.resolve(encoder);
            List<String> options = new ArrayList<>(List.of(mel));
            options.addAll(List.of("--encoder", encoder));
            train(sounds.resolve("train"), run, options.toArray(new String[0]));
            Path vectors = folder.resolve(encoder + ".npy");
            String test = sounds.resolve("test").toString();
            run(
                    "embed",
                    "--model",
                    run.resolve("encoder.onnx").toString(),
                    "--data",
                    test,
                    "--out",
                    vectors.toString());
            assertEquals(128 + 20 * 32 * Float.BYTES, Files.size(vectors));
            resumeMatches(run);
            try (Stream<Path> files = Files.walk(folder.resolve("parts"))) {
                files.sorted((a, b) -> b.compareTo(a)).forEach(ModalitiesTest::delete);
            }
        }
    }

    @Test
    void samplesAreTheSameForTheSameSeed() throws IOException {
        for (String seed : List.of("0", "1")) {
            for (String kind : List.of("vectors", "signals")) {
                Path out = folder.resolve(kind + seed);
                run(
                        "sample",
                        "--kind",
                        kind,
                        "--out",
                        out.toString(),
                        "--per-class",
                        "1",
                        "--test-per-class",
                        "2",
                        "--seed",
                        seed);
                String file = kind.equals("vectors") ? "test.csv" : "test/flute/00001.wav";
                Path like = (kind.equals("vectors") ? table : sounds).resolve(file);
                boolean same = Arrays.equals(Files.readAllBytes(like), Files.readAllBytes(out.resolve(file)));
                assertEquals(seed.equals("0"), same, kind + " with seed " + seed);
            }
        }
        assertNotEquals(
                Files.readString(table.resolve("test.csv")).lines().toList().subList(1, 11),
                Files.readString(table.resolve("train.csv")).lines().toList().subList(1, 11));
    }

    private void refused(int status, String expected, String... words) {
        Cli done = Cli.run(words);
        assertEquals(status, done.status(), done.err());
        assertTrue(done.errorLine().contains(expected), done.err());
    }

    @Test
    void whatDoesNotFitIsRefusedInOneLine() throws IOException {
        String out = folder.resolve("run").toString();
        String csv = table.resolve("train.csv").toString();
        String wavs = sounds.resolve("train").toString();
        refused(
                2,
                "The encoder takes pictures, the data are vectors",
                "train",
                "--data",
                csv,
                "--out",
                out,
                "--encoder",
                "resnet18");
        refused(
                2,
                "The encoder takes vectors, the data are signals",
                "train",
                "--data",
                wavs,
                "--out",
                out,
                "--encoder",
                "mlp",
                "--batch-size", // fewer than there are signals, which is told of first
                "8");
        refused(
                2,
                "--columns is for vectors, the data are signals",
                "train",
                "--data",
                wavs,
                "--out",
                out,
                "--columns",
                "a");
        refused(
                2,
                "--front-end is for signals, the data are vectors",
                "train",
                "--data",
                csv,
                "--out",
                out,
                "--front-end",
                "log-mel");
        refused(2, "--rate is for signals", "train", "--data", csv, "--out", out, "--rate", "8000");
        refused(1, "has no column m999", "train", "--data", csv, "--out", out, "--columns", "m001,m999");
        refused(
                1,
                "column class is 'c0', expected a finite number",
                "train",
                "--data",
                csv,
                "--out",
                out,
                "--columns",
                "class");
        refused(
                2,
                "its settings are those of pictures, expected those of vectors",
                "train",
                "--data",
                csv,
                "--out",
                out,
                "--augment",
                "cifar");
        refused(
                2,
                "a length of 90000 is more than the longest signal has, 10000",
                "train",
                "--data",
                wavs,
                "--out",
                out,
                "--length",
                "90000",
                "--width",
                "4",
                "--batch-size",
                "16");
        refused(
                2,
                "--length must be a number of samples or ids, or seconds",
                "train",
                "--data",
                wavs,
                "--out",
                out,
                "--length",
                "soon",
                "--batch-size",
                "16");
        refused(
                2,
                "--front-end must be none or log-mel",
                "train",
                "--data",
                wavs,
                "--out",
                out,
                "--front-end",
                "fft",
                "--batch-size",
                "16");
        refused(
                2,
                "takes window, hop, bands, low and high, found \"mels=3\"",
                "train",
                "--data",
                wavs,
                "--out",
                out,
                "--front-end",
                "log-mel,mels=3",
                "--batch-size",
                "16");
        refused(2, "Encoder mlp needs --data", "artifacts", "--encoder", "mlp", "--out", out);
        assertTrue(Files.notExists(Path.of(out)), "a run that cannot start leaves no folder");
    }

    @Test
    void modelsRefuseDataOfAnotherKind() throws IOException {
        Path run = folder.resolve("run");
        train(table.resolve("train.csv"), run, "--label", "class");
        String model = run.resolve("encoder.onnx").toString();
        String out = folder.resolve("v.npy").toString();
        String test = sounds.resolve("test").toString();
        refused(
                2,
                "The encoder takes vectors, " + test + " holds signals",
                "embed",
                "--model",
                model,
                "--data",
                test,
                "--out",
                out);
        Path other = Files.writeString(folder.resolve("other.csv"), "m000,m001\n1,2\n");
        refused(
                1,
                "has no column m002; it has m000, m001",
                "embed",
                "--model",
                model,
                "--data",
                other.toString(),
                "--out",
                out);
        String rows = table.resolve("test.csv").toString();
        refused(
                1,
                "name the column of labels with --label",
                "train",
                "--data",
                rows,
                "--out",
                folder + "/r",
                "--eval-data",
                rows);
        refused(1, "name the column of labels with --label", "eval", "--model", model, "--train", rows, "--test", rows);
        refused(2, "columns: [\"m000\"", "train", "--out", run.toString(), "--resume", "--columns", "m000");
    }

    @Test
    void artifactsOfVectorsTakeTheirColumnsFromTheData() {
        String csv = table.resolve("train.csv").toString();
        Path out = folder.resolve("artifacts");
        run("artifacts", "--data", csv, "--columns", "m001,m000", "--projector", "8-8", "--out", out.toString());
        assertTrue(Files.isRegularFile(out.resolve("training_model.onnx")));
        run("bench", "train", "--data", csv, "--projector", "8-8", "--batch-size", "8", "--steps", "3");
    }
}

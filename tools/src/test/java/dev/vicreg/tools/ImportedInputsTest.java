package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.encoder.Mlp;
import dev.vicreg.models.encoder.ResNet;
import dev.vicreg.models.encoder.TextCnn;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.signal.Signal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks in files on tables and recordings, and two of them at once. */
class ImportedInputsTest {
    private static final Path FILES = Path.of("../training/src/test/resources/golden/imported");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeSamples() {
        for (String kind : List.of("pictures", "vectors", "signals", "sequences")) {
            Cli.sample(kind, shared.resolve(kind), 4, 2);
        }
    }

    private static Cli run(String... words) {
        Cli done = Cli.run(words);
        assertEquals(0, done.status(), done.err());
        return done;
    }

    private static String[] words(Path out, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--out", out.toString(), "--projector", "16-16"));
        words.addAll(List.of("--batch-size", "8", "--steps", "4", "--checkpoint-every", "2", "--threads", "1"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    /** Trains, and checks that a run which goes on at step 2, without the files, ends as this one. */
    private Path train(List<Path> files, String... more) throws IOException {
        Path run = folder.resolve("run");
        run(words(run, more));
        for (Path file : files) {
            Files.delete(file);
        }
        Path parts = folder.resolve("parts");
        try (Stream<Path> all = Files.walk(run)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                if (!file.toString().contains("step-00000004")) {
                    Files.copy(file, parts.resolve(run.relativize(file).toString()));
                }
            }
        }
        run("train", "--out", parts.toString(), "--resume", "--workers", "3");
        for (String name : List.of("checkpoints/step-00000004/checkpoint", "encoder.onnx")) {
            assertArrayEquals(Files.readAllBytes(run.resolve(name)), Files.readAllBytes(parts.resolve(name)), name);
        }
        return run;
    }

    private float[] embedded(Path model, Path data) throws IOException {
        Path out = folder.resolve("vectors.csv");
        run("embed", "--model", model.toString(), "--data", data.toString(), "--out", out.toString());
        String[] parts = Files.readAllLines(out).get(1).split(",", -1);
        float[] row = new float[parts.length - 1];
        for (int i = 0; i < row.length; i++) {
            row[i] = Float.parseFloat(parts[i + 1]);
        }
        return row;
    }

    private JsonNode eval(Path run, String train, String test, String... more) throws IOException {
        List<String> words = new ArrayList<>(List.of("eval", "--model", run + "/encoder.onnx", "--train", train));
        words.addAll(List.of("--test", test, "--k", "5", "--json"));
        words.addAll(List.of(more));
        return new ObjectMapper().readTree(run(words.toArray(String[]::new)).out());
    }

    @Test
    void tablesTrainANetworkInAFile() throws IOException {
        Path file = Networks.write(folder.resolve("net.onnx"), new Mlp(12, 2), "row", ElementType.FLOAT, 160);
        Path train = shared.resolve("vectors/train.csv");
        Path test = shared.resolve("vectors/test.csv");
        OnnxFile.Model before = OnnxFile.read(file);
        Path run = train(List.of(file), "--data", train.toString(), "--label", "class", "--encoder", file.toString());
        OnnxFile.Model after = OnnxFile.read(run.resolve("encoder.onnx"));
        assertEquals(before.initializers().keySet(), after.initializers().keySet());
        assertNotEquals(
                before.initializers().get("1.running_mean").constant(),
                after.initializers().get("1.running_mean").constant());

        JsonNode figures = eval(run, train.toString(), test.toString(), "--label", "class");
        assertTrue(figures.path("baseline").isNumber() && figures.path("raw").isNumber(), figures.toString());
        float[] found = embedded(run.resolve("encoder.onnx"), test);
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            String[] values = Files.readAllLines(test).get(1).split(",", -1);
            float[] row = new float[160];
            for (int i = 0; i < row.length; i++) {
                row[i] = Float.parseFloat(values[i]);
            }
            assertArrayEquals(found, model.embedVectors(new float[][] {row})[0], 1e-6f);
        }
        Cli refused = Cli.run(words(
                folder.resolve("no"),
                "--data",
                train.toString(),
                "--columns",
                "m001,m002",
                "--encoder",
                run.resolve("artifacts/encoder-original.onnx").toString()));
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("takes samples of float[160], views of the vectors are float[2]"));
    }

    @Test
    void recordingsTrainANetworkInAFile() throws IOException {
        ResNet network = new ResNet(ResNet.Layout.RESNET10, 4, ResNet.Stem.STRIDED);
        Path file = Networks.write(folder.resolve("net.onnx"), network, "wave", ElementType.FLOAT, 1, 1000);
        Path train = shared.resolve("signals/train");
        Path test = shared.resolve("signals/test");
        String[] options = {"--data", train.toString(), "--encoder", file.toString(), "--length", "1000"};
        Path run = train(List.of(file), options);
        JsonNode figures = eval(run, train.toString(), test.toString());
        assertTrue(figures.path("baseline").isNumber() && figures.path("raw").isNumber(), figures.toString());
        float[] found = embedded(run.resolve("encoder.onnx"), test);
        try (EmbeddingModel model = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1)) {
            Path first = test.resolve("bell/00000.wav");
            float[][] own = model.embedSignals(List.of(Signal.decode(Files.readAllBytes(first), "bell")));
            assertArrayEquals(found, own[0], 1e-5f);
        }
    }

    @Test
    void twoFilesOfOneKindHaveOptionsOfTheirOwn() throws IOException {
        Path residual = Files.copy(FILES.resolve("residual.onnx"), folder.resolve("residual.onnx"));
        Path tokens = Files.copy(FILES.resolve("tokens.onnx"), folder.resolve("tokens.onnx"));
        String data = shared.resolve("pictures/train").toString();
        List<String> options =
                List.of("--data", data, "--encoder", residual.toString(), "--encoder-b", tokens.toString());
        Cli refused = Cli.run(words(folder.resolve("no"), options.toArray(String[]::new)));
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("tokens.onnx"), refused.err());

        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("--pool-b", "mean"));
        Path run = train(List.of(residual, tokens), all.toArray(String[]::new));
        Path test = shared.resolve("pictures/test");
        assertNotEquals(
                embedded(run.resolve("encoder.onnx"), test).length,
                embedded(run.resolve("encoder-b.onnx"), test).length);
        for (String name : List.of("encoder", "encoder-b")) {
            Path trained = run.resolve(name + ".onnx");
            Path before = run.resolve(name.replace("encoder", "encoder-initial") + ".onnx");
            assertNotEquals(-1, Files.mismatch(trained, before), name);
            Path golden = FILES.resolve(name.equals("encoder") ? "residual.onnx" : "tokens.onnx");
            assertEquals(
                    OnnxFile.read(golden).initializers().keySet(),
                    OnnxFile.read(trained).initializers().keySet());
        }
        Path again = folder.resolve("b.onnx");
        run("export", "--run", run.toString(), "--branch", "b", "--out", again.toString());
        assertEquals(-1, Files.mismatch(again, run.resolve("encoder-b.onnx")));
    }

    @Test
    void twoFilesOfDifferentKindsTrainOnPairs() throws IOException {
        Path text =
                Networks.write(folder.resolve("text.onnx"), new TextCnn(259, 4), "input_ids", ElementType.INT64, 30);
        Path residual = Files.copy(FILES.resolve("residual.onnx"), folder.resolve("residual.onnx"));
        Path pictures = shared.resolve("pictures/train");
        Path captions = folder.resolve("captions");
        try (Stream<Path> files = Files.walk(pictures)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path caption =
                        captions.resolve(pictures.relativize(file).toString().replace(".png", ".txt"));
                Files.createDirectories(caption.getParent());
                Files.writeString(caption, "a picture of " + file.getParent().getFileName());
            }
        }
        String[] options = {
            "--data",
            pictures.toString(),
            "--encoder",
            residual.toString(),
            "--data-b",
            captions.toString(),
            "--encoder-b",
            text.toString()
        };
        Path run = train(List.of(residual, text), options);
        assertEquals(12, embedded(run.resolve("encoder-b.onnx"), captions).length);
        assertEquals(10, embedded(run.resolve("encoder.onnx"), pictures).length);
    }
}

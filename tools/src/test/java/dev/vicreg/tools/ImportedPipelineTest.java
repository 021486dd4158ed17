package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on encoders that PyTorch exported. */
class ImportedPipelineTest {
    private static final Path FILES = Path.of("../training/src/test/resources/golden/imported");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path pictures;
    private static Path run;

    @BeforeAll
    static void trainOnce() throws IOException {
        pictures = shared.resolve("pictures");
        run = shared.resolve("run");
        Path file = Files.copy(FILES.resolve("residual-training.onnx"), shared.resolve("net.onnx"));
        require(Cli.run("sample", "--out", pictures.toString(), "--per-class", "4", "--test-per-class", "2"));
        require(train(run, "--encoder", file.toString(), "--steps", "3", "--dropout", "on", "--freeze", "conv1.*"));
        Files.delete(file); // the run has all it needs
    }

    private static Cli train(Path out, String... more) {
        List<String> words = new ArrayList<>(
                List.of("train", "--out", out.toString(), "--batch-size", "8", "--threads", "1", "--workers", "1"));
        words.addAll(List.of(more));
        if (!words.contains("--data")) {
            words.addAll(List.of("--data", pictures.resolve("train").toString()));
        }
        if (!words.contains("--projector")) {
            words.addAll(List.of("--projector", "16-16"));
        }
        return Cli.run(words.toArray(String[]::new));
    }

    private static Cli require(Cli cli) {
        assertEquals(0, cli.status(), cli.err());
        return cli;
    }

    private Cli embed(Path model, String name) {
        return require(Cli.run(
                "embed",
                "--model",
                model.toString(),
                "--data",
                pictures.resolve("test").toString(),
                "--out",
                folder.resolve(name).toString()));
    }

    @Test
    void trainedFileKeepsItsNamesAndServes() throws IOException {
        OnnxFile.Model before = OnnxFile.read(FILES.resolve("residual-training.onnx"));
        OnnxFile.Model after = OnnxFile.read(run.resolve("encoder.onnx"));
        assertEquals(before.opset(), after.opset());
        assertEquals(before.initializers().keySet(), after.initializers().keySet());
        assertEquals(data(before, "conv1.weight"), data(after, "conv1.weight"));
        assertNotEquals(data(before, "fc.weight"), data(after, "fc.weight"));
        assertNotEquals(data(before, "bn1.running_mean"), data(after, "bn1.running_mean"));
        embed(run.resolve("encoder.onnx"), "original.npy");
        assertEquals(128 + 20 * 10 * 4, Files.size(folder.resolve("original.npy")));
    }

    private static Object data(OnnxFile.Model model, String name) {
        return String.valueOf(java.util.Arrays.hashCode(
                model.initializers().get(name).constant().floats()));
    }

    @Test
    void evalComparesWithTheFileBeforeTraining() throws IOException {
        Cli eval = require(Cli.run(
                "eval",
                "--model",
                run.resolve("encoder.onnx").toString(),
                "--train",
                pictures.resolve("train").toString(),
                "--test",
                pictures.resolve("test").toString(),
                "--json"));
        assertTrue(new ObjectMapper().readTree(eval.out()).path("baseline").isNumber(), eval.out());
    }

    @Test
    void foldedFormIsTheSameEncoder() throws IOException {
        Path folded = folder.resolve("folded.onnx");
        require(Cli.run("export", "--run", run.toString(), "--out", folded.toString(), "--fold"));
        assertEquals(
                "embedding",
                OnnxFile.read(folded).graph().outputs().keySet().iterator().next());
        embed(folded, "folded.npy");
        assertEquals(128 + 20 * 10 * 4, Files.size(folder.resolve("folded.npy")));
    }

    @Test
    void pictureInputIsServedAsTheOriginal() throws IOException {
        Path model = folder.resolve("pictures.onnx");
        require(Cli.run("export", "--run", run.toString(), "--out", model.toString(), "--picture-input"));
        assertEquals("uint8[N,16,16,3]", type(OnnxFile.read(model).graph(), "image"));
        embed(run.resolve("encoder.onnx"), "original.npy");
        embed(model, "pictures.npy");
        FloatBuffer original = vectors("original.npy");
        FloatBuffer found = vectors("pictures.npy");
        for (int i = 0; i < 20 * 10; i++) {
            assertEquals(original.get(i), found.get(i), 1e-5f); // measured: 9e-8
        }
        require(Cli.run(
                "eval",
                "--model",
                model.toString(),
                "--train",
                pictures.resolve("train").toString(),
                "--test",
                pictures.resolve("test").toString()));
    }

    private FloatBuffer vectors(String name) throws IOException {
        byte[] file = Files.readAllBytes(folder.resolve(name));
        return ByteBuffer.wrap(file, 128, file.length - 128)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
    }

    @Test
    void pictureInputIsForPicturesAndFilesAlone() throws IOException {
        Path own = folder.resolve("own");
        require(train(own, "--encoder", "resnet10", "--width", "4", "--image-size", "16", "--steps", "1"));
        pictureInputRefused(own);
        Path signals = folder.resolve("signals.npy");
        String header =
                String.format("%-117s", "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 2, 40), }") + '\n';
        ByteBuffer file = ByteBuffer.allocate(128 + 8 * 2 * 40 * 4).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) 118);
        file.put(header.getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < 8 * 2 * 40; i++) {
            file.putFloat((float) Math.sin(i * i));
        }
        Files.write(signals, file.array());
        Path sounds = folder.resolve("sounds");
        String network = FILES.resolve("signal.onnx").toString();
        require(train(sounds, "--data", signals.toString(), "--encoder", network, "--channels", "2", "--steps", "1"));
        pictureInputRefused(sounds);
    }

    private void pictureInputRefused(Path trained) {
        Path model = folder.resolve("refused.onnx");
        Cli cli = Cli.run("export", "--run", trained.toString(), "--out", model.toString(), "--picture-input");
        assertEquals(2, cli.status(), cli.err());
        assertTrue(cli.errorLine().contains("--picture-input is for encoders that came as ONNX files"), cli.err());
        assertFalse(Files.exists(model));
    }

    @Test
    void resumedRunNeedsNoOptionsAndNoFile() throws IOException {
        Path part = folder.resolve("part");
        Path file = Files.copy(FILES.resolve("tokens.onnx"), folder.resolve("tokens.onnx"));
        require(train(part, "--encoder", file.toString(), "--pool", "cls", "--steps", "2", "--projector", "none"));
        Files.delete(file);
        require(Cli.run("train", "--out", part.toString(), "--resume", "--threads", "1"));
        assertEquals(2, Cli.steps(part).size());
    }

    private String noted(String encoder, double rate, String... more) throws IOException {
        Path out = folder.resolve("rates");
        List<String> words = new ArrayList<>(List.of("--encoder", encoder, "--steps", "1"));
        words.addAll(List.of(more));
        Cli begun = require(train(out, words.toArray(String[]::new)));
        JsonNode config = new ObjectMapper().readTree(out.resolve("config.json").toFile());
        assertEquals(rate, config.at("/settings/schedule/lr").asDouble(), 1e-12);
        Cli again = require(Cli.run("train", "--out", out.toString(), "--resume", "--steps", "2"));
        assertFalse(again.err().contains("since the weights"), "the run's own: " + again.err());
        try (var files = Files.walk(out)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(path -> path.toFile().delete());
        }
        return begun.err()
                .lines()
                .filter(line -> line.startsWith("note: learning rate"))
                .reduce("", String::concat);
    }

    @Test
    void givenWeightsStartAtALowerRateWhichIsSaid() throws IOException {
        String residual = FILES.resolve("residual.onnx").toString();
        String tokens = FILES.resolve("tokens.onnx").toString();
        String said = "note: learning rate 2e-04, since the weights of residual.onnx are given: --lr names another";
        assertEquals(said, noted(residual, 2e-4));
        assertEquals(
                said.replace("2e-04", "2e-05").replace("residual", "tokens"), noted(tokens, 2e-5, "--pool", "mean"));
        String sgd = said.replace("2e-04", "9.4e-05"); // 0.03 · 8 / 256 / 10
        assertEquals(sgd, noted(residual, 0.03 * 8 / 256 / 10, "--optimizer", "sgd"));
        assertEquals(
                said.replace("2e-04", "2e-05").replace("residual.onnx", "residual.onnx and tokens.onnx"),
                noted(residual, 2e-5, "--encoder-b", tokens, "--pool-b", "mean"));
    }

    @Test
    void aRateThatIsNamedIsTaken() throws IOException {
        String residual = FILES.resolve("residual.onnx").toString();
        assertEquals("", noted(residual, 0.01, "--lr", "0.01"));
        assertEquals("", noted(residual, 0.32 * 8 / 256, "--base-lr", "0.32"));
        assertEquals("", noted(residual, 1e-3, "--recipe", "cifar-small", "--image-size", "16"));
        assertEquals("", noted("resnet10", 2e-3, "--width", "4", "--image-size", "16"));
    }

    @Test
    void viewsOfArtifactsAreWhatTheFileTakes() throws IOException {
        Path out = folder.resolve("artifacts");
        require(Cli.run(
                "artifacts",
                "--encoder",
                FILES.resolve("text.onnx").toString(),
                "--batch-size",
                "4",
                "--projector",
                "8",
                "--out",
                out.toString()));
        Graph graph = OnnxFile.read(out.resolve("training_model.onnx")).graph();
        assertEquals("int64[4,7]", type(graph, "view_a"));
        assertEquals("int64[4,7]", type(graph, "view_b"));
        assertEquals("float[40,12]", type(graph, "embedding.weight"));
    }

    private static String type(Graph graph, String input) {
        return graph.inputs().stream()
                .filter(value -> input.equals(value.name()))
                .map(Value::type)
                .map(Object::toString)
                .findFirst()
                .orElse("none");
    }

    @Test
    void mistakesAreOneLineWithTheirStatus() {
        String residual = FILES.resolve("residual.onnx").toString();
        refused(2, "axis 2 is 16, asked for 20", "--encoder", residual, "--image-size", "20");
        refused(1, "No ONNX file at no.onnx", "--encoder", "no.onnx");
        refused(2, "--encoder must be one of", "--encoder", "resnet");
        refused(1, "nothing", "--encoder", residual, "--output", "nothing");
        refused(
                2,
                "--pool mean or --pool cls",
                "--encoder",
                FILES.resolve("tokens.onnx").toString());
        refused(2, "takes no pictures", "--encoder", FILES.resolve("text.onnx").toString());
        refused(2, "--width is for networks that are named", "--encoder", residual, "--width", "8");
        refused(2, "--stem is for networks that are named", "--encoder", residual, "--stem", "small");
        refused(2, "--output is for encoders that come as ONNX files", "--output", "features");
        refused(2, "--pool-b is for encoders that come as ONNX", "--encoder-b", "resnet10", "--pool-b", "mean");
        refused(2, "No parameter fits the pattern x.*", "--encoder", residual, "--lr-scale", "x.*=0.1");
    }

    private void refused(int status, String message, String... more) {
        Cli cli = train(folder.resolve("refused"), more);
        assertEquals(status, cli.status(), cli.err());
        assertTrue(cli.errorLine().contains(message), cli.err());
    }
}

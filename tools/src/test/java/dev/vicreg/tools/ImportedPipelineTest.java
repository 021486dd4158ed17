package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OnnxFile;
import dev.vicreg.models.graph.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        List<String> words = new ArrayList<>(List.of(
                "train",
                "--data",
                pictures.resolve("train").toString(),
                "--out",
                out.toString(),
                "--batch-size",
                "8",
                "--threads",
                "1",
                "--workers",
                "1"));
        words.addAll(List.of(more));
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
    void resumedRunNeedsNoOptionsAndNoFile() throws IOException {
        Path part = folder.resolve("part");
        Path file = Files.copy(FILES.resolve("tokens.onnx"), folder.resolve("tokens.onnx"));
        require(train(part, "--encoder", file.toString(), "--pool", "cls", "--steps", "2", "--projector", "none"));
        Files.delete(file);
        require(Cli.run("train", "--out", part.toString(), "--resume", "--threads", "1"));
        assertEquals(2, Files.readAllLines(part.resolve("metrics.jsonl")).size());
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
        refused(
                2,
                "takes none of pictures",
                "--encoder",
                FILES.resolve("text.onnx").toString());
        refused(2, "No parameter fits the pattern x.*", "--encoder", residual, "--lr-scale", "x.*=0.1");
    }

    private void refused(int status, String message, String... more) {
        Cli cli = train(folder.resolve("refused"), more);
        assertEquals(status, cli.status(), cli.err());
        assertTrue(cli.errorLine().contains(message), cli.err());
    }
}

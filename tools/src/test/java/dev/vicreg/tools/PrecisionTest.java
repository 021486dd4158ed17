package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --precision} on the commands that take it; on the CPU, where the tests run. */
class PrecisionTest {
    private static final List<String> SMALL =
            List.of("--width", "4", "--projector", "16-16", "--batch-size", "16", "--threads", "1", "--device", "cpu");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    @BeforeAll
    static void drawPictures() {
        Cli.run("sample", "--out", shared.resolve("pictures").toString(), "--per-class", "5", "--test-per-class", "2");
    }

    private static Cli run(String command, String... more) {
        List<String> words = new ArrayList<>(List.of(command.split(" ")));
        words.addAll(SMALL);
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    private Cli train(String... more) {
        List<String> words = new ArrayList<>(List.of(
                "--data",
                shared.resolve("pictures/train").toString(),
                "--out",
                folder.resolve("run").toString(),
                "--workers",
                "1"));
        words.addAll(List.of(more));
        return run("train", words.toArray(String[]::new));
    }

    private static JsonNode json(String text) throws IOException {
        return new ObjectMapper().readTree(text);
    }

    @Test
    void aRunInFloat16SaysSoShowsItsScaleAndExportsFloat32() throws IOException {
        Cli half = train("--steps", "4", "--precision", "fp16", "--loss-scale", "1e30");
        assertEquals(0, half.status(), half.err());
        assertTrue(half.err().startsWith("warning: --precision fp16 on the CPU "), half.err());
        assertTrue(half.err().contains("loss scale "), half.err());
        assertTrue(half.err().contains(", skipped 4"), half.err());
        Path run = folder.resolve("run");
        JsonNode graph = json(Files.readString(run.resolve("config.json")))
                .path("settings")
                .path("graph");
        assertEquals("fp16", graph.path("precision").path("precision").asText());
        assertEquals(
                2000,
                graph.path("precision")
                        .path("loss-scaling")
                        .path("loss-scale-interval")
                        .asInt());
        JsonNode last = json(Cli.steps(run).get(3));
        assertEquals(4, last.path("skipped_steps").asInt());
        assertEquals((float) 1e30 / 16, (float) last.path("loss_scale").asDouble());
        String encoder = Cli.run("inspect", run.resolve("encoder.onnx").toString(), "--all")
                .out();
        assertFalse(encoder.contains("float16"), encoder);
    }

    @Test
    void aRunCanGoOnInAnotherPrecision() throws IOException {
        assertEquals(
                0,
                train("--steps", "6", "--checkpoint-every", "2", "--keep", "3").status());
        Path checkpoints = folder.resolve("run/checkpoints");
        for (String name : List.of("step-00000004", "step-00000006")) {
            for (String file : List.of("checkpoint", "state.json")) {
                Files.delete(checkpoints.resolve(name).resolve(file));
            }
            Files.delete(checkpoints.resolve(name));
        }
        Cli on = Cli.run(
                "train",
                "--out",
                folder.resolve("run").toString(),
                "--resume",
                "--precision",
                "fp16",
                "--loss-scale",
                "8");
        assertEquals(0, on.status(), on.err());
        List<String> lines = Cli.steps(folder.resolve("run"));
        assertEquals(6, lines.size());
        assertFalse(lines.get(1).contains("loss_scale"), lines.get(1));
        assertTrue(lines.get(5).contains("\"loss_scale\":8.0"), lines.get(5));
    }

    @Test
    void tf32IsFloat32OnTheCpu() throws IOException {
        Path tf32 = folder.resolve("tf32");
        Path fp32 = folder.resolve("fp32");
        Cli note = run("artifacts", "--out", tf32.toString(), "--precision", "tf32");
        assertTrue(note.err().startsWith("note: --precision tf32 is fp32 on the CPU\n"), note.err());
        assertEquals("", run("artifacts", "--out", fp32.toString(), "--untried").err());
        for (String file : List.of("training_model.onnx", "eval_model.onnx", "checkpoint")) {
            assertEquals(-1, Files.mismatch(tf32.resolve(file), fp32.resolve(file)), file);
        }
    }

    @Test
    void benchTellsWhereTheTimeGoes() throws IOException {
        Cli bench = run("bench train", "--steps", "3", "--operators");
        assertTrue(bench.out().contains("\nConvGrad "), bench.out() + bench.err());
        Cli json = run("bench train", "--steps", "3", "--json");
        assertTrue(json(json.out()).path("operators").asInt() > 100, json.out());
        assertTrue(
                json(json.out()).path("microseconds_by_operator").path("Conv").asInt() > 0, json.out());
        assertEquals(0, json(json.out()).path("copies").asInt(-1));
    }

    @Test
    void benchTellsPrecisionAndScale() throws IOException {
        Cli bench = run("bench train", "--steps", "4", "--json", "--precision", "fp16", "--loss-scale", "16");
        assertEquals("fp16", json(bench.out()).path("precision").asText(), bench.err());
        assertEquals(16, json(bench.out()).path("loss_scale").asInt());
        assertEquals(0, json(bench.out()).path("skipped_steps").asInt());
        Cli overflow = run("bench train", "--steps", "4", "--precision", "fp16", "--loss-scale", "1e30");
        assertEquals(1, overflow.status());
        assertTrue(overflow.err().contains("overflowed in all 4 steps"), overflow.err());
    }

    @Test
    void lossScaleWithoutFloat16IsRefused() {
        Cli refused = run("artifacts", "--out", folder.resolve("a").toString(), "--loss-scale", "8");
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("--loss-scale belongs to --precision fp16"), refused.err());
        Cli unknown = run("artifacts", "--out", folder.resolve("a").toString(), "--precision", "bf16");
        assertEquals(2, unknown.status());
        assertTrue(unknown.errorLine().contains("fp32"), unknown.err());
    }
}

package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.OnnxFile;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.training.loop.RunConfig;
import dev.vicreg.training.loop.TrainingConfig;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunExportTest {
    @TempDir
    Path run;

    private void writeConfig() throws IOException {
        TrainingConfig settings = new TrainingConfig(
                TestRun.config(8, "16"),
                "pictures",
                0,
                0,
                Map.of(),
                1,
                0,
                0.1,
                0.1,
                0,
                0,
                "cosine",
                0,
                1,
                1,
                1,
                "cpu",
                0,
                2);
        new RunConfig("1.2.3", "1.24.1", "fingerprint", 100, settings).write(run.resolve("config.json"));
    }

    private Tensor firstBias(Path encoder) throws IOException {
        return OnnxFile.read(encoder).graph().nodes().stream()
                .flatMap(node -> node.inputs().stream())
                .filter(value -> value != null && "encoder.conv1.bias".equals(value.name()))
                .map(Value::constant)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void newestCheckpointIsTakenAndTheInitialOneByName() throws IOException {
        writeConfig();
        TestRun.write(run.resolve("artifacts"), 8, "16", 1);
        for (int step : new int[] {12, 9}) { // the newer one first, as a file system may list them
            TestRun.write(run.resolve("checkpoints/step-%08d".formatted(step)), 8, "16", step);
        }
        Path expected = TestRun.write(run.resolve("apart"), 8, "16", 12)
                .export(run.resolve("expected.onnx"))
                .file();
        Path newest = run.resolve("encoder.onnx");
        Manifest manifest = RunExport.export(
                        run, Side.A, RunExport.newest(run).file(), "1.2.4", Map.of("knn", 0.5), newest)
                .manifest();
        assertEquals(firstBias(expected), firstBias(newest));
        assertEquals("1.2.4", manifest.version());
        assertEquals("resnet18", manifest.encoder());
        assertEquals(TestRun.description().input(), manifest.input());
        assertEquals(64, manifest.configHash().length());

        Path initial = RunExport.export(
                        run,
                        Side.A,
                        run.resolve("artifacts/checkpoint"),
                        "1.2.4",
                        Map.of(),
                        run.resolve("encoder-initial.onnx"))
                .file();
        assertNotEquals(firstBias(newest), firstBias(initial));
    }

    @Test
    void aRunWithoutCheckpointSaysSo() throws IOException {
        writeConfig();
        IOException e = assertThrows(IOException.class, () -> RunExport.newest(run));
        assertTrue(String.valueOf(e.getMessage()).startsWith("Run " + run + " has no checkpoint yet"), e.getMessage());
    }

    @Test
    void aFolderThatIsNoRunSaysSo() {
        IOException e = assertThrows(IOException.class, () -> RunExport.newest(run));
        assertEquals(run + " is no run: it has no config.json", e.getMessage());
    }
}

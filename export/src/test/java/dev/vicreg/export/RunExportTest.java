package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.LengthConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.OutputConfig;
import dev.vicreg.training.config.ScheduleConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.ViewsConfig;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunExportTest {
    @TempDir
    Path run;

    private void writeConfig() throws IOException {
        writeConfig(TestRun.config(8, "16"));
    }

    private void writeConfig(GraphConfig graph) throws IOException {
        TrainingConfig settings = new TrainingConfig(
                graph,
                new DataConfig("pictures", null),
                new ViewsConfig(Map.of(), Map.of()),
                new ScheduleConfig(0.1, 0.1, new LengthConfig(1, 0), 0, 0, "cosine", 0),
                1,
                new MachineConfig("cpu", 1, 1),
                new OutputConfig(0, 2));
        new RunConfig("1.2.3", "1.24.1", "fingerprint", 100, settings, Map.of(), Map.of())
                .write(run.resolve("config.json"));
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
    void bothEncodersOfUnsharedBranchesAreExported() throws IOException {
        GraphConfig graph = TestRun.config(TestRun.branch("resnet18", 8, "16"), TestRun.branch("resnet34", 4, "8-16"));
        writeConfig(graph);
        TestRun written = TestRun.write(run.resolve("artifacts"), graph, 3);
        List<Manifest> manifests = new ArrayList<>();
        for (Side side : Side.values()) {
            EncoderExport.Result result = RunExport.export(
                    run, side, written.checkpoint(), "1.2.4", Map.of(), new RunLayout(run).encoder(side));
            assertTrue(result.difference() <= 1e-4, "difference " + result.difference()); // 1e-7 to 1e-6 measured
            manifests.add(result.manifest());
        }
        assertEquals("resnet18", manifests.get(0).encoder());
        assertEquals(64, manifests.get(0).dimension());
        assertEquals("resnet34", manifests.get(1).encoder());
        assertEquals(32, manifests.get(1).dimension());
        BufferedImage picture = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        try (EmbeddingModel first = EmbeddingModel.load(run.resolve("encoder.onnx"), Device.CPU, 1);
                EmbeddingModel second = EmbeddingModel.load(run.resolve("encoder-b.onnx"), Device.CPU, 1)) {
            assertEquals(64, first.embed(picture).length);
            assertEquals(32, second.embed(picture).length);
        }
        Graph second = OnnxFile.read(run.resolve("encoder-b.onnx")).graph();
        assertEquals("[image uint8[N,32,32,3]]", second.inputs().toString());
        Path projection = run.resolve("projection.onnx");
        RunExport.exportProjection(run, Side.B, written.checkpoint(), "1.2.4", projection);
        try (EmbeddingModel projected = EmbeddingModel.load(projection, Device.CPU, 1)) {
            assertEquals(16, projected.embed(picture).length); // it was compared with the evaluation graph's
        }
        List<String> foreign = second.nodes().stream()
                .flatMap(node -> node.inputs().stream())
                .map(value -> value == null ? null : value.name())
                .filter(name -> name != null && (name.startsWith("encoder.") || name.contains("projector")))
                .toList();
        assertEquals(List.of(), foreign);
    }

    /** Where the averages stand in the place of the weights they are of, the same file is made of the trained ones. */
    static void assertAveragesExported(Path run, Side side, Path checkpoint) throws IOException {
        Map<String, Tensor> state = CheckpointFile.read(checkpoint);
        Map<String, Tensor> averages = new LinkedHashMap<>(state);
        averages.keySet().removeIf(name -> !name.startsWith("ema."));
        assertFalse(averages.isEmpty());
        averages.forEach((name, tensor) -> state.replace(name.substring("ema.".length()), tensor));
        Path replaced = Files.createDirectories(run.resolve("replaced")).resolve("checkpoint");
        CheckpointFile.write(replaced, state);
        byte[] expected = export(run, side, Weights.TRAINED, replaced);
        assertArrayEquals(expected, export(run, side, Weights.AVERAGED, checkpoint));
        assertFalse(Arrays.equals(expected, export(run, side, Weights.TRAINED, checkpoint)));
    }

    private static byte[] export(Path run, Side side, Weights weights, Path checkpoint) throws IOException {
        Path target = run.resolve("exported.onnx");
        EncoderExport.Result result =
                RunExport.export(run, side, RunExport.Form.ORIGINAL, weights, checkpoint, "1", Map.of(), target);
        assertTrue(result.difference() <= 1e-4, "difference " + result.difference());
        return Files.readAllBytes(target);
    }

    @Test
    void averagesOfBothEncodersAreExported() throws IOException {
        GraphConfig graph = Schema.with(
                TestRun.config(TestRun.branch("resnet18", 4, "16"), TestRun.branch("resnet18", 2, "8-16")), "ema", 0.9);
        writeConfig(graph);
        TestRun written = TestRun.write(run.resolve("artifacts"), graph, 3);
        for (Side side : Side.values()) {
            assertAveragesExported(run, side, written.checkpoint());
        }
    }

    @Test
    void aRunWithoutAveragesExportsNone() throws IOException {
        writeConfig();
        TestRun written = TestRun.write(run.resolve("artifacts"), 8, "16", 1);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> export(run, Side.A, Weights.AVERAGED, written.checkpoint()));
        assertEquals("Run " + run + " has no averaged encoder: it was trained without `ema`", e.getMessage());
    }

    @Test
    void aRunWithOneEncoderHasNoSecondOne() throws IOException {
        writeConfig();
        TestRun written = TestRun.write(run.resolve("artifacts"), 8, "16", 1);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> RunExport.export(
                        run, Side.B, written.checkpoint(), "1", Map.of(), run.resolve("encoder-b.onnx")));
        assertEquals("Run " + run + " has one encoder for both views: leave out `branch` b", e.getMessage());
    }

    @Test
    void weightsThatAreNotFiniteAreRefusedUnlessTheyWereMeantSo() throws IOException {
        writeConfig();
        Path start = TestRun.write(run.resolve("artifacts"), 8, "16", 1).checkpoint();
        Path trained = TestRun.write(run.resolve("trained"), 8, "16", 2).checkpoint();
        Path encoder = run.resolve("encoder.onnx");
        spoil(trained, "encoder.conv1.weight");
        IOException e =
                assertThrows(IOException.class, () -> RunExport.export(run, Side.A, trained, "1", Map.of(), encoder));
        assertEquals(
                "Cannot export " + trained + ": encoder.conv1.weight holds numbers that are not finite; export a"
                        + " checkpoint from before training went wrong",
                e.getMessage());
        assertTrue(Files.notExists(encoder));

        TestRun.write(run.resolve("trained"), 8, "16", 2);
        spoil(start, "projector.0.weight"); // as a mask of an imported network may be
        spoil(trained, "projector.0.weight");
        RunExport.export(run, Side.A, trained, "1", Map.of(), encoder);
        assertTrue(Files.exists(encoder));
    }

    private static void spoil(Path checkpoint, String name) throws IOException {
        Map<String, Tensor> state = new LinkedHashMap<>(CheckpointFile.read(checkpoint));
        float[] values = Objects.requireNonNull(state.get(name)).floats();
        values[values.length - 1] = Float.NEGATIVE_INFINITY;
        state.put(name, Tensor.of(Objects.requireNonNull(state.get(name)).shape(), values));
        CheckpointFile.write(checkpoint, state);
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
        assertEquals(
                run + " is no run: it has no config.json; name the folder that a run was started with", e.getMessage());
    }
}

package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.onnx.global.onnx;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncoderExportTest {
    @TempDir
    Path folder;

    private static TestRun run;
    private Path target;

    @BeforeAll
    static void writeRun(@TempDir Path runFolder) throws IOException {
        run = TestRun.write(runFolder, 8, "16-16", 1);
    }

    @BeforeEach
    void nameTarget() {
        target = folder.resolve("encoder.onnx");
    }

    @Test
    void encoderIsVerifiedAndServes() throws IOException {
        EncoderExport.Result result = run.export(target);
        assertTrue(result.difference() <= 1e-4, "difference " + result.difference());
        try (EmbeddingModel model = EmbeddingModel.load(target, Device.CPU, 1)) {
            assertEquals(64, model.dimension());
            assertEquals(result.manifest(), model.manifest());
        }
    }

    @Test
    void manifestDescribesTheEncoder() throws IOException {
        Manifest manifest = run.export(target).manifest();
        long trained = run.built().parameters().all().stream()
                .filter(parameter -> parameter.isTrained() && parameter.name().startsWith("encoder."))
                .mapToLong(parameter -> parameter.shape().elements())
                .sum();
        assertEquals(trained, manifest.parameters());
        assertEquals(64, manifest.dimension());
        assertEquals("resnet18", manifest.encoder());
        assertEquals(Map.of("knn", 0.5), manifest.evaluation());
        OnnxFile.Model file = OnnxFile.read(target);
        assertEquals(manifest.toJson(), file.metadata().get("vicreg.manifest"));
    }

    @Test
    void onlyTheEncoderIsLeftWithItsNormsFolded() throws IOException {
        run.export(target);
        Graph graph = OnnxFile.read(target).graph();
        assertEquals("image uint8[N,32,32,3]", graph.inputs().get(0).toString());
        assertEquals(1, graph.inputs().size());
        assertEquals(Set.of("embedding"), graph.outputs().keySet());
        Set<OpType> operators = graph.nodes().stream().map(node -> node.op()).collect(Collectors.toSet());
        assertFalse(operators.contains(OpType.BATCH_NORMALIZATION), operators.toString());
        assertFalse(operators.contains(OpType.IDENTITY), operators.toString());
        List<String> constants = graph.nodes().stream()
                .flatMap(node -> node.inputs().stream())
                .map(value -> value == null ? "" : String.valueOf(value.name()))
                .toList();
        assertTrue(constants.contains("encoder.layer1.0.conv1.weight"), constants.toString());
        assertTrue(constants.contains("encoder.layer1.0.conv1.bias"), constants.toString());
        String bytes = Files.readString(target, StandardCharsets.ISO_8859_1);
        for (String foreign : List.of("projector", "optimizer.", "running_", "view_", "com.microsoft")) {
            assertFalse(bytes.contains(foreign), "the file mentions " + foreign);
        }
    }

    @Test
    void fileDeclaresAnOldOpsetAndPassesOnnxsChecker() throws IOException {
        run.export(target);
        onnx.check_model(target.toString(), true, false, false);
        var model = ai.onnx.proto.OnnxMl.ModelProto.parseFrom(Files.readAllBytes(target));
        assertEquals(17, model.getOpsetImport(0).getVersion());
        assertEquals(8, model.getIrVersion());
    }

    @Test
    void encoderWithoutProjectorIsExportedToo() throws IOException {
        TestRun bare = TestRun.write(folder.resolve("bare"), 8, "none", 1);
        assertTrue(bare.export(target).difference() <= 1e-4);
    }

    @Test
    void anEncoderThatDiffersIsNotPublished() throws IOException {
        Path other = folder.resolve("other.onnx");
        TestRun.write(folder.resolve("other"), 8, "16-16", 2).export(other);
        Verification verification = new Verification(
                run.evalModel(),
                Side.A.representation(),
                run.built().eval().inputs().subList(0, 1),
                CheckpointFile.read(run.checkpoint()),
                TestRun.description().input(),
                TestRun.description().input().name(),
                null);
        byte[] wrong = Files.readAllBytes(other);
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> EncoderExport.publish(wrong, verification, target));
        String message = String.valueOf(e.getMessage());
        assertTrue(
                message.matches("Encoder not published to .*encoder.onnx: it differs from .*eval_model.onnx by "
                        + "[0-9.]+e[-+][0-9]+ of the largest value, expected at most 1e-04; .*"),
                message);
        assertNothingPublished();
    }

    private void assertNothingPublished() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertFalse(files.anyMatch(file -> file.getFileName().toString().contains("encoder.onnx")));
        }
    }

    private String refusal(Path evalModel, Map<String, Tensor> state) throws IOException {
        Path checkpoint = folder.resolve("changed");
        CheckpointFile.write(checkpoint, state);
        Exception e = assertThrows(
                Exception.class,
                () -> EncoderExport.export(evalModel, Side.A, checkpoint, TestRun.description(), target));
        assertTrue(e instanceof IOException || e instanceof IllegalStateException, e.toString());
        assertNothingPublished();
        String message = String.valueOf(e.getMessage());
        assertFalse(message.contains("\n"), message);
        return message;
    }

    @Test
    void aCheckpointThatDoesNotFitIsRefused() throws IOException {
        Map<String, Tensor> state = CheckpointFile.read(run.checkpoint());
        Tensor weight = state.remove("encoder.conv1.weight");
        assertNotNull(weight);
        String missing = refusal(run.evalModel(), state);
        assertTrue(missing.contains("missing [image uint8[N,32,32,3], encoder.conv1.weight float[8,3,3,3]]"), missing);

        state.put("encoder.conv1.weight", Tensor.filled(Shape.of(4, 3, 3, 3), 0));
        String wider = refusal(run.evalModel(), state);
        assertTrue(wider.contains("encoder.conv1.weight is float[4,3,3,3], expected float[8,3,3,3]"), wider);
    }

    @Test
    void aDivergedCheckpointIsRefused() throws IOException {
        Map<String, Tensor> state = CheckpointFile.read(run.checkpoint());
        state.put("encoder.bn1.bias", Tensor.filled(Shape.of(8), Float.NaN));
        String message = refusal(run.evalModel(), state);
        assertTrue(message.contains("not finite"), message);
    }

    @Test
    void anotherModelThanTheEvalModelIsRefused() throws IOException {
        Path training = folder.resolve("training_model.onnx");
        Files.write(training, OnnxFile.bytes(Lowering.NONE.write(run.built().step()), Map.of()));
        String message = refusal(training, CheckpointFile.read(run.checkpoint()));
        assertTrue(message.contains("has no output representation, only [loss,"), message);
    }

    @Test
    void aRepresentationThatReadsTheProjectorOrTrainingKernelsIsRefused() throws IOException {
        Graph eval = run.built().eval();
        Path file = folder.resolve("model.onnx");
        Graph projecting = Graph.of("eval", eval.inputs(), Map.of("representation", eval.output("projection")));
        Files.write(file, OnnxFile.bytes(projecting, Map.of()));
        Map<String, Tensor> state = CheckpointFile.read(run.checkpoint());
        String projector = refusal(file, state);
        assertTrue(projector.startsWith("An encoder has no projector, found Gemm at projector.0"), projector);

        Value representation = eval.output("representation");
        Value kernel = new Ops()
                .node(OpType.RELU_GRAD, List.of(representation, representation), Attributes.NONE)
                .output(0);
        Files.write(file, OnnxFile.bytes(Graph.of("eval", eval.inputs(), Map.of("representation", kernel)), Map.of()));
        String foreign = refusal(file, state);
        assertTrue(foreign.startsWith("An encoder has standard operators only, found com.microsoft"), foreign);
    }

    @Test
    void anOlderEncoderSurvivesAFailure() throws IOException {
        byte[] before = Files.readAllBytes(run.export(target).file());
        Path checkpoint = Files.write(folder.resolve("changed"), new byte[100]);
        assertThrows(
                IOException.class,
                () -> EncoderExport.export(run.evalModel(), Side.A, checkpoint, TestRun.description(), target));
        assertArrayEquals(before, Files.readAllBytes(target));
    }
}

package dev.vicreg.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtTrainingSession;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.TrainingGraph;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.bytedeco.onnx.global.onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ArtifactsTest {
    private static final int BATCH = 4;
    private static final int SIZE = 8;

    @TempDir
    Path folder;

    private static GraphConfig config(String optimizer, String loss, String projector, int imageSize) {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        return new GraphConfig(
                new BranchConfig("resnet18", 4, imageSize, 3, half, half, projector),
                null,
                new ObjectiveConfig(loss, 25, 25, 1),
                new UpdateConfig(BATCH, optimizer, 0.9f, 1e-4f, ""),
                PrecisionConfig.FLOAT32);
    }

    private Artifacts write(GraphConfig config) throws Exception {
        return write(TrainingGraph.build(config.spec()));
    }

    private Artifacts write(TrainingGraph.Built built) throws Exception {
        return Artifacts.write(folder, built, built.initialState(0), MachineLowering.of(Device.CPU, 2));
    }

    /** Every optimizer, loss and stem at least once: the checker takes the files, and ten steps lower the loss. */
    @ParameterizedTest
    @CsvSource({
        "sgd, official, 8-8, 8, 0.01",
        "adamw, solo-learn, 8-8-8, 8, 0.001",
        "lars-official, paper, none, 8, 0.001",
        "lars-solo, official, 8, 32, 0.3",
        "sgd, official, 8-8, 65, 0.01",
    })
    void artifactsAreValidAndTrain(String optimizer, String loss, String projector, int imageSize, float rate)
            throws Exception {
        TrainingGraph.Built built = TrainingGraph.build(
                config(optimizer, loss, projector, imageSize).spec());
        Artifacts artifacts = write(built);
        onnx.check_model(artifacts.trainingModel().toString());
        onnx.check_model(artifacts.evalModel().toString());
        long[] shape = {BATCH, imageSize, imageSize, 3};
        ViewType view = new ViewType(ViewType.Element.UINT8, List.of(imageSize, imageSize, 3));
        ViewBatch a = new ViewBatch(view, pictures(shape, 1));
        ViewBatch b = new ViewBatch(view, pictures(shape, 2));
        try (TrainingSession session = TrainingSession.open(
                built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), Device.CPU, 2)) {
            float first = session.step(a, b, new StepNumbers(rate)).loss();
            float last = first;
            for (int i = 0; i < 10; i++) {
                last = session.step(a, b, new StepNumbers(rate)).loss();
            }
            assertTrue(last < first, "loss from " + first + " to " + last);
        }
    }

    private static ByteBuffer pictures(long[] shape, long seed) {
        byte[] bytes = new byte[(int) (shape[0] * shape[1] * shape[2] * shape[3])];
        new SplittableRandom(seed).nextBytes(bytes);
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    /** What the contract promises to people who bring nothing but ONNX Runtime. */
    @Test
    void onnxRuntimeAloneTrainsThem() throws Exception {
        Artifacts artifacts = write(config("adamw", "official", "8-8", SIZE));
        NativeLibraries.load();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        long[] shape = {BATCH, SIZE, SIZE, 3};
        try (OrtTrainingSession session = environment.createTrainingSession(
                        artifacts.checkpoint().toString(),
                        artifacts.trainingModel().toString(),
                        null,
                        null);
                OnnxTensor a = OnnxTensor.createTensor(environment, pictures(shape, 1), shape, OnnxJavaType.UINT8);
                OnnxTensor b = OnnxTensor.createTensor(environment, pictures(shape, 2), shape, OnnxJavaType.UINT8);
                OnnxTensor rate = OnnxTensor.createTensor(environment, new float[] {1e-3f})) {
            assertEquals(List.of("view_a", "view_b", "learning_rate"), List.copyOf(session.getTrainInputNames()));
            Map<String, OnnxTensor> fed = new LinkedHashMap<>();
            fed.put("view_a", a);
            fed.put("view_b", b);
            fed.put("learning_rate", rate);
            float before;
            try (OrtSession.Result result = session.trainStep(fed)) {
                List<String> fetched = new ArrayList<>();
                result.forEach(entry -> fetched.add(entry.getKey()));
                assertEquals(List.of("loss", "invariance", "variance", "covariance"), fetched);
                before = ((OnnxTensor) result.get(0)).getFloatBuffer().get(0);
            }
            try (OrtSession.Result result = session.trainStep(fed)) {
                assertNotEquals(
                        before, ((OnnxTensor) result.get(0)).getFloatBuffer().get(0));
            }
        }
    }

    @Test
    void namesAreTheContracts() throws Exception {
        Artifacts artifacts = write(config("sgd", "official", "8-8", SIZE));
        Map<String, Tensor> state = CheckpointFile.read(artifacts.checkpoint());
        assertTrue(state.keySet()
                .containsAll(Set.of(
                        "encoder.layer1.0.conv1.weight",
                        "encoder.layer2.0.downsample.1.running_var",
                        "projector.0.weight",
                        "optimizer.momentum.encoder.layer1.0.conv1.weight")));
        assertFalse(state.containsKey("projector.3.bias"), "the official projector's last layer has no bias");
        var eval = OnnxFile.read(artifacts.evalModel()).graph();
        assertEquals(Set.of("representation", "projection"), eval.outputs().keySet());
        Set<String> inputs = eval.inputs().stream().map(Value::name).collect(Collectors.toSet());
        assertTrue(inputs.containsAll(state.keySet()));
        assertTrue(OnnxFile.read(artifacts.trainingModel()).metadata().containsKey(Artifacts.LOWERING_KEY));
    }

    @ParameterizedTest
    @CsvSource({
        "resnet19, official, 8-8, 8, Unknown encoder",
        "resnet18, vicreg, 8-8, 8, Unknown loss",
        "resnet18, official, 8x8, 8, Projector",
        "resnet18, official, 8-8, 7, too small",
    })
    void wrongSettingsAreNamed(String encoder, String loss, String projector, int size, String expected) {
        GraphConfig config = new GraphConfig(
                new BranchConfig(encoder, 4, size, 3, List.of(0.5f, 0.5f, 0.5f), List.of(0.5f, 0.5f, 0.5f), projector),
                null,
                new ObjectiveConfig(loss, 25, 25, 1),
                new UpdateConfig(BATCH, "sgd", 0.9f, 0, "none"),
                PrecisionConfig.FLOAT32);
        String message = assertThrows(IllegalArgumentException.class, () -> TrainingGraph.build(config.spec()))
                .getMessage();
        assertTrue(message.contains(expected), message);
    }
}

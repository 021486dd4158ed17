package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.encoder.OnnxEncoder.BatchNorms;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.Gpu;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.bench.StepProfile;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.UpdateOptions;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The training step on a GPU: the reference's numbers, the CPU's, and that nothing leaves it. */
@Tag("gpu")
final class CudaTrainingTest {
    /** Relative. The largest seen on an H200: 2.9e-6, of a network from a file. */
    private static final double FLOAT32 = 1e-5;

    /** The largest seen there: 1.7e-4. */
    private static final double FLOAT16 = 1e-3;

    @TempDir
    Path folder;

    @BeforeAll
    static void requireGpu() {
        Gpu.require();
    }

    static Stream<JsonNode> golden() throws IOException {
        return TrajectoryTest.golden();
    }

    @ParameterizedTest
    @MethodSource("golden")
    void tenStepsAgreeWithReference(JsonNode golden) throws Exception {
        TrajectoryTest.tenSteps(golden, Gpu.DEVICE, folder);
    }

    static Stream<JsonNode> updates() throws IOException {
        return UpdateTrajectoryTest.golden();
    }

    @ParameterizedTest
    @MethodSource("updates")
    void tenUpdatesAgreeWithReference(JsonNode golden) throws Exception {
        UpdateTrajectoryTest.tenUpdates(golden, Lowering.CUDA, Gpu.DEVICE, folder);
    }

    @ParameterizedTest
    @CsvSource({
        "residual, residual, NONE",
        "depthwise, depthwise, NONE",
        "patches, patches, NONE",
        "tokens, tokens-cls, CLS",
        "windows, windows, NONE",
        "lstm, lstm, NONE",
        "gru, gru, NONE",
        "updown, updown, NONE",
        "text, text, NONE",
        "masked, masked, NONE",
        "signal, signal, NONE",
    })
    void tenStepsOfNetworksInFilesAgreeWithPyTorch(String file, String run, Pooling pooling) throws Exception {
        ImportedTrajectoryTest.Worst worst =
                ImportedTrajectoryTest.tenSteps(file, run, pooling, BatchNorms.TRAIN, Gpu.DEVICE, folder);
        Gpu.record("networks in files", file + " " + worst.what(), worst.value(), FLOAT32);
        assertTrue(worst.value() <= FLOAT32, worst.what() + " differs by " + worst.value());
    }

    /** Five steps on one device and five on the other give what ten on the CPU give. */
    @ParameterizedTest
    @CsvSource({"cpu, cuda", "cuda, cpu"})
    void checkpointGoesOnOnTheOtherDevice(String first, String second) throws Exception {
        List<TrainingSession.Losses> expected = new ArrayList<>();
        Path middle = train(null, Device.CPU, 5, new Lcg(11), expected, "fp32");
        Lcg data = new Lcg(11);
        skip(data, 5);
        train(middle, Device.CPU, 5, data, expected, "fp32");

        List<TrainingSession.Losses> found = new ArrayList<>();
        middle = train(null, Device.parse(first), 5, new Lcg(11), found, "fp32");
        data = new Lcg(11);
        skip(data, 5);
        train(middle, Device.parse(second), 5, data, found, "fp32");
        assertClose("changing devices", expected, found, FLOAT32);
    }

    @Test
    void float16AgreesWithTheCpusRounding() throws Exception {
        List<TrainingSession.Losses> expected = new ArrayList<>();
        train(null, Device.CPU, 5, new Lcg(11), expected, "fp16");
        List<TrainingSession.Losses> found = new ArrayList<>();
        train(null, Gpu.DEVICE, 5, new Lcg(11), found, "fp16");
        assertClose("float16", expected, found, FLOAT16);
    }

    /** A scale beyond float16 in the first steps: both devices skip the same ones and change nothing in them. */
    @ParameterizedTest
    @CsvSource({"sgd", "adamw", "lars-official", "lars-solo"})
    void overflowLeavesEverythingAsItWas(String optimizer) throws Exception {
        TrainingGraph.Built built = TrainingGraph.build(
                GoldenNet.spec(TrajectoryTest.optimizer(optimizer), TrajectoryTest.noDecay(optimizer))
                        .with(new LossScaling(0x1p100f, 2000)));
        Map<String, Tensor> before = GoldenNet.initialState(built);
        Artifacts artifacts = Artifacts.write(folder, built, before, MachineLowering.of(Gpu.DEVICE, 1));
        Path after = folder.resolve("after");
        try (TrainingSession session = TrainingSession.open(
                built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), Gpu.DEVICE, 1)) {
            TrainingSession.Losses losses = TrajectoryTest.step(session, GoldenNet.views(new Lcg(11)), 0.1f);
            assertTrue(losses.scaling() != null && losses.scaling().isSkipped());
            session.save(after);
        }
        Map<String, Tensor> found = CheckpointFile.read(after);
        before.forEach((name, tensor) -> {
            if (!LossScaling.entries().contains(name)) {
                assertEquals(tensor, found.get(name), name);
            }
        });
    }

    static Stream<Arguments> encoders() {
        return Encoders.names().stream()
                .filter(name -> Encoders.input(name) == Encoders.Input.PICTURES)
                .flatMap(name -> Stream.of(
                        Arguments.arguments(name, "fp32", "adamw"), Arguments.arguments(name, "fp16", "lars-solo")));
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void nothingLeavesTheGpu(String encoder, String precision, String optimizer) throws IOException {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        BranchConfig branch = new BranchConfig(encoder, encoder.startsWith("vit") ? 12 : 8, 32, 3, half, half, "16-16");
        GraphConfig config = new GraphConfig(
                branch,
                null,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(4, optimizer, 0.9f, 1e-4f, "none", List.of(), List.of(), UpdateOptions.NONE),
                new PrecisionConfig(precision, precision.equals("fp16") ? LossScaling.DEFAULT : null));
        TrainingGraph.Built built = TrainingGraph.build(config.spec());
        Artifacts artifacts = Artifacts.write(folder, built, built.initialState(0), MachineLowering.of(Gpu.DEVICE, 1));
        StepProfile profile = StepProfile.of(built, config, artifacts, Gpu.DEVICE, 1);
        assertEquals(List.of(), profile.copies());
        assertEquals(Map.of(), profile.onHost());
    }

    @ParameterizedTest
    @CsvSource({
        "residual, NONE",
        "depthwise, NONE",
        "patches, NONE",
        "tokens, CLS",
        "windows, NONE",
        "lstm, NONE",
        "gru, NONE",
        "updown, NONE",
        "text, NONE",
        "masked, NONE",
        "signal, NONE",
    })
    void networksInFilesStayOnTheGpu(String file, Pooling pooling) throws Exception {
        OnnxEncoder encoder = ImportedTrajectoryTest.encoder(file, pooling, BatchNorms.TRAIN);
        TrainingGraph.Built built = TrainingGraph.build(ImportedTrajectoryTest.spec(encoder));
        Artifacts artifacts = Artifacts.write(folder, built, built.initialState(0), MachineLowering.of(Gpu.DEVICE, 1));
        Path profiles = Files.createDirectory(folder.resolve("profile"));
        List<Tensor> views =
                ImportedTrajectoryTest.views(new Lcg(11), encoder.type(Dim.of(ImportedTrajectoryTest.BATCH)));
        try (TrainingSession session = TrainingSession.open(
                        built.signature(),
                        artifacts.checkpoint(),
                        artifacts.trainingModel(),
                        Gpu.DEVICE,
                        1,
                        profiles.resolve("step"));
                OnnxTensor a = ImportedTrajectoryTest.tensor(views.get(0));
                OnnxTensor b = ImportedTrajectoryTest.tensor(views.get(1))) {
            session.step(a, b, new StepNumbers(0));
        }
        try (Stream<Path> written = Files.list(profiles)) {
            StepProfile profile = StepProfile.read(written.findFirst().orElseThrow());
            assertEquals(List.of(), profile.copies(), profile.summary());
            assertEquals(Map.of(), profile.onHost());
        }
    }

    /** Steps from a checkpoint, or from the start if it is null; returns the checkpoint at the end. */
    private Path train(
            Path checkpoint, Device device, int steps, Lcg data, List<TrainingSession.Losses> losses, String precision)
            throws Exception {
        TrainingGraph.Spec spec = GoldenNet.spec(TrajectoryTest.optimizer("adamw"), TrajectoryTest.noDecay("adamw"));
        TrainingGraph.Built built =
                TrainingGraph.build(precision.equals("fp16") ? spec.with(LossScaling.DEFAULT) : spec);
        Path here = folder.resolve("part" + losses.size() + device.kind() + precision);
        Artifacts artifacts =
                Artifacts.write(here, built, GoldenNet.initialState(built), MachineLowering.of(device, 1));
        try (TrainingSession session = TrainingSession.open(
                built.signature(),
                checkpoint == null ? artifacts.checkpoint() : checkpoint,
                artifacts.trainingModel(),
                device,
                1)) {
            for (int step = 0; step < steps; step++) {
                losses.add(TrajectoryTest.step(session, GoldenNet.views(data), 1e-3f));
            }
            Path end = here.resolve("end");
            session.save(end);
            return end;
        }
    }

    private static void skip(Lcg data, int steps) {
        for (int step = 0; step < steps; step++) {
            GoldenNet.views(data);
        }
    }

    private static void assertClose(
            String test, List<TrainingSession.Losses> expected, List<TrainingSession.Losses> found, double tolerance) {
        assertEquals(expected.size(), found.size());
        for (int step = 0; step < expected.size(); step++) {
            float loss = expected.get(step).loss();
            Gpu.record(test, "step " + step, Math.abs(loss - found.get(step).loss()) / Math.abs(loss), tolerance);
            assertEquals(loss, found.get(step).loss(), tolerance * loss, "step " + step);
        }
    }
}

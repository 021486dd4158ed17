package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.UpdateOptions;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten updates with clipped gradients, moving averages and accumulated gradients against the same ten in PyTorch (float64): golden/update.json. */
final class UpdateTrajectoryTest {
    @TempDir
    Path folder;

    static Stream<JsonNode> golden() throws IOException {
        try (InputStream in = UpdateTrajectoryTest.class.getResourceAsStream("/golden/update.json")) {
            return StreamSupport.stream(new ObjectMapper().readTree(in).spliterator(), false);
        }
    }

    @ParameterizedTest
    @MethodSource("golden")
    void tenUpdatesAgreeWithReference(JsonNode golden) throws Exception {
        tenUpdates(golden, MachineLowering.of(Device.CPU, 2));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void updatesInPartsAgreeWithReference(JsonNode golden) throws Exception {
        tenUpdates(golden, MachineLowering.of(Device.CPU, 1), TrajectoryTest::sideBySide, folder);
    }

    /** AdamW's kernel on the CPU doesn't look at its signal, without which accumulated gradients can't wait. */
    static Stream<JsonNode> goldenForCuda() throws IOException {
        return golden().filter(run -> !run.get("optimizer").asText().equals("adamw")
                || run.get("accumulate").asInt() == 1);
    }

    /** What is written for CUDA, on the CPU; its kernel's running variances are told apart in TrajectoryTest. */
    @ParameterizedTest
    @MethodSource("goldenForCuda")
    void updatesForCudaAgreeWithReference(JsonNode golden) throws Exception {
        tenUpdates(golden, Lowering.CUDA);
    }

    private void tenUpdates(JsonNode golden, Lowering lowering) throws Exception {
        tenUpdates(golden, lowering, Device.CPU, folder);
    }

    /** Ten updates on that device, every loss and the final state compared with the reference. */
    static void tenUpdates(JsonNode golden, Lowering lowering, Device device, Path folder) throws Exception {
        tenUpdates(
                golden,
                lowering,
                (built, artifacts) -> TrainingSession.open(
                        built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), device, 1),
                folder);
    }

    private interface Opening {
        TrainingSession open(TrainingGraph.Built built, Artifacts artifacts) throws IOException;
    }

    private static void tenUpdates(JsonNode golden, Lowering lowering, Opening opening, Path folder) throws Exception {
        String optimizer = golden.get("optimizer").asText();
        UpdateOptions options = new UpdateOptions(
                (float) golden.get("clip").asDouble(),
                (float) golden.get("ema").asDouble(),
                golden.get("accumulate").asInt());
        TrainingGraph.Built built = TrainingGraph.build(
                GoldenNet.spec(TrajectoryTest.optimizer(optimizer), TrajectoryTest.noDecay(optimizer))
                        .with(options));
        Artifacts artifacts = Artifacts.write(folder, built, GoldenNet.initialState(built), lowering);
        Lcg data = new Lcg(golden.get("data_seed").asLong());
        Path end = folder.resolve("end");
        try (TrainingSession session = opening.open(built, artifacts)) {
            for (JsonNode step : golden.get("steps")) {
                TrajectoryTest.assertLosses(step, TrajectoryTest.step(session, GoldenNet.views(data), (float)
                        golden.get("rate").asDouble()));
            }
            session.save(end);
        }
        Map<String, Tensor> state = CheckpointFile.read(end);
        JsonNode expected = golden.get("final");
        expected.fieldNames().forEachRemaining(name -> {
            Tensor tensor = state.get(name);
            assertNotNull(tensor, "nothing called " + name);
            // Adam moves a bias whose true gradient is zero by rounding noise, and what follows it: golden/README.md
            boolean noise = optimizer.equals("adamw")
                    && (name.equals("projector.0.bias") || name.equals("projector.1.running_mean"));
            boolean cudnn = lowering.equals(Lowering.CUDA) && name.endsWith("running_var");
            if (!noise && !cudnn) {
                TrajectoryTest.compare(expected.get(name), tensor, name);
            }
        });
    }
}

package dev.vicreg.training.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.natives.CudaOptions;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StepProfileTest {
    @TempDir
    Path folder;

    private static String event(String name, String type, String provider, long bytes) {
        return """
                {"cat":"Node","name":"%s_kernel_time","dur":7,"args":{"op_name":"%s","provider":"%s","output_size":"%d"}}""".formatted(name, type, provider, bytes);
    }

    private StepProfile read(String... events) throws IOException {
        return StepProfile.read(Files.writeString(folder.resolve("p.json"), "[" + String.join(",", events) + "]"));
    }

    @Test
    void whatLeavesTheGpuIsNamed() throws IOException {
        StepProfile profile = read(
                "{\"cat\":\"Session\",\"name\":\"model_run\",\"dur\":9,\"args\":{}}",
                event("conv1/Conv_0", "Conv", "CUDAExecutionProvider", 4096),
                event("Memcpy_token_0", "MemcpyToHost", "CUDAExecutionProvider", 4096),
                event("head/Tan_0", "Tan", "CPUExecutionProvider", 4096),
                event("Memcpy", "MemcpyFromHost", "CUDAExecutionProvider", 4096),
                event("update.w/Cast_0", "Cast", "CPUExecutionProvider", 4));
        assertEquals(5, profile.operators().size());
        assertEquals(2, profile.copies().size());
        assertEquals(Map.of("Tan", 1L), profile.onHost());
        assertTrue(profile.summary().contains("Tan in head/Tan_0"), profile.summary());
        assertTrue(profile.summary().contains("2 copies of together 8192 bytes"), profile.summary());
        assertEquals(7, profile.microsecondsByType().get("Conv"));
        Device device = Device.parse("cuda");
        profile.requireOn(device);
        Device strict = device.with(new CudaOptions(0, false, false, CudaOptions.EXHAUSTIVE, true));
        var e = assertThrows(IllegalStateException.class, () -> profile.requireOn(strict));
        assertTrue(
                String.valueOf(e.getMessage()).startsWith("The step doesn't stay on cuda:0: 5 operators"),
                e.getMessage());
    }

    @Test
    void scalarsAndStepCountsMayLeaveIt() throws IOException {
        StepProfile profile = read(
                event("update/And_0", "And", "CUDAExecutionProvider", 1),
                event("Memcpy_token_0", "MemcpyToHost", "CUDAExecutionProvider", 1),
                event("update.w/Cast_0", "Cast", "CPUExecutionProvider", 4));
        assertEquals(List.of(), profile.copies());
        assertEquals(Map.of(), profile.onHost());
        assertTrue(profile.summary().contains("no copies"), profile.summary());
    }

    @Test
    void profileWithoutOperatorsIsRefused() {
        assertThrows(IOException.class, this::read);
    }

    @Test
    void onTheCpuEverythingIsOnTheHostAndTheCheckpointStays() throws IOException {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        BranchConfig branch = new BranchConfig("resnet18", 4, 8, 3, half, half, "8-8");
        GraphConfig config = new GraphConfig(
                branch,
                null,
                new ObjectiveConfig("official", 25, 25, 1),
                new UpdateConfig(4, "adamw", 0.9f, 1e-4f, "none"),
                PrecisionConfig.FLOAT32);
        TrainingGraph.Built built = TrainingGraph.build(config.spec());
        Artifacts artifacts = Artifacts.write(folder, built, built.initialState(0), MachineLowering.of(Device.CPU, 1));
        byte[] before = Files.readAllBytes(artifacts.checkpoint());
        StepProfile profile = StepProfile.of(built, config, artifacts, Device.CPU, 1);
        assertTrue(profile.operators().stream().allMatch(StepProfile.Operator::isOnHost));
        assertTrue(profile.onHost().getOrDefault("BatchNormInternal", 0L) >= 40, profile.onHost() + "");
        assertEquals(List.of(), profile.copies());
        assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(artifacts.checkpoint())));
    }
}

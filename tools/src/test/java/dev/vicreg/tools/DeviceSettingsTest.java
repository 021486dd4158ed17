package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vicreg.runtime.natives.CudaOptions;
import dev.vicreg.runtime.natives.DoctorReport;
import dev.vicreg.training.run.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceSettingsTest {
    @TempDir
    Path folder;

    private Cli train(String... more) {
        List<String> words =
                new ArrayList<>(List.of("train", "--out", folder.resolve("run").toString()));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(String[]::new));
    }

    private Cli start(String... more) {
        Path data = folder.resolve("pictures");
        Cli.run("sample", "--out", data.toString(), "--per-class", "4", "--test-per-class", "1");
        List<String> words = new ArrayList<>(List.of("--data", data + "/train", "--device", "cpu", "--steps", "1"));
        words.addAll(List.of("--width", "4", "--projector", "16-16", "--batch-size", "32", "--threads", "1"));
        words.addAll(List.of(more));
        return train(words.toArray(String[]::new));
    }

    private CudaOptions recorded() throws IOException {
        return RunConfig.read(folder.resolve("run/config.json"))
                .settings()
                .computeDevice()
                .cuda();
    }

    @Test
    void optionsAreRecordedAndAResumeMayChangeThem() throws IOException {
        assertEquals(0, start("--gpu-memory", "2g", "--deterministic").status());
        assertEquals(new CudaOptions(2L << 30, true, false, CudaOptions.DEFAULT), recorded());
        Cli resumed = train("--resume", "--gpu-memory", "512m", "--cudnn-search", "heuristic");
        assertEquals(0, resumed.status(), resumed.err());
        assertEquals(0, train("--resume").status());
    }

    @Test
    void defaultsAreRecorded() throws IOException {
        assertEquals(0, start().status());
        assertEquals(CudaOptions.DEFAULTS, recorded());
    }

    @Test
    void deterministicRunRefusesSearchedAlgorithms() {
        Cli cli = start("--deterministic", "--cudnn-search", "exhaustive");
        assertEquals(2, cli.status());
        assertEquals(
                "vicreg train: --deterministic and --cudnn-search exhaustive exclude each other; leave one out, or take"
                        + " --cudnn-search default",
                cli.errorLine());
    }

    @Test
    void memoryIsANumberOfBytes() {
        assertEquals(2, start("--gpu-memory", "99999999999g").status(), "more than 2^63 bytes");
        Cli cli = start("--gpu-memory", "8x");
        assertEquals(2, cli.status());
        assertEquals(
                "vicreg train: --gpu-memory must be a number of bytes such as 8g, 512m or 0, found \"8x\"",
                cli.errorLine());
    }

    @Test
    void doctorTriesTheDeviceThatIsNamed() {
        Cli text = Cli.run("doctor", "--device", "cpu");
        assertEquals(0, text.status(), text.err());
        assertTrue(text.out().contains("trial         a convolution and a matrix product on cpu in "), text.out());
        Cli json = Cli.run("doctor", "--device", "cpu", "--json");
        assertTrue(json.out().contains("\"trial\":{\"device\":\"cpu\",\"seconds\":"), json.out());
        assertFalse(Cli.run("doctor").out().contains("trial"));
    }

    @Test
    void doctorFailsWhereTheDeviceCannotBeUsed() throws IOException {
        String missing = DoctorReport.collect().cudaMissing();
        assumeTrue(missing != null, "CUDA can be used");
        Cli cli = Cli.run("doctor", "--device", "cuda", "--json");
        assertEquals(1, cli.status());
        assertTrue(cli.errorLine().startsWith("vicreg doctor: "), cli.err());
        assertTrue(cli.out().contains("\"trial\":null,\"trialProblem\":\""), cli.out());
        assertEquals(0, Cli.run("doctor").status());
    }
}

package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NvidiaDriverTest {
    @TempDir
    Path root;

    @ParameterizedTest
    @CsvSource({
        "'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023', 535.104.05",
        "'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder)', 580.65.06",
    })
    void versionIsReadFromBothKindsOfModule(String line, String version) throws IOException {
        Path folder = Files.createDirectories(root.resolve("proc/driver/nvidia"));
        Files.writeString(folder.resolve("version"), line + "\nGCC version:  gcc version 12.3.0 (Ubuntu 12.3.0)\n");
        assertEquals(version, NvidiaDriver.of(root).version());
    }

    @Test
    void modelsAreThoseThatTheDriverReports() throws IOException {
        for (String bus : List.of("0000:1b:00.0", "0000:0a:00.0")) {
            Path gpu = Files.createDirectories(
                    root.resolve("proc/driver/nvidia/gpus").resolve(bus));
            Files.writeString(
                    gpu.resolve("information"), "Model: \t\t NVIDIA " + bus.substring(5, 7) + "\nIRQ: \t 17\n");
        }
        Files.createDirectories(root.resolve("dev/nvidia0"));
        assertEquals(List.of("NVIDIA 0a", "NVIDIA 1b"), NvidiaDriver.of(root).gpus());
    }

    @Test
    void deviceNodesStandForModelsWhereTheDriversFolderIsHidden() throws IOException {
        for (String node : List.of("nvidia0", "nvidia11", "nvidiactl", "nvidia-uvm", "null")) {
            Files.createDirectories(root.resolve("dev").resolve(node));
        }
        NvidiaDriver driver = NvidiaDriver.of(root);
        assertNull(driver.version());
        assertEquals(
                List.of("unknown model (" + root + "/dev/nvidia0)", "unknown model (" + root + "/dev/nvidia11)"),
                driver.gpus());
    }

    @Test
    void machineWithoutDriverHasNeitherVersionNorGpu() throws IOException {
        assertEquals(new NvidiaDriver(null, List.of()), NvidiaDriver.of(root));
    }

    @Test
    void driversAreComparedByNumber() {
        assertTrue(NvidiaDriver.isTooOld("575.57.08", 13));
        assertFalse(NvidiaDriver.isTooOld("580.65.06", 13));
        assertTrue(NvidiaDriver.isTooOld("525.60.2", 12));
        assertTrue(NvidiaDriver.isTooOld("525.60", 12));
        assertFalse(NvidiaDriver.isTooOld("525.125.06", 12));
        assertFalse(NvidiaDriver.isTooOld("1.0", 99));
    }
}

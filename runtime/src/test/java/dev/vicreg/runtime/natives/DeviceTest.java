package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"auto", "cpu", "cuda:0", "cuda:3"})
    void parsedDevicesPrintAsTheyAreWritten(String text) {
        assertEquals(text, Device.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:1000", "cpu:1"})
    void unknownDevicesAreRefused(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> Device.parse(text));
        assertTrue(String.valueOf(e.getMessage()).contains("expected auto, cpu, cuda or cuda:N"), e.getMessage());
    }

    @Test
    void cudaWithoutCudaSaysWhatIsMissing() {
        assumeFalse(NativeLibraries.load().hasCudaProvider());
        var e = assertThrows(IllegalStateException.class, () -> OrtSessions.options(Device.parse("cuda"), 0));
        assertTrue(String.valueOf(e.getMessage()).contains("no CUDA provider"), e.getMessage());
        assertEquals(Device.CPU, OrtSessions.resolve(Device.AUTO));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void cudaBuildWithoutGpuSaysWhatIsMissingAndAutoIsTheCpu() throws IOException {
        assumeTrue(NativeLibraries.load().hasCudaProvider(), "not built with -Pcuda");
        assumeTrue(NvidiaDriver.installed().gpus().isEmpty(), "there is a GPU");
        var e = assertThrows(IllegalStateException.class, () -> OrtSessions.options(Device.parse("cuda"), 0));
        String message = String.valueOf(e.getMessage());
        assertTrue(
                message.matches("Cannot use device cuda:0: (lib\\S+ not found, needed by|no GPU|NVIDIA's driver).*"),
                message);
        assertEquals(Device.CPU, OrtSessions.resolve(Device.AUTO));
    }

    @Test
    void doctorReportsTrainingAndWhereLibrariesAre() throws IOException {
        DoctorReport report = DoctorReport.collect();
        assertNull(report.problem());
        assertEquals("1.28.0", report.ortVersion());
        assertTrue(report.trainingEnabled());
        assertTrue(report.providers().contains("CPUExecutionProvider"));
        assertEquals(2, report.libraries().size());
        report.libraries().forEach((path, origin) -> assertTrue(Files.exists(Path.of(path)), origin));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void doctorReadsEachProvidersOwnCudaRelease() throws IOException {
        assumeTrue(NativeLibraries.load().hasCudaProvider(), "not built with -Pcuda");
        List<DoctorReport.CudaBuild> builds = DoctorReport.collect().cudaBuilds();
        assertEquals(
                List.of(13, 12),
                builds.stream().map(DoctorReport.CudaBuild::cudaMajor).toList());
        assertTrue(builds.get(0).inUse() && builds.get(0).needs().contains("libcudart.so.13"), builds.toString());
        assertTrue(!builds.get(1).inUse() && builds.get(1).needs().contains("libcurand.so.10"), builds.toString());
    }

    @Test
    void whatCudaSaysIsTakenOutOfOnnxRuntimesMessage() {
        // As the provider says it with CUDA 13.1's own runtime and no driver; paths shortened.
        String message =
                "Error code - ORT_FAIL - message: /home/x/cuda_execution_provider_info.cc:60 static onnxruntime::"
                        + "CUDAExecutionProviderInfo [ONNXRuntimeError] : 1 : FAIL : provider_options_utils.h:187 Parse Failed to"
                        + " parse provider option \"device_id\": CUDA failure 35: CUDA driver version is insufficient for CUDA"
                        + " runtime version ; GPU=-1 ; hostname=vm ; file=/home/x/cuda_execution_provider_info.cc ; line=71";
        assertEquals(
                "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
                OrtSessions.cudaReason(message));
        assertEquals("no such option", OrtSessions.cudaReason("no such option"));
    }

    @Test
    void apiCanBeToldThatTheProviderIsUnpacked() {
        NativeLibraries.load();
        assertTrue(NativeLibraries.markCudaProviderUnpacked(), "ONNX Runtime's API has changed inside");
    }

    @Test
    void doctorOfCpuBuildNamesTheProfile() throws IOException {
        assumeFalse(NativeLibraries.load().hasCudaProvider());
        DoctorReport report = DoctorReport.collect();
        assertEquals(List.of(), report.cudaBuilds());
        assertNotNull(report.cudaMissing());
    }

    @Test
    void missingModelFileIsNamed() {
        Path missing = folder.resolve("missing.onnx");
        var e = assertThrows(NoSuchFileException.class, () -> OrtSessions.open(missing, Device.CPU, 1));
        assertTrue(String.valueOf(e.getMessage()).startsWith(missing + ": no such model file"), e.getMessage());
    }

    @Test
    void fileThatIsNoModelIsNamed() throws IOException {
        Path text = Files.writeString(folder.resolve("text.onnx"), "text");
        var e = assertThrows(IOException.class, () -> OrtSessions.open(text, Device.CPU, 1));
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains(text.toString()) && message.lines().count() == 1, message);
    }
}

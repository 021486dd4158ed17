package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
    void firstMissingCudaLibraryIsNamedWithItsRemedy() throws IOException {
        Files.createFile(folder.resolve("libcuda.so.1"));
        Files.createFile(folder.resolve("libcudart.so.13"));
        Files.createFile(folder.resolve("libcudnn.so.9"));
        var needs = List.of("libcudnn.so.9", "libcublas.so.13", "libcublasLt.so.13", "libcudart.so.13");
        CudaLibraries cuda = CudaLibraries.find(needs, List.of(folder), List.of("NVIDIA H100"));
        String missing = String.valueOf(cuda.missing());
        assertTrue(missing.startsWith("libcublasLt.so.13 not found: install CUDA 13"), missing);
        assertEquals(
                List.of("libcuda.so.1", "libcudart.so.13", "libcudnn.so.9"),
                cuda.found().stream().map(CudaLibraries.Found::name).toList());
    }

    @Test
    void completeCudaNeedsGpuAsWell() throws IOException {
        Files.createFile(folder.resolve("libcuda.so.1"));
        assertNull(CudaLibraries.find(List.of(), List.of(folder), List.of("NVIDIA H100"))
                .missing());
        String missing = String.valueOf(
                CudaLibraries.find(List.of(), List.of(folder), List.of()).missing());
        assertTrue(missing.startsWith("no GPU"), missing);
    }

    @Test
    void pythonPackagesOfNvidiaAreSearchedAfterLoaderPath() throws IOException {
        Path packages = folder.resolve("lib/python3.12/site-packages/nvidia/cudnn/lib");
        Files.createDirectories(packages);
        List<Path> folders = CudaLibraries.searchFolders(
                Map.of("VIRTUAL_ENV", folder.toString(), "LD_LIBRARY_PATH", "/first:/second"));
        assertEquals(List.of(Path.of("/first"), Path.of("/second")), folders.subList(0, 2));
        assertTrue(folders.indexOf(packages) > 1, folders.toString());
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void elfFileListsNeededLibraries() throws IOException {
        Path ort = NativeLibraries.load().libraries().get(0).path();
        assertTrue(ElfFile.needed(ort).containsAll(List.of("libstdc++.so.6", "libc.so.6")));
        Path text = Files.writeString(
                folder.resolve("text.so"), "no library, but longer than an ELF header's 64 bytes ........");
        assertThrows(IOException.class, () -> ElfFile.needed(text));
    }

    @Test
    void doctorReportsTrainingAndWhereLibrariesAre() throws IOException {
        DoctorReport report = DoctorReport.collect();
        assertNull(report.problem());
        assertEquals("1.24.1", report.ortVersion());
        assertTrue(report.trainingEnabled());
        assertTrue(report.providers().contains("CPUExecutionProvider"));
        assertEquals(2, report.libraries().size());
        report.libraries().forEach((path, origin) -> assertTrue(Files.exists(Path.of(path)), origin));
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

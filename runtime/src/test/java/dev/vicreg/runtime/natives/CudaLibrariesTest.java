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

class CudaLibrariesTest {
    private static final NvidiaDriver DRIVER = new NvidiaDriver("580.65.06", List.of("NVIDIA H100"));

    /** Those of a provider with cuFFT, as the natives of 1.24.1 had it. */
    private static final List<String> NEEDS =
            List.of("libcublasLt.so.13", "libcublas.so.13", "libcufft.so.12", "libcudart.so.13", "libcudnn.so.9");

    @TempDir
    Path folder;

    /** Everything that the provider built for CUDA 13 needs, as NVIDIA's own libraries depend on each other. */
    private void installCuda13() throws IOException {
        library("libcuda.so.1");
        library("libcudart.so.13", "libc.so.6");
        library("libcublasLt.so.13");
        library("libcublas.so.13", "libcublasLt.so.13");
        library("libcufft.so.12");
        library("libcudnn.so.9");
        library("libcudnn_graph.so.9");
        library("libcudnn_ops.so.9", "libcudnn_graph.so.9");
        library("libcudnn_cnn.so.9", "libcudnn_ops.so.9", "libcudnn_graph.so.9");
    }

    private Path library(String name, String... needed) throws IOException {
        return TestElf.write(folder.resolve(name), needed);
    }

    private CudaLibraries find(NvidiaDriver driver) {
        return CudaLibraries.find(NEEDS, List.of(folder), driver);
    }

    private List<String> order() {
        return List.copyOf(find(DRIVER).found().keySet());
    }

    @Test
    void everyLibraryComesAfterWhatItNeeds() throws IOException {
        installCuda13();
        assertNull(find(DRIVER).missing());
        assertEquals(13, find(DRIVER).cudaMajor());
        assertEquals(
                List.of(
                        "libcuda.so.1",
                        "libcublasLt.so.13",
                        "libcublas.so.13",
                        "libcufft.so.12",
                        "libcudart.so.13",
                        "libcudnn_graph.so.9",
                        "libcudnn_ops.so.9",
                        "libcudnn_cnn.so.9",
                        "libcudnn.so.9"),
                order());
    }

    @Test
    void whatCudnnOpensItselfIsLoadedWhereItIsThere() throws IOException {
        installCuda13();
        library("libcudnn_heuristic.so.9");
        library("libcudnn_adv.so.9", "libcudnn_ops.so.9");
        library("libcudnn_adv.so.8");
        library("libnvrtc.so.13");
        library("libnvrtc-builtins.so.13.0");
        library("libnvJitLink.so.13");
        library("libnvrtc.so.12");
        List<String> order = order();
        assertTrue(order.indexOf("libnvrtc-builtins.so.13.0") < order.indexOf("libnvrtc.so.13"), order.toString());
        assertTrue(order.indexOf("libnvrtc.so.13") < order.indexOf("libcudnn_graph.so.9"), order.toString());
        assertTrue(order.indexOf("libcudnn_adv.so.9") < order.indexOf("libcudnn.so.9"), order.toString());
        assertTrue(order.containsAll(List.of("libnvJitLink.so.13", "libcudnn_heuristic.so.9")), order.toString());
        assertFalse(order.contains("libcudnn_adv.so.8") || order.contains("libnvrtc.so.12"), order.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "libcuda.so.1 | needed by CUDA: install NVIDIA's driver, or give the container access to it",
                "libcudart.so.13 | pip install 'nvidia-cuda-runtime==13.*')",
                "libcublasLt.so.13 | package cuda-libraries-13-0, or pip install 'nvidia-cublas==13.*')",
                "libcufft.so.12 | install CUDA 13's libraries (NVIDIA's package cuda-libraries-13-0, or pip install"
                        + " 'nvidia-cufft==12.*'), or name its folder in VICREG_CUDA_PATH",
                "libcudnn.so.9 | install cuDNN 9 for CUDA 13 (NVIDIA's package cudnn9-cuda-13, or pip install"
                        + " nvidia-cudnn-cu13), or name its folder in VICREG_CUDA_PATH",
                "libcudnn_ops.so.9 | needed by libcudnn.so.9: install cuDNN 9 for CUDA 13",
            })
    void missingLibraryIsNamedWithItsRemedy(String name, String expected) throws IOException {
        installCuda13();
        Files.delete(folder.resolve(name));
        String missing = String.valueOf(find(DRIVER).missing());
        assertTrue(missing.startsWith(name + " not found, needed by "), missing);
        assertTrue(missing.contains(expected), missing);
        assertEquals(1, missing.lines().count());
    }

    @Test
    void firstOfSeveralMissingLibrariesIsNamed() throws IOException {
        library("libcuda.so.1");
        library("libcudart.so.13");
        String missing = String.valueOf(find(DRIVER).missing());
        assertTrue(missing.startsWith("libcublasLt.so.13 not found"), missing);
        assertEquals(List.of("libcuda.so.1", "libcudart.so.13"), order());
    }

    @Test
    void whatAFoundLibraryNeedsIsLookedForToo() throws IOException {
        installCuda13();
        library("libcufft.so.12", "libnvJitLink.so.13");
        String missing = String.valueOf(find(DRIVER).missing());
        assertTrue(missing.startsWith("libnvJitLink.so.13 not found, needed by libcufft.so.12: "), missing);
    }

    @Test
    void remediesNameTheReleaseThatTheProviderWasBuiltFor() throws IOException {
        library("libcuda.so.1");
        List<String> needs = List.of("libcublas.so.12", "libcurand.so.10", "libcudart.so.12", "libcudnn.so.9");
        CudaLibraries cuda = CudaLibraries.find(needs, List.of(folder), DRIVER);
        assertEquals(12, cuda.cudaMajor());
        assertEquals(
                "libcublas.so.12 not found, needed by ONNX Runtime's CUDA provider: install CUDA 12's libraries"
                        + " (NVIDIA's package cuda-libraries-12-9, or pip install 'nvidia-cublas-cu12==12.*'), or name"
                        + " its folder in VICREG_CUDA_PATH",
                cuda.missing());
    }

    @Test
    void damagedFileIsPassedOver() throws IOException {
        installCuda13();
        Path damaged = Files.createDirectories(folder.resolve("damaged"));
        Files.writeString(damaged.resolve("libcudart.so.13"), "text");
        CudaLibraries cuda = CudaLibraries.find(NEEDS, List.of(damaged, folder), DRIVER);
        assertNull(cuda.missing());
        assertEquals(folder.resolve("libcudart.so.13"), cuda.found().get("libcudart.so.13"));
    }

    @Test
    void oldDriverIsNamedWithTheOldestThatDoes() throws IOException {
        installCuda13();
        String missing = String.valueOf(
                find(new NvidiaDriver("575.57.08", DRIVER.gpus())).missing());
        assertTrue(
                missing.startsWith("NVIDIA's driver 575.57.08 is too old for CUDA 13, which needs 580 or newer: "),
                missing);
    }

    @Test
    void compatibilityPackageCountsAsItsOwnDriver() throws IOException {
        installCuda13();
        Files.delete(folder.resolve("libcuda.so.1"));
        Path compat = library("libcuda.so.580.65.06");
        Files.createSymbolicLink(folder.resolve("libcuda.so.1"), compat.getFileName());
        assertNull(find(new NvidiaDriver("535.104.05", DRIVER.gpus())).missing());
    }

    @Test
    void completeCudaNeedsGpuAsWell() throws IOException {
        installCuda13();
        String missing =
                String.valueOf(find(new NvidiaDriver("580.65.06", List.of())).missing());
        assertTrue(missing.startsWith("no GPU: "), missing);
    }

    @Test
    void otherLibrariesOfAProviderAreLeftToTheLoader() {
        List<String> needs = List.of("libcudart.so.13", "libcurl.so.4", "libcups.so.2", "libc.so.6");
        assertEquals(List.of("libcudart.so.13"), CudaLibraries.namesIn(needs));
        assertEquals(0, CudaLibraries.majorOf(List.of("libc.so.6")));
    }
}

package dev.vicreg.runtime.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class CudaFoldersTest {
    @TempDir
    Path root;

    private Path folder(String path) throws IOException {
        return Files.createDirectories(root.resolve(path));
    }

    private List<Path> search(Map<String, String> environment) throws IOException {
        return CudaFolders.of(root, environment, root.resolve("home/me"));
    }

    @Test
    void namedFoldersComeFirstThenTheLoadersThenTheUsual() throws IOException {
        Path toolkit = folder("usr/local/cuda-13.0/targets/x86_64-linux/lib");
        Path distribution = folder("usr/lib/x86_64-linux-gnu");
        Path configured = folder("opt/vendor/lib");
        Files.writeString(folder("etc/ld.so.conf.d").resolve("vendor.conf"), "# CUDA\n/opt/vendor/lib\n/nowhere\n");
        Path second = folder("second");
        Path first = folder("first");
        Path named = folder("named");
        assertEquals(
                List.of(named, first, second, configured, distribution, distribution.getParent(), toolkit),
                search(Map.of("VICREG_CUDA_PATH", named.toString(), "LD_LIBRARY_PATH", first + ":" + second)));
    }

    @Test
    void theLoadersFilesMayBeInAnyEncoding() throws IOException {
        Path configured = folder("opt/vendor/lib");
        String lines = "# f\u00fcr CUDA\n/opt/vendor/lib\n";
        Files.write(folder("etc/ld.so.conf.d").resolve("vendor.conf"), lines.getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(search(Map.of()).contains(configured));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lib64", "lib", "targets/x86_64-linux/lib", "nvidia/cu13/lib", "nvidia/cudnn/lib"})
    void namedFolderMayBeAToolkitOrPythonsPackages(String inside) throws IOException {
        Path libraries = folder("named/" + inside);
        assertTrue(search(Map.of("VICREG_CUDA_PATH", root.resolve("named").toString()))
                .contains(libraries));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "home/me/.local/lib/python3.12/site-packages/nvidia/cu13/lib",
                "home/me/.pyenv/versions/3.11.9/lib/python3.11/site-packages/nvidia/cudnn/lib",
                "home/me/miniconda3/lib/python3.12/site-packages/nvidia/cublas/lib",
                "opt/conda/lib",
                "opt/venv/lib64/python3.10/site-packages/nvidia/cu13/lib",
                "usr/local/lib/python3.12/dist-packages/nvidia/cu13/lib",
                "usr/lib/python3/dist-packages/nvidia/cudnn/lib",
                "usr/local/cuda/lib64",
                "usr/lib/wsl/lib",
            })
    void usualPlacesAreSearched(String place) throws IOException {
        Path libraries = folder(place);
        assertTrue(search(Map.of()).contains(libraries));
    }

    @ParameterizedTest
    @ValueSource(strings = {"VIRTUAL_ENV", "CONDA_PREFIX"})
    void activeEnvironmentsAreSearchedBeforeOtherPythons(String variable) throws IOException {
        Path other = folder("home/me/.local/lib/python3.12/site-packages/nvidia/cudnn/lib");
        Path active = folder("work/env/lib/python3.12/site-packages/nvidia/cudnn/lib");
        List<Path> folders = search(Map.of(variable, root.resolve("work/env").toString()));
        assertTrue(folders.contains(active) && folders.indexOf(active) < folders.indexOf(other), folders.toString());
    }

    @Test
    void pythonsOnThePathAreSearchedAsThemselvesAndWhereTheyPoint() throws IOException {
        Path real = folder("store/python/bin").resolve("python3.12");
        Files.createFile(real, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Files.createSymbolicLink(folder("work/env/bin").resolve("python3"), real);
        Path linked = folder("work/env/lib/python3.12/site-packages/nvidia/cu13/lib");
        Path pointed = folder("store/python/lib/python3.12/site-packages/nvidia/cudnn/lib");
        List<Path> folders = search(Map.of("PATH", root.resolve("work/env/bin") + ":" + root.resolve("nowhere")));
        assertTrue(folders.containsAll(List.of(linked, pointed.toRealPath())), folders.toString());
    }

    @Test
    void relativeAndMissingFoldersAreLeftOut() throws IOException {
        assertEquals(List.of(), search(Map.of("LD_LIBRARY_PATH", ".::src", "VICREG_CUDA_PATH", root + "/missing")));
    }
}

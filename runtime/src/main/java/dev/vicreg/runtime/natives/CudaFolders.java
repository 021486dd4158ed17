package dev.vicreg.runtime.natives;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where NVIDIA's libraries lie on a Linux machine. Their names carry versions, so folders of another CUDA release do no
 * harm. Never the current folder: what is found is loaded and run.
 */
final class CudaFolders {
    private static final Logger log = LoggerFactory.getLogger(CudaFolders.class);

    /** Names folders that come before all others, with colons between them. */
    static final String VARIABLE = "VICREG_CUDA_PATH";

    /** Below the root of a toolkit, or of a Python installation; the latter's packages have a folder each, or one for all. */
    private static final List<String> INSIDE = List.of(
            "lib64",
            "lib",
            "targets/*/lib",
            "nvidia/*/lib",
            "lib*/python3*/site-packages/nvidia/*/lib",
            "lib*/python3*/dist-packages/nvidia/*/lib");

    private static final List<String> DISTRIBUTIONS = List.of(
            "lib/x86_64-linux-gnu",
            "usr/lib/x86_64-linux-gnu",
            "lib64",
            "usr/lib64",
            "usr/lib",
            "usr/lib/wsl/lib",
            "usr/local/nvidia/lib64",
            "usr/local/lib");

    private final Path root;
    private final Map<String, String> environment;
    private final Set<Path> folders = new LinkedHashSet<>();

    private CudaFolders(Path root, Map<String, String> environment) {
        this.root = root;
        this.environment = environment;
    }

    /**
     * The folders that exist, in the order in which a library is looked for: {@value #VARIABLE}, the dynamic loader's,
     * distributions' and CUDA's, those of Python.
     *
     * @param root of the file system, {@code /} but for tests
     * @param environment variables of this process
     * @param home the user's folder
     */
    static List<Path> of(Path root, Map<String, String> environment, Path home) throws IOException {
        var search = new CudaFolders(root, environment);
        search.addNamed();
        search.paths("LD_LIBRARY_PATH").forEach(search::add);
        search.addLoaderConfiguration();
        DISTRIBUTIONS.forEach(folder -> search.add(root.resolve(folder)));
        for (String toolkit : List.of("usr/local/cuda", "usr/local/cuda-*", "opt/cuda", "opt/cuda-*")) {
            search.addAllInside(toolkit);
        }
        search.addPythons(home);
        return List.copyOf(search.folders);
    }

    private void addNamed() throws IOException {
        for (Path named : entries(VARIABLE)) {
            if (named.isAbsolute() && Files.isDirectory(named)) {
                add(named);
                addInside(named);
            } else {
                log.warn("Passed over in {}: {}, expected the absolute path of a folder", VARIABLE, named);
            }
        }
    }

    private List<Path> entries(String variable) {
        return Stream.of(environment.getOrDefault(variable, "").split(File.pathSeparator, -1))
                .filter(entry -> !entry.isBlank())
                .map(Path::of)
                .toList();
    }

    private List<Path> paths(String variable) {
        return entries(variable).stream().filter(Path::isAbsolute).toList();
    }

    private void add(Path folder) {
        if (Files.isDirectory(folder)) {
            folders.add(folder);
        }
    }

    private void addInside(Path installation) throws IOException {
        for (String pattern : INSIDE) {
            matches(installation, pattern).forEach(this::add);
        }
    }

    private void addAllInside(String pattern) throws IOException {
        for (Path installation : matches(root, pattern)) {
            addInside(installation);
        }
    }

    /** Folders that the dynamic loader is configured with. */
    private void addLoaderConfiguration() throws IOException {
        var files = new ArrayList<>(matches(root, "etc/ld.so.conf"));
        files.addAll(matches(root, "etc/ld.so.conf.d/*.conf"));
        for (Path file : files) {
            if (Files.isReadable(file)) {
                // Comments may be in any encoding; unlike Files.lines, this reads them all the same.
                new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                        .lines()
                        .map(String::strip)
                        .filter(line -> line.startsWith("/"))
                        .map(line -> root.resolve(line.substring(1)))
                        .forEach(this::add);
            }
        }
    }

    /** Environments that are active, Pythons on the PATH, then usual places of others. */
    private void addPythons(Path home) throws IOException {
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            for (Path active : paths(variable)) {
                addInside(active);
            }
        }
        for (Path folder : paths("PATH")) {
            Path python = folder.resolve("python3");
            Path installation = folder.getParent();
            if (Files.isExecutable(python) && installation != null) {
                addInside(installation);
                Path real = python.toRealPath().getParent();
                addInside(real == null || real.getParent() == null ? installation : real.getParent());
            }
        }
        addInside(home.resolve(".local"));
        for (Path installation : matches(home, "{miniconda3,anaconda3,miniforge3}")) {
            addInside(installation);
        }
        for (Path installation : matches(home, ".pyenv/versions/*")) {
            addInside(installation);
        }
        addAllInside("opt/*");
        addInside(root.resolve("usr/local"));
        addInside(root.resolve("usr"));
    }

    /** What matches a path of patterns below a folder, one level after the other, in the order of names. */
    static List<Path> matches(Path folder, String patterns) throws IOException {
        List<Path> level = List.of(folder);
        for (String pattern : patterns.split("/", -1)) {
            var next = new ArrayList<Path>();
            for (Path parent : level) {
                if (Files.isDirectory(parent) && Files.isReadable(parent)) {
                    try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, pattern)) {
                        entries.forEach(next::add);
                    }
                }
            }
            next.sort(null);
            level = next;
        }
        return level;
    }
}

package dev.vicreg.runtime;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's libraries on this machine, as far as ONNX Runtime's CUDA provider needs them (Linux).
 *
 * @param gpus the models of the GPUs that the driver reports, in its order
 * @param found the libraries that are there, in the order in which they must be loaded
 * @param missing the first one that isn't there and how to get it, null if nothing is missing
 */
public record CudaLibraries(
        List<String> gpus, List<Found> found, @Nullable String missing) {

    /**
     * A library that is there.
     *
     * @param name its name for the dynamic loader, e.g. {@code libcudart.so.13}
     * @param path the file
     */
    public record Found(String name, Path path) {}

    /** What the provider of org.bytedeco:onnxruntime 1.24.1-1.5.13 needs; read from the provider itself where it is there. */
    private static final List<String> USUAL_NEEDS =
            List.of("libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcufft.so.12", "libcudnn.so.9");

    /** Each after what it needs itself, so that loading in this order finds everything. */
    private static final List<String> LOAD_ORDER = List.of("libcuda.", "libcudart.", "libcublasLt.", "libcublas.");

    private static final String DRIVER = "libcuda.so.1";

    /** Looks for what {@code provider} needs, or for the usual set if there is no provider to ask. */
    static CudaLibraries find(@Nullable Path provider) throws IOException {
        if (!System.getProperty("os.name", "").startsWith("Linux")) {
            return new CudaLibraries(List.of(), List.of(), "CUDA is looked for on Linux only; use --device cpu here");
        }
        return find(
                provider == null ? USUAL_NEEDS : needsOf(provider), searchFolders(System.getenv()), installedGpus());
    }

    static CudaLibraries find(List<String> needs, List<Path> folders, List<String> gpus) {
        var names = new ArrayList<>(List.of(DRIVER));
        needs.stream()
                .sorted((a, b) -> Integer.compare(loadPosition(a), loadPosition(b)))
                .forEach(names::add);
        var found = new ArrayList<Found>();
        String missing = null;
        for (String name : names) {
            Optional<Path> path = folders.stream()
                    .map(folder -> folder.resolve(name))
                    .filter(Files::isRegularFile)
                    .findFirst();
            path.ifPresent(file -> found.add(new Found(name, file)));
            if (path.isEmpty() && missing == null) {
                missing = name + " not found: " + remedy(name);
            }
        }
        if (missing == null && gpus.isEmpty()) {
            missing = "no GPU: the NVIDIA driver reports none in /proc/driver/nvidia/gpus; "
                    + "give the container access to it, for example with --gpus all";
        }
        return new CudaLibraries(gpus, List.copyOf(found), missing);
    }

    /**
     * Loads the libraries, each after what it needs itself: the dynamic loader then finds them by name when the provider
     * asks, even those that lie outside its own path.
     *
     * @throws IllegalStateException if one can't be loaded
     */
    void preload() {
        for (Found library : found) {
            try {
                System.load(library.path().toAbsolutePath().toString());
            } catch (UnsatisfiedLinkError e) {
                throw new IllegalStateException(
                        "Cannot load " + library.path() + ": " + e.getMessage()
                                + "; install CUDA's libraries completely, or set LD_LIBRARY_PATH to their folder",
                        e);
            }
        }
    }

    private static List<String> needsOf(Path provider) throws IOException {
        return ElfFile.needed(provider).stream()
                .filter(name -> name.startsWith("libcu") || name.startsWith("libnv"))
                .toList();
    }

    private static int loadPosition(String name) {
        for (int i = 0; i < LOAD_ORDER.size(); i++) {
            if (name.startsWith(LOAD_ORDER.get(i))) {
                return i;
            }
        }
        return LOAD_ORDER.size();
    }

    private static String remedy(String name) {
        String major = name.substring(name.lastIndexOf('.') + 1);
        if (name.equals(DRIVER)) {
            return "install NVIDIA's driver, or give the container access to it, for example with --gpus all";
        }
        if (name.startsWith("libcudnn")) {
            return "install cuDNN " + major
                    + " for CUDA 13 (pip install nvidia-cudnn-cu13), or set LD_LIBRARY_PATH to its folder";
        }
        return "install CUDA 13's runtime libraries (package cuda-libraries-13-0), or set LD_LIBRARY_PATH to their folder";
    }

    /** The models of the GPUs that NVIDIA's driver reports. */
    static List<String> installedGpus() throws IOException {
        Path driver = Path.of("/proc/driver/nvidia/gpus");
        if (!Files.isDirectory(driver)) {
            return List.of();
        }
        var models = new ArrayList<String>();
        for (Path gpu : matches(driver, "*")) {
            Path information = gpu.resolve("information");
            if (Files.isReadable(information)) {
                try (Stream<String> lines = Files.lines(information)) {
                    lines.filter(line -> line.startsWith("Model:"))
                            .map(line -> line.substring("Model:".length()).strip())
                            .forEach(models::add);
                }
            }
        }
        return List.copyOf(models);
    }

    /** The dynamic loader's folders first, then CUDA's and distributions', then those of Python's nvidia packages. */
    static List<Path> searchFolders(Map<String, String> environment) throws IOException {
        var folders = new LinkedHashSet<Path>();
        for (String entry : environment.getOrDefault("LD_LIBRARY_PATH", "").split(File.pathSeparator, -1)) {
            if (!entry.isBlank()) {
                folders.add(Path.of(entry));
            }
        }
        addLoaderConfiguration(folders);
        for (String usual : List.of(
                "/lib/x86_64-linux-gnu",
                "/usr/lib/x86_64-linux-gnu",
                "/lib64",
                "/usr/lib64",
                "/usr/lib",
                "/usr/lib/wsl/lib",
                "/usr/local/nvidia/lib64",
                "/usr/local/cuda/lib64",
                "/opt/cuda/lib64")) {
            folders.add(Path.of(usual));
        }
        addMatches(Path.of("/usr/local"), "cuda-13*/lib64", folders);
        addMatches(Path.of("/usr/local"), "cuda-13*/targets/*/lib", folders);
        String home = System.getProperty("user.home", "");
        for (String python : List.of(
                environment.getOrDefault("VIRTUAL_ENV", ""),
                environment.getOrDefault("CONDA_PREFIX", ""),
                home + "/.local",
                "/usr/local",
                "/usr")) {
            Path root = Path.of(python);
            if (root.isAbsolute()) {
                addMatches(root, "lib/python3*/site-packages/nvidia/*/lib", folders);
                addMatches(root, "lib/python3*/dist-packages/nvidia/*/lib", folders);
            }
        }
        return List.copyOf(folders);
    }

    /** Folders that the dynamic loader is configured with. */
    private static void addLoaderConfiguration(Set<Path> folders) throws IOException {
        var files = new ArrayList<>(List.of(Path.of("/etc/ld.so.conf")));
        files.addAll(matches(Path.of("/etc/ld.so.conf.d"), "*.conf"));
        for (Path file : files) {
            if (Files.isReadable(file)) {
                try (Stream<String> lines = Files.lines(file)) {
                    lines.map(String::strip)
                            .filter(line -> line.startsWith("/"))
                            .map(Path::of)
                            .forEach(folders::add);
                }
            }
        }
    }

    /** Adds what matches a path of patterns below root, one folder level after the other. */
    private static void addMatches(Path root, String patterns, Set<Path> folders) throws IOException {
        List<Path> level = List.of(root);
        for (String pattern : patterns.split("/", -1)) {
            var next = new ArrayList<Path>();
            for (Path folder : level) {
                next.addAll(matches(folder, pattern));
            }
            level = next;
        }
        folders.addAll(level);
    }

    private static List<Path> matches(Path folder, String pattern) throws IOException {
        if (!Files.isDirectory(folder) || !Files.isReadable(folder)) {
            return List.of();
        }
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        var found = new ArrayList<Path>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, e -> matcher.matches(e.getFileName()))) {
            entries.forEach(found::add);
        }
        found.sort(null);
        return found;
    }
}

package dev.vicreg.runtime.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * NVIDIA's libraries on this machine, as far as one build of ONNX Runtime's CUDA provider needs them (Linux).
 *
 * <p>What a library needs stands in its dynamic section, but for two that open others by name as they run: cuDNN 9 is a
 * shell over {@code libcudnn_graph.so.9} and more (NVIDIA cuDNN, Installation, "sub-libraries"), and cuDNN and cuFFT
 * compile kernels with {@code libnvrtc} and {@code libnvJitLink} where these are there.
 *
 * @param cudaMajor the CUDA release that the provider was built for, 0 where its needs don't tell
 * @param found path by name of the libraries that are there, in the order in which they must be loaded
 * @param missing the first thing that isn't there and how to get it, null if nothing is missing
 */
record CudaLibraries(
        int cudaMajor, Map<String, Path> found, @Nullable String missing) {

    private static final Logger log = LoggerFactory.getLogger(CudaLibraries.class);

    /** What the provider of org.bytedeco:onnxruntime 1.28.0-1.5.14 needs; read from the provider itself where it is there. */
    static final List<String> USUAL_NEEDS =
            List.of("libcublasLt.so.13", "libcublas.so.13", "libcudart.so.13", "libcudnn.so.9");

    private static final String DRIVER = "libcuda.so.1";
    private static final Pattern NAME = Pattern.compile(
            "lib(cudart|cublas|cublasLt|cufft|curand|cusolver|cusparse|cudnn|cudnn_\\w+|nvrtc|nvJitLink)"
                    + "\\.so\\.(\\d+)");
    private static final Pattern DRIVER_FILE = Pattern.compile("libcuda\\.so\\.(\\d+\\.\\d+(\\.\\d+)?)");

    /** Parts of cuDNN 9 without which convolutions don't run; the process ends where cuDNN misses one. */
    private static final List<String> CUDNN_PARTS =
            List.of("libcudnn_graph.so.", "libcudnn_ops.so.", "libcudnn_cnn.so.");

    /** The package of NVIDIA's Python distributions that holds a library, where it isn't called as the library. */
    private static final Map<String, String> PACKAGES =
            Map.of("cudart", "cuda-runtime", "cublasLt", "cublas", "nvrtc", "cuda-nvrtc", "nvJitLink", "nvjitlink");

    /** Looks for what a provider needs that was built with {@code needs}; other libraries than NVIDIA's are passed over. */
    static CudaLibraries find(List<String> needs) throws IOException {
        if (!System.getProperty("os.name", "").startsWith("Linux")) {
            return new CudaLibraries(
                    majorOf(needs), Map.of(), "CUDA is looked for on Linux only; use the device cpu here");
        }
        Path home = Path.of(System.getProperty("user.home", "/"));
        return find(needs, CudaFolders.of(Path.of("/"), System.getenv(), home), NvidiaDriver.installed());
    }

    static CudaLibraries find(List<String> needs, List<Path> folders, NvidiaDriver driver) {
        int major = majorOf(needs);
        var search = new Search(folders, major);
        search.require(DRIVER, "CUDA");
        search.requireDriver(driver);
        for (String name : namesIn(needs)) {
            search.require(name, "ONNX Runtime's CUDA provider");
        }
        if (search.missing == null && driver.gpus().isEmpty()) {
            search.missing = "no GPU: there is none in /proc/driver/nvidia/gpus and no /dev/nvidia0; "
                    + "give the container access to it, for example with Docker's --gpus all";
        }
        return new CudaLibraries(major, Collections.unmodifiableMap(search.found), search.missing);
    }

    /** NVIDIA's among the libraries that a file needs. */
    static List<String> namesIn(List<String> needs) {
        return needs.stream().filter(name -> NAME.matcher(name).matches()).toList();
    }

    /** The CUDA release whose runtime or, failing that, whose matrix products are needed; 0 if neither is. */
    static int majorOf(List<String> needs) {
        for (String wanted : List.of("cudart", "cublas", "cublasLt")) {
            for (String name : needs) {
                Matcher matcher = NAME.matcher(name);
                if (matcher.matches() && matcher.group(1).equals(wanted)) {
                    return Integer.parseInt(matcher.group(2));
                }
            }
        }
        return 0;
    }

    /**
     * Loads the libraries, each after what it needs itself: the dynamic loader then finds them by name when the provider
     * or cuDNN asks, even those that lie outside its own path.
     *
     * @throws IllegalStateException if one can't be loaded
     */
    void preload() {
        found.forEach((name, path) -> {
            try {
                System.load(path.toAbsolutePath().toString());
            } catch (UnsatisfiedLinkError e) {
                if (isOptional(name)) {
                    log.debug("Cannot load {}, which CUDA can do without: {}", path, e.getMessage());
                    return;
                }
                throw new IllegalStateException(
                        "Cannot load " + path + ": " + e.getMessage() + "; install CUDA " + cudaMajor
                                + "'s libraries completely, or name their folder in " + CudaFolders.VARIABLE,
                        e);
            }
        });
    }

    private static boolean isOptional(String name) {
        return name.startsWith("libnv")
                || (name.startsWith("libcudnn_") && CUDNN_PARTS.stream().noneMatch(name::startsWith));
    }

    /** Finds libraries, each after what it needs. */
    private static final class Search {
        private final List<Path> folders;
        private final int major;
        private final Map<String, Path> found = new LinkedHashMap<>();
        private final Set<String> seen = new HashSet<>();
        private @Nullable String missing;

        Search(List<Path> folders, int major) {
            this.folders = folders;
            this.major = major;
        }

        void require(String name, String by) {
            if (seen.add(name)) {
                Path file = locate(name);
                if (file != null) {
                    add(name, file);
                } else if (missing == null) {
                    missing = name + " not found, needed by " + by + ": " + remedy(name, major);
                }
            }
        }

        /** The driver's own library tells the version too, also where it belongs to a compatibility package. */
        void requireDriver(NvidiaDriver driver) {
            Path library = found.get(DRIVER);
            String version = driver.version();
            if (library != null) {
                Matcher file = DRIVER_FILE.matcher(fileName(library));
                version = file.matches() ? file.group(1) : version;
            }
            if (missing == null && version != null && NvidiaDriver.isTooOld(version, major)) {
                missing = "NVIDIA's driver " + version + " is too old for CUDA " + major + ", which needs "
                        + NvidiaDriver.oldestFor(major) + " or newer: update it, or install cuda-compat-"
                        + release(major)
                        + " and name its folder in " + CudaFolders.VARIABLE;
            }
        }

        private void add(String name, Path file) {
            for (String need : namesIn(needs(file))) {
                require(need, name);
            }
            if (name.startsWith("libcudnn.so.")) {
                addOpenedByCudnn(name.substring("libcudnn.so.".length()), file);
            }
            found.put(name, file);
        }

        /** What cuDNN opens itself: its parts, and the compilers where they are there. */
        private void addOpenedByCudnn(String version, Path cudnn) {
            for (String compiler : List.of("libnvJitLink.so." + major, "libnvrtc.so." + major)) {
                Path file = locate(compiler);
                if (file != null && seen.add(compiler)) {
                    beside(file, "libnvrtc-builtins.so." + major + "*").forEach(found::putIfAbsent);
                    add(compiler, file);
                }
            }
            for (String part : CUDNN_PARTS) {
                require(part + version, "libcudnn.so." + version);
            }
            beside(cudnn, "libcudnn_*.so." + version).forEach((name, file) -> {
                if (seen.add(name)) {
                    add(name, file);
                }
            });
        }

        private static Map<String, Path> beside(Path library, String pattern) {
            var files = new LinkedHashMap<String, Path>();
            try {
                for (Path file : CudaFolders.matches(library.resolveSibling("."), pattern)) {
                    files.put(String.valueOf(file.getFileName()), file.normalize());
                }
            } catch (IOException e) {
                log.debug("Cannot list {}: {}", library.getParent(), e.toString());
            }
            return files;
        }

        /** The first file of that name that the dynamic loader would take. */
        private @Nullable Path locate(String name) {
            for (Path folder : folders) {
                Path file = folder.resolve(name);
                if (Files.isRegularFile(file) && isLibrary(file)) {
                    return file;
                }
            }
            return null;
        }

        private static boolean isLibrary(Path file) {
            try {
                ElfFile.needed(file);
                return true;
            } catch (IOException e) {
                log.warn("Passed over as a library of CUDA: {}", e.getMessage());
                return false;
            }
        }

        private static List<String> needs(Path file) {
            try {
                return ElfFile.needed(file);
            } catch (IOException e) {
                return List.of(); // located, hence readable a moment ago: loading will tell
            }
        }

        private static String fileName(Path path) {
            try {
                return String.valueOf(path.toRealPath().getFileName());
            } catch (IOException e) {
                return String.valueOf(path.getFileName());
            }
        }
    }

    private static String remedy(String name, int major) {
        String folder = ", or name its folder in " + CudaFolders.VARIABLE;
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            return "install NVIDIA's driver, or give the container access to it, for example with Docker's --gpus all";
        }
        String library = matcher.group(1);
        String version = matcher.group(2);
        if (library.startsWith("cudnn")) {
            return "install cuDNN " + version + " for CUDA " + major + " (NVIDIA's package cudnn" + version + "-cuda-"
                    + major + ", or pip install nvidia-cudnn-cu" + major + ")" + folder;
        }
        // From CUDA 13 on the names of the Python packages end without the release. Their versions are the libraries'.
        String python = "nvidia-" + PACKAGES.getOrDefault(library, library) + (major < 13 ? "-cu" + major : "");
        return "install CUDA " + major + "'s libraries (NVIDIA's package cuda-libraries-" + release(major)
                + ", or pip install '" + python + "==" + version + ".*')" + folder;
    }

    /** A release of that number, as NVIDIA's packages are called. */
    private static String release(int major) {
        return major + (major == 12 ? "-9" : "-0");
    }
}

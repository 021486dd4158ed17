package dev.vicreg.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ONNX Runtime's native libraries, loaded once per process: those built with training ({@code org.bytedeco:onnxruntime})
 * if they are on the class path, the official jar's otherwise.
 *
 * <p>The official Java API loads what lies in the folder named by the system property {@code onnxruntime.native.path},
 * read once, when the first of its classes is initialised. So this class unpacks the chosen libraries together with the
 * official JNI library to one folder of real files (a provider is looked for beside the main library, through links),
 * verifies them, sets the property, and initialises the API. Properties that the application has set itself are left
 * as they are.
 *
 * <p>Thread-safe and idempotent; a failure is kept and thrown again, since the API can't be initialised twice.
 */
public final class NativeLibraries {
    static final String ORT = "onnxruntime";

    private static final Logger log = LoggerFactory.getLogger(NativeLibraries.class);
    private static final String JNI = "onnxruntime4j_jni";
    private static final String PROVIDERS_SHARED = "onnxruntime_providers_shared";
    private static final String PROVIDERS_CUDA = "onnxruntime_providers_cuda";
    private static final String FOLDER_PROPERTY = "onnxruntime.native.path";
    private static final String FILE_PROPERTY = "onnxruntime.native.onnxruntime.path";

    private static @Nullable NativeLibraries loaded;
    private static @Nullable String failure;

    /**
     * A library file as it was loaded.
     *
     * @param name the file's name
     * @param path where it was loaded from
     * @param origin the jar it was unpacked from, or why there is none
     */
    public record Library(String name, Path path, String origin) {}

    private final List<Library> libraries;
    private final @Nullable NativeCache cache;
    private final List<NativeFile> cudaFiles;
    private final String version;
    private final boolean trainingEnabled;
    private final Set<String> providers;

    private NativeLibraries(
            List<Library> libraries,
            @Nullable NativeCache cache,
            List<NativeFile> cudaFiles,
            OrtEnvironment environment) {
        this.libraries = List.copyOf(libraries);
        this.cache = cache;
        this.cudaFiles = cudaFiles;
        this.version = environment.getVersion();
        this.trainingEnabled = environment.isTrainingEnabled();
        this.providers = new TreeSet<>();
        for (OrtProvider provider : OrtEnvironment.getAvailableProviders()) {
            providers.add(provider.getName());
        }
    }

    /**
     * Loads the libraries, or returns what an earlier call loaded. Call it before any class of {@code ai.onnxruntime} is
     * used; {@link OrtSessions} and {@link EmbeddingModel} do.
     *
     * @throws IllegalStateException in one line, if the platform is not supported or the libraries can't be loaded
     */
    public static synchronized NativeLibraries load() {
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
        if (loaded == null) {
            try {
                loaded = loadOnce(NativePlatform.current());
            } catch (IllegalStateException e) {
                failure = e.getMessage();
                throw e;
            }
        }
        return loaded;
    }

    /** Every library that was loaded, and where from. */
    public List<Library> libraries() {
        return libraries;
    }

    /** ONNX Runtime's own version, e.g. {@code 1.24.1}. */
    public String version() {
        return version;
    }

    /** Whether training sessions can be made. */
    public boolean trainingEnabled() {
        return trainingEnabled;
    }

    /** The execution providers compiled into these libraries, e.g. {@code CPUExecutionProvider}. */
    public Set<String> providers() {
        return Collections.unmodifiableSet(providers);
    }

    /** Whether the CUDA provider belongs to these libraries; CUDA itself may still be missing. */
    boolean hasCudaProvider() {
        return !cudaFiles.isEmpty();
    }

    /**
     * Unpacks and verifies the CUDA provider, which is large and therefore left until somebody asks for CUDA.
     *
     * @return its file
     * @throws IllegalStateException if these libraries have none, or it can't be unpacked
     */
    synchronized Path cudaProvider() {
        if (cache == null || cudaFiles.isEmpty()) {
            throw new IllegalStateException("These ONNX Runtime libraries have no CUDA provider ("
                    + libraries.get(0).origin() + "): build with -Pcuda on Linux x86-64, or use --device cpu");
        }
        try {
            cache.add(cudaFiles);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "Cannot unpack the CUDA provider to " + cache.folder() + ": " + e
                            + "; free some space or set VICREG_CACHE to another folder",
                    e);
        }
        return cache.folder().resolve(cudaFiles.get(cudaFiles.size() - 1).name());
    }

    private static NativeLibraries loadOnce(NativePlatform platform) {
        for (String property : List.of(FOLDER_PROPERTY, FILE_PROPERTY)) {
            String chosen = System.getProperty(property);
            if (chosen != null) {
                var library = new Library(platform.fileName(ORT), Path.of(chosen), "system property " + property);
                return new NativeLibraries(List.of(library), null, List.of(), initialise(chosen));
            }
        }
        try {
            NativeSet set = NativeSet.find(platform, NativeLibraries.class.getClassLoader());
            Path root = PrivateFolder.userCache(System.getenv(), System.getProperty("user.home", "?"));
            NativeCache cache = NativeCache.open(root, set.label(), set.core());
            System.setProperty(FOLDER_PROPERTY, cache.folder().toString());
            OrtEnvironment environment = initialise(cache.folder().toString());
            List<Library> libraries = loadedFrom(cache.folder(), set, environment);
            return new NativeLibraries(libraries, cache, set.cuda(), environment);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "Cannot unpack ONNX Runtime's native libraries: " + e
                            + "; free some space or set VICREG_CACHE to a folder that only you can write",
                    e);
        }
    }

    /** Loads the libraries: the API does so when its first class is initialised. */
    private static OrtEnvironment initialise(String from) {
        try {
            return OrtEnvironment.getEnvironment();
        } catch (LinkageError | RuntimeException e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            String message =
                    String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
            throw new IllegalStateException(
                    "Cannot load ONNX Runtime from " + from + ": " + message + remedy(message), e);
        }
    }

    private static String remedy(String message) {
        if (message.contains("GLIBC")) {
            return "; the natives with training need glibc 2.34 and libstdc++ of GCC 12 (GLIBCXX_3.4.30) or newer";
        }
        if (message.contains("ld-linux") || message.contains("musl")) {
            return "; it needs glibc, musl (Alpine) does not do";
        }
        if (message.contains("failed to map segment") || message.contains("Operation not permitted")) {
            return "; the folder may be mounted noexec: set VICREG_CACHE to one that is not";
        }
        return "";
    }

    /**
     * What this process has mapped, where the system tells (Linux): another library of the same name may have been
     * loaded before, and then ours was ignored.
     */
    private static List<Library> loadedFrom(Path folder, NativeSet set, OrtEnvironment environment) throws IOException {
        var libraries = new ArrayList<Library>();
        for (NativeFile file : set.core()) {
            libraries.add(new Library(file.name(), folder.resolve(file.name()), file.origin()));
        }
        Path maps = Path.of("/proc/self/maps");
        if (Files.isReadable(maps)) {
            List<String> mapped = mappedLibraries(Files.readAllLines(maps));
            if (!mapped.isEmpty() && mapped.stream().noneMatch(path -> path.startsWith(folder.toString()))) {
                log.warn(
                        "ONNX Runtime was loaded from {} by other code before; its libraries stay in use{}. Call NativeLibraries.load() first",
                        mapped,
                        environment.isTrainingEnabled() ? "" : ", without training");
                libraries.clear();
                for (String path : mapped) {
                    libraries.add(new Library(
                            String.valueOf(Path.of(path).getFileName()),
                            Path.of(path),
                            "loaded earlier by other code"));
                }
            }
        }
        return libraries;
    }

    private static List<String> mappedLibraries(List<String> maps) {
        return maps.stream()
                .filter(line -> line.contains("libonnxruntime"))
                .map(line -> line.substring(line.indexOf('/')))
                .distinct()
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    /**
     * The libraries that belong together.
     *
     * @param label names the set
     * @param core what is loaded at once: the main library and the JNI library
     * @param cuda what CUDA needs besides, the provider last; empty if there is none
     */
    private record NativeSet(String label, List<NativeFile> core, List<NativeFile> cuda) {

        static NativeSet find(NativePlatform platform, ClassLoader classes) throws IOException {
            String stock = "ai/onnxruntime/native/" + platform.stockName + "/";
            for (String name : List.of(platform.trainingName + "-gpu", platform.trainingName)) {
                String training = "org/bytedeco/onnxruntime/" + name + "/";
                URL main = classes.getResource(training + platform.trainingFileName());
                if (main != null) {
                    return of("training-" + name, platform, main, stock, training, classes);
                }
            }
            URL main = classes.getResource(stock + platform.fileName(ORT));
            if (main == null) {
                throw new IllegalStateException("No ONNX Runtime libraries on the class path: expected resource "
                        + stock + platform.fileName(ORT) + "; add com.microsoft.onnxruntime:onnxruntime");
            }
            return of("stock-" + platform.stockName, platform, main, stock, stock, classes);
        }

        private static NativeSet of(
                String label, NativePlatform platform, URL main, String stock, String providers, ClassLoader classes)
                throws IOException {
            String jniName = platform.fileName(JNI);
            URL jni = classes.getResource(stock + jniName);
            if (jni == null) {
                throw new IllegalStateException("No JNI library of ONNX Runtime on the class path: expected resource "
                        + stock + jniName + "; add com.microsoft.onnxruntime:onnxruntime");
            }
            var core = List.of(NativeFile.of(platform.fileName(ORT), main), NativeFile.of(jniName, jni));
            var cuda = new ArrayList<NativeFile>();
            for (String library : List.of(PROVIDERS_SHARED, PROVIDERS_CUDA)) {
                String name = platform.fileName(library);
                URL resource = classes.getResource(providers + name);
                if (resource != null) {
                    cuda.add(NativeFile.of(name, resource));
                }
            }
            return new NativeSet(label, core, cuda.size() == 2 ? List.copyOf(cuda) : List.of());
        }
    }
}

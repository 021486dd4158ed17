package dev.vicreg.runtime.natives;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.Reason;
import dev.vicreg.runtime.file.TemporaryFolder;
import java.io.IOException;
import java.lang.reflect.Field;
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
import org.slf4j.event.Level;

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
    private final List<NativeSet> sets;
    private final @Nullable Unpacking provider;
    private final String version;
    private final boolean trainingEnabled;
    private final Set<String> providers;
    private @Nullable CudaLibraries cuda;

    /**
     * A CUDA provider on the class path.
     *
     * @param origin the jar that holds it
     * @param needs the libraries that its dynamic section names
     */
    record CudaProvider(String origin, List<String> needs) {}

    /** Where the CUDA provider of these libraries is: unpacked and verified as somebody asks, since it is large. */
    private interface Unpacking {
        Path file() throws IOException;
    }

    private NativeLibraries(
            List<Library> libraries, List<NativeSet> sets, @Nullable Unpacking provider, OrtEnvironment environment) {
        this.libraries = List.copyOf(libraries);
        this.sets = sets;
        this.provider = provider;
        this.version = environment.getVersion();
        this.trainingEnabled = environment.isTrainingEnabled();
        this.providers = new TreeSet<>();
        for (OrtProvider available : OrtEnvironment.getAvailableProviders()) {
            providers.add(available.getName());
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

    /** ONNX Runtime's own version, e.g. {@code 1.28.0}. */
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
        return provider != null;
    }

    /**
     * What the CUDA provider needs, as found on this machine; looked for once. Unpacks and verifies the provider.
     *
     * @throws IllegalStateException if these libraries have none, or it can't be unpacked
     */
    synchronized CudaLibraries cuda() {
        if (provider == null) {
            throw new IllegalStateException("These ONNX Runtime libraries have no CUDA provider ("
                    + libraries.get(0).origin() + "): build with -Pcuda on Linux x86-64, or use the device cpu");
        }
        if (cuda == null) {
            try {
                cuda = CudaLibraries.find(ElfFile.needed(provider.file()));
            } catch (IOException e) {
                throw new IllegalStateException(
                        "Cannot unpack the CUDA provider: " + Reason.of(e)
                                + "; free some space or set VICREG_CACHE to another folder",
                        e);
            }
        }
        return cuda;
    }

    /**
     * Tells the API that the CUDA provider is unpacked. Else it unpacks the official jar's, 300 MB that nobody loads: ONNX
     * Runtime takes the provider beside its main library. A private set of the API is the only way to say so; without it
     * all works, seconds later.
     *
     * @return whether the API could be told
     */
    @SuppressWarnings("unchecked")
    static boolean markCudaProviderUnpacked() {
        try {
            Field unpacked = Class.forName("ai.onnxruntime.OnnxRuntime").getDeclaredField("extractedSharedProviders");
            unpacked.setAccessible(true);
            ((Set<String>) unpacked.get(null)).add(NativeSet.PROVIDERS_CUDA);
            return true;
        } catch (ReflectiveOperationException | RuntimeException e) {
            log.debug("ONNX Runtime's API unpacks a CUDA provider of its own: {}", e.toString());
            return false;
        }
    }

    /** The CUDA providers on the class path, that of these libraries first if they have one. Reads them where they are. */
    List<CudaProvider> cudaProviders() throws IOException {
        var found = new ArrayList<CudaProvider>();
        for (NativeSet set : sets) {
            NativeFile file = set.cudaProvider();
            if (file != null) {
                found.add(new CudaProvider(file.origin(), ElfFile.needed(file.origin(), file::open)));
            }
        }
        if (sets.isEmpty() && provider != null) { // chosen by a system property
            Path file = provider.file();
            found.add(new CudaProvider(file.toString(), ElfFile.needed(file)));
        }
        return found;
    }

    private static NativeLibraries loadOnce(NativePlatform platform) {
        for (String property : List.of(FOLDER_PROPERTY, FILE_PROPERTY)) {
            String chosen = System.getProperty(property);
            if (chosen != null) {
                var library = new Library(platform.fileName(ORT), Path.of(chosen), "system property " + property);
                Path beside = Path.of(chosen).resolve(platform.fileName(NativeSet.PROVIDERS_CUDA));
                Unpacking provider = property.equals(FOLDER_PROPERTY) && Files.exists(beside) ? () -> beside : null;
                return new NativeLibraries(List.of(library), List.of(), provider, initialise(chosen));
            }
        }
        try {
            List<NativeSet> sets = NativeSet.all(platform, NativeLibraries.class.getClassLoader());
            NativeSet set = sets.get(0);
            Path root = PrivateFolder.userCache(System.getenv(), System.getProperty("user.home", "?"));
            NativeCache cache = NativeCache.open(root, set.label(), set.core());
            System.setProperty(FOLDER_PROPERTY, cache.folder().toString());
            OrtEnvironment environment = initialise(cache.folder().toString());
            List<Library> libraries = loadedFrom(cache.folder(), set, environment);
            return new NativeLibraries(libraries, sets, provider(set, cache), environment);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "Cannot unpack ONNX Runtime's native libraries: " + Reason.of(e)
                            + "; free some space or set VICREG_CACHE to a folder that only you can write",
                    e);
        }
    }

    private static @Nullable Unpacking provider(NativeSet set, NativeCache cache) {
        NativeFile file = set.cudaProvider();
        if (file == null) {
            return null;
        }
        return () -> {
            cache.add(set.cuda());
            return cache.folder().resolve(file.name());
        };
    }

    /** Loads the libraries: the API does so when its first class is initialised. */
    private static OrtEnvironment initialise(String from) {
        try {
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            adoptTemporaryFolder();
            return environment;
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

    /**
     * Takes over the folder that the API has made among the system's temporary ones, for libraries that it may unpack:
     * it would stay if this process were killed. A private field is the only way to know which it is.
     */
    private static void adoptTemporaryFolder() {
        try {
            Field field = Class.forName("ai.onnxruntime.OnnxRuntime").getDeclaredField("tempDirectory");
            field.setAccessible(true);
            if (field.get(null) instanceof Path folder) {
                TemporaryFolder.adopt(folder, "onnxruntime-java").closeAtExit();
            }
        } catch (ReflectiveOperationException | IOException | RuntimeException e) {
            log.debug("ONNX Runtime's API keeps its temporary folder to itself: {}", e.toString());
        }
    }

    private static String remedy(String message) {
        if (message.contains("GLIBC")) {
            return "; the natives with training need glibc 2.34 and libstdc++ of GCC 12 (GLIBCXX_3.4.30) or newer";
        }
        if (message.contains("ld-linux") || message.contains("musl")) {
            return "; ONNX Runtime needs glibc, and this is musl, as on Alpine: take an image with glibc, such as Debian's";
        }
        if (message.contains("was built for newer macOS")) {
            return "; the natives with training need macOS 15 or newer";
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
                boolean trainingLost = set.label().startsWith(NativeSet.TRAINING) && !environment.isTrainingEnabled();
                log.atLevel(trainingLost ? Level.WARN : Level.DEBUG)
                        .log(
                                "ONNX Runtime was loaded from {} by other code before; its libraries stay in use{}",
                                mapped,
                                trainingLost ? ", without training. Call NativeLibraries.load() first" : "");
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
}

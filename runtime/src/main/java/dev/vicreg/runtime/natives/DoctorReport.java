package dev.vicreg.runtime.natives;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What this machine offers and what it lacks, as plain values that any JSON library writes.
 *
 * @param java version, vendor and name of the virtual machine
 * @param platform the operating system's name, version and architecture
 * @param processors those that this JVM may use; the default number of threads
 * @param maxHeapBytes the most that the Java heap may take; ONNX Runtime's memory is outside it
 * @param ortVersion ONNX Runtime's version, null if its libraries can't be loaded
 * @param trainingEnabled whether training sessions can be made
 * @param providers the execution providers compiled into the libraries
 * @param libraries path of each loaded library to the jar it comes from
 * @param gpus the models of the GPUs that NVIDIA's driver reports
 * @param driver version of NVIDIA's driver, null where the kernel reports none
 * @param cudaBuilds the CUDA providers on the class path, the one in use first
 * @param cudaLibraries name of each of CUDA's libraries that was found to its path, for the provider in use
 * @param cudaMissing the first thing that CUDA lacks here and its remedy, null if nothing is known to be missing
 * @param problem why ONNX Runtime's libraries can't be loaded, null if they are
 */
public record DoctorReport(
        String java,
        String platform,
        int processors,
        long maxHeapBytes,
        @Nullable String ortVersion,
        boolean trainingEnabled,
        List<String> providers,
        Map<String, String> libraries,
        List<String> gpus,
        @Nullable String driver,
        List<CudaBuild> cudaBuilds,
        Map<String, String> cudaLibraries,
        @Nullable String cudaMissing,
        @Nullable String problem) {

    /**
     * A CUDA provider on the class path, as its own dynamic section describes it.
     *
     * @param origin the jar that holds it
     * @param inUse whether sessions of this process use it
     * @param cudaMajor the CUDA release it was built for
     * @param oldestDriver the oldest driver that runs this release, null if unknown
     * @param needs NVIDIA's libraries that it names
     * @param missing the first thing that it lacks here and its remedy, null if nothing is known to be missing
     */
    public record CudaBuild(
            String origin,
            boolean inUse,
            int cudaMajor,
            @Nullable String oldestDriver,
            List<String> needs,
            @Nullable String missing) {}

    /** Looks at this machine. Loads the native libraries; a failure to do so is part of the report. */
    public static DoctorReport collect() throws IOException {
        NativeLibraries natives = null;
        String problem = null;
        try {
            natives = NativeLibraries.load();
        } catch (IllegalStateException e) {
            problem = e.getMessage();
        }
        return of(natives, problem);
    }

    private static DoctorReport of(@Nullable NativeLibraries natives, @Nullable String problem) throws IOException {
        boolean provided = natives != null && natives.hasCudaProvider();
        var builds = new ArrayList<CudaBuild>();
        CudaLibraries inUse = null;
        if (natives != null) {
            for (NativeLibraries.CudaProvider provider : natives.cudaProviders()) {
                CudaLibraries found = CudaLibraries.find(provider.needs());
                inUse = builds.isEmpty() && provided ? found : inUse;
                builds.add(new CudaBuild(
                        provider.origin(),
                        builds.isEmpty() && provided,
                        found.cudaMajor(),
                        NvidiaDriver.oldestFor(found.cudaMajor()),
                        CudaLibraries.namesIn(provider.needs()),
                        found.missing()));
            }
        }
        CudaLibraries cuda = inUse == null ? CudaLibraries.find(CudaLibraries.USUAL_NEEDS) : inUse;
        String cudaMissing = cuda.missing();
        if (!provided && cudaMissing == null) {
            cudaMissing = "these libraries have no CUDA provider: build with -Pcuda";
        }
        var libraries = new LinkedHashMap<String, String>();
        if (natives != null) {
            natives.libraries().forEach(library -> libraries.put(library.path().toString(), library.origin()));
        }
        NvidiaDriver driver = NvidiaDriver.installed();
        return new DoctorReport(
                property("java.version") + " (" + property("java.vendor") + ", " + property("java.vm.name") + ")",
                property("os.name") + " " + property("os.version") + " " + property("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                Runtime.getRuntime().maxMemory(),
                natives == null ? null : natives.version(),
                natives != null && natives.trainingEnabled(),
                natives == null ? List.of() : List.copyOf(natives.providers()),
                Collections.unmodifiableMap(libraries),
                driver.gpus(),
                driver.version(),
                List.copyOf(builds),
                texts(cuda.found()),
                cudaMissing,
                problem);
    }

    private static Map<String, String> texts(Map<String, Path> paths) {
        var texts = new LinkedHashMap<String, String>();
        paths.forEach((name, path) -> texts.put(name, path.toString()));
        return Collections.unmodifiableMap(texts);
    }

    private static String property(String name) {
        return System.getProperty(name, "unknown");
    }
}

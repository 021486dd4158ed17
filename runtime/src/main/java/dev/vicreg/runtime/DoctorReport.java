package dev.vicreg.runtime;

import java.io.IOException;
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
 * @param cudaLibraries name of each of CUDA's libraries that was found to its path
 * @param cudaMissing the first thing that CUDA lacks here and its remedy, null if CUDA can be used
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
        Map<String, String> cudaLibraries,
        @Nullable String cudaMissing,
        @Nullable String problem) {

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
        boolean cudaBuild = natives != null && natives.hasCudaProvider();
        CudaLibraries cuda = CudaLibraries.find(natives != null && cudaBuild ? natives.cudaProvider() : null);
        String cudaMissing = cuda.missing();
        if (!cudaBuild && cudaMissing == null) {
            cudaMissing = "these libraries have no CUDA provider: build with -Pcuda";
        }
        var libraries = new LinkedHashMap<String, String>();
        if (natives != null) {
            natives.libraries().forEach(library -> libraries.put(library.path().toString(), library.origin()));
        }
        var cudaLibraries = new LinkedHashMap<String, String>();
        cuda.found()
                .forEach(found -> cudaLibraries.put(found.name(), found.path().toString()));
        return new DoctorReport(
                property("java.version") + " (" + property("java.vendor") + ", " + property("java.vm.name") + ")",
                property("os.name") + " " + property("os.version") + " " + property("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                Runtime.getRuntime().maxMemory(),
                natives == null ? null : natives.version(),
                natives != null && natives.trainingEnabled(),
                natives == null ? List.of() : List.copyOf(natives.providers()),
                Collections.unmodifiableMap(libraries),
                cuda.gpus(),
                Collections.unmodifiableMap(cudaLibraries),
                cudaMissing,
                problem);
    }

    private static String property(String name) {
        return System.getProperty(name, "unknown");
    }
}

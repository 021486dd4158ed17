package dev.vicreg.runtime.natives;

import java.io.IOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime's libraries on the class path that belong together.
 *
 * @param label names the set
 * @param core what is loaded at once: the main library and the JNI library
 * @param cuda what CUDA needs besides, the provider last; empty if there is none
 */
record NativeSet(String label, List<NativeFile> core, List<NativeFile> cuda) {
    /** How the labels of sets with training begin. */
    static final String TRAINING = "training-";

    private static final String JNI = "onnxruntime4j_jni";
    static final String PROVIDERS_SHARED = "onnxruntime_providers_shared";
    static final String PROVIDERS_CUDA = "onnxruntime_providers_cuda";

    /**
     * The sets on the class path, the one to use first: those built with training before the official ones.
     *
     * @throws IllegalStateException if there is none
     */
    static List<NativeSet> all(NativePlatform platform, ClassLoader classes) throws IOException {
        var sets = new ArrayList<NativeSet>();
        String stock = "ai/onnxruntime/native/" + platform.stockName + "/";
        for (String name : List.of(platform.trainingName + "-gpu", platform.trainingName)) {
            String training = "org/bytedeco/onnxruntime/" + name + "/";
            URL main = classes.getResource(training + platform.trainingFileName);
            if (main != null) {
                sets.add(of(TRAINING + name, platform, main, stock, training, classes));
            }
        }
        URL main = classes.getResource(stock + platform.fileName(NativeLibraries.ORT));
        if (main != null) {
            sets.add(of("stock-" + platform.stockName, platform, main, stock, stock, classes));
        }
        if (sets.isEmpty()) {
            throw new IllegalStateException("No ONNX Runtime libraries on the class path: expected resource " + stock
                    + platform.fileName(NativeLibraries.ORT) + "; add com.microsoft.onnxruntime:onnxruntime");
        }
        return sets;
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
        var core = List.of(NativeFile.of(platform.fileName(NativeLibraries.ORT), main), NativeFile.of(jniName, jni));
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

    /** The CUDA provider, null if the set has none. */
    @Nullable
    NativeFile cudaProvider() {
        return cuda.isEmpty() ? null : cuda.get(cuda.size() - 1);
    }
}

package dev.vicreg.runtime.natives;

import java.util.Locale;

/** The platforms for which both the official JNI library and natives with training exist, and how files are called there. */
enum NativePlatform {
    LINUX_X86_64("linux-x86_64", "linux-x64", "lib%s.so", ".1"),
    LINUX_ARM64("linux-arm64", "linux-aarch64", "lib%s.so", ".1"),
    WINDOWS_X86_64("windows-x86_64", "win-x64", "%s.dll", "");

    private static final String SUPPORTED = "Linux x86-64, Linux arm64 (both with glibc) or Windows x86-64";

    /** The classifier of {@code org.bytedeco:onnxruntime}, and the folder in its jar. */
    final String trainingName;

    /** The folder in {@code com.microsoft.onnxruntime:onnxruntime}'s jar. */
    final String stockName;

    private final String fileNamePattern;
    private final String sonameSuffix;

    NativePlatform(String trainingName, String stockName, String fileNamePattern, String sonameSuffix) {
        this.trainingName = trainingName;
        this.stockName = stockName;
        this.fileNamePattern = fileNamePattern;
        this.sonameSuffix = sonameSuffix;
    }

    /** The platform of this process. */
    static NativePlatform current() {
        return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    /**
     * The platform of a JVM that reports these system properties.
     *
     * @throws IllegalStateException if ONNX Runtime's Java API has no native library for it
     */
    static NativePlatform of(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String arch = osArch.toLowerCase(Locale.ROOT);
        boolean x86 = arch.equals("amd64") || arch.equals("x86_64");
        boolean arm = arch.equals("aarch64") || arch.equals("arm64");
        if (os.startsWith("linux") && x86) {
            return LINUX_X86_64;
        }
        if (os.startsWith("linux") && arm) {
            return LINUX_ARM64;
        }
        if (os.startsWith("windows") && x86) {
            return WINDOWS_X86_64;
        }
        if (os.startsWith("mac") || os.startsWith("darwin")) {
            throw new IllegalStateException(
                    "macOS is not supported: onnxruntime 1.24.1 has no JNI library for it (os.arch " + osArch
                            + "); use " + SUPPORTED + ", for example in a container");
        }
        throw new IllegalStateException("Unsupported platform: os.name '" + osName + "', os.arch '" + osArch
                + "'; onnxruntime 1.24.1 has JNI libraries for " + SUPPORTED);
    }

    /** The name under which ONNX Runtime's Java API looks for a library in a folder, e.g. {@code libonnxruntime.so}. */
    String fileName(String library) {
        return String.format(Locale.ROOT, fileNamePattern, library);
    }

    /** The name of the main library in the jar with training, e.g. {@code libonnxruntime.so.1}. */
    String trainingFileName() {
        return fileName(NativeLibraries.ORT) + sonameSuffix;
    }
}

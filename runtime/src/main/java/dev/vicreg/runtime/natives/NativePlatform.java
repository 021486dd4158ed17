package dev.vicreg.runtime.natives;

import java.util.Locale;

/** The platforms for which both the official JNI library and natives with training exist, and how files are called there. */
enum NativePlatform {
    LINUX_X86_64("linux-x86_64", "linux-x64", "lib%s.so", "libonnxruntime.so.1"),
    LINUX_ARM64("linux-arm64", "linux-aarch64", "lib%s.so", "libonnxruntime.so.1"),
    MACOS_ARM64("macosx-arm64", "osx-aarch64", "lib%s.dylib", "libonnxruntime.1.dylib"),
    WINDOWS_X86_64("windows-x86_64", "win-x64", "%s.dll", "onnxruntime.dll");

    private static final String SUPPORTED =
            "Linux x86-64, Linux arm64 (both with glibc), macOS on Apple silicon or Windows x86-64";

    /** The classifier of {@code org.bytedeco:onnxruntime}, and the folder in its jar. */
    final String trainingName;

    /** The folder in {@code com.microsoft.onnxruntime:onnxruntime}'s jar. */
    final String stockName;

    /** The main library's name in the jar with training, e.g. {@code libonnxruntime.so.1}. */
    final String trainingFileName;

    private final String fileNamePattern;

    NativePlatform(String trainingName, String stockName, String fileNamePattern, String trainingFileName) {
        this.trainingName = trainingName;
        this.stockName = stockName;
        this.fileNamePattern = fileNamePattern;
        this.trainingFileName = trainingFileName;
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
        boolean mac = os.startsWith("mac") || os.startsWith("darwin");
        if (mac && arm) {
            return MACOS_ARM64;
        }
        if (mac && x86) {
            throw new IllegalStateException("macOS on Intel is not supported: onnxruntime has no JNI library for it"
                    + " (os.arch " + osArch + "); on Apple silicon take a JDK for aarch64, else use " + SUPPORTED);
        }
        throw new IllegalStateException("Unsupported platform: os.name '" + osName + "', os.arch '" + osArch
                + "'; onnxruntime has JNI libraries for " + SUPPORTED);
    }

    /** The name under which ONNX Runtime's Java API looks for a library in a folder, e.g. {@code libonnxruntime.so}. */
    String fileName(String library) {
        return String.format(Locale.ROOT, fileNamePattern, library);
    }
}

package dev.vicreg.runtime.natives;

import ai.onnxruntime.OrtEnvironment;

/** Main class of forked JVMs: loads the libraries and prints what was loaded, or the error's one line. */
final class LoadProbe {
    private LoadProbe() {}

    public static void main(String[] args) throws InterruptedException {
        if (Boolean.getBoolean("probe.ort.first")) {
            OrtEnvironment.getEnvironment();
        }
        try {
            NativeLibraries first = NativeLibraries.load();
            System.out.println("same " + (first == NativeLibraries.load()));
            System.out.println("version " + first.version());
            System.out.println("training " + first.trainingEnabled());
            System.out.println("loaded");
            if (Boolean.getBoolean("probe.sleep")) {
                Thread.sleep(600_000); // until it is killed
            }
            first.libraries().forEach(library -> System.out.println(library.path() + " from " + library.origin()));
        } catch (IllegalStateException e) {
            System.out.println("error " + e.getMessage());
            System.exit(1);
        }
    }
}

package dev.vicreg.training;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;

/** The GPU that some tests need. */
public final class Gpu {
    public static final Device DEVICE = Device.parse("cuda");

    private Gpu() {}

    /** Skips the test with the reason where there is none that these libraries can use. */
    public static void require() {
        try {
            OrtSessions.resolve(DEVICE);
        } catch (IllegalStateException e) {
            abort(e.getMessage());
        }
    }
}

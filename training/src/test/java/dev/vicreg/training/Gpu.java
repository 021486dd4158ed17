package dev.vicreg.training;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The GPU that some tests need. */
public final class Gpu {
    public static final Device DEVICE = Device.parse("cuda");

    private static final String DIFFERENCES = "vicreg.test.differences";

    private Gpu() {}

    /** Adds a line to the file that the system property names, if it is set: what was seen, beside what is tolerated. */
    public static void record(String test, String what, double difference, double tolerance) {
        String file = System.getProperty(DIFFERENCES);
        if (file != null) {
            try {
                Files.writeString(
                        Path.of(file),
                        test + "\t" + what + "\t" + difference + "\t" + tolerance + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Skips the test with the reason where there is none that these libraries can use. */
    public static void require() {
        try {
            OrtSessions.resolve(DEVICE);
        } catch (IllegalStateException e) {
            abort(e.getMessage());
        }
    }
}

package dev.vicreg.tools.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** Where Jazzer comes in: see tools/fuzz. The system property {@code fuzz.target} names the {@link FuzzTarget}. */
public final class Fuzz {
    private static final FuzzTarget TARGET = FuzzTarget.valueOf(System.getProperty("fuzz.target", "PNG"));
    private static final Path FOLDER = folder();

    private Fuzz() {}

    private static Path folder() {
        try {
            return Files.createDirectories(Path.of(System.getProperty("fuzz.folder", "fuzz")));
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Reads the seeds, and refuses their halves, so that none of the time for inputs goes to loading classes. */
    public static void fuzzerInitialize() throws IOException {
        for (byte[] seed : FuzzSeeds.of(TARGET).values()) {
            TARGET.run(FOLDER, seed);
            TARGET.run(FOLDER, Arrays.copyOf(seed, seed.length / 2));
        }
    }

    /** Reads one input. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        TARGET.run(FOLDER, input);
    }

    /** Without arguments names the targets; with a folder writes the seeds of the target into it. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 0) {
            for (FuzzTarget target : FuzzTarget.values()) {
                System.out.println(target);
            }
            return;
        }
        for (Map.Entry<String, byte[]> seed : FuzzSeeds.of(TARGET).entrySet()) {
            Files.write(Path.of(arguments[0], seed.getKey()), seed.getValue());
        }
    }
}

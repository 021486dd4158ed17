package dev.vicreg.tools.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The readers over a small corpus: good files, each cut off and with every bit turned here and there, and what fuzzing
 * found before (src/test/resources/fuzz). tools/fuzz looks for more.
 */
class FuzzTargetsTest {
    private static final Path FOUND = Path.of("src/test/resources/fuzz");
    /** Inputs made of each seed. */
    private static final int CUTS = 8;

    private static final int TURNS = 40;

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void goodFilesAndDamagedOnesAreReadOrRefusedInOneLine(FuzzTarget target) throws IOException {
        Map<String, byte[]> seeds = FuzzSeeds.of(target);
        assertFalse(seeds.isEmpty());
        for (Map.Entry<String, byte[]> seed : seeds.entrySet()) {
            byte[] good = seed.getValue();
            run(target, seed.getKey(), good);
            for (int i = 0; i < CUTS; i++) {
                run(target, seed.getKey() + " cut", Arrays.copyOf(good, i * good.length / CUTS));
            }
            for (int i = 0; i < TURNS; i++) {
                byte[] turned = good.clone();
                turned[(int) ((long) i * good.length / TURNS)] ^= (byte) (1 << i % 8);
                run(target, seed.getKey() + " with a bit turned, number " + i, turned);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatFuzzingFoundIsReadOrRefusedInOneLine(FuzzTarget target) throws IOException {
        Path found = FOUND.resolve(target.name().toLowerCase(Locale.ROOT));
        if (!Files.isDirectory(found)) {
            return;
        }
        try (Stream<Path> files = Files.list(found)) {
            List<Path> inputs = files.sorted().toList();
            for (Path input : inputs) {
                run(target, input.toString(), Files.readAllBytes(input));
            }
        }
    }

    private void run(FuzzTarget target, String name, byte[] input) throws IOException {
        try {
            target.run(folder, input);
        } catch (Throwable e) {
            throw new AssertionError(target + ", " + name + ": " + e, e);
        }
    }
}

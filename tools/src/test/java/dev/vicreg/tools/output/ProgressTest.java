package dev.vicreg.tools.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.tools.cli.Console;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ProgressTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console =
            new Console(System.out, new PrintStream(err, true, StandardCharsets.UTF_8), false, () -> () -> false);

    private List<String> lines() {
        return err.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** The first step may take minutes: large pictures are decoded for it, or a large model runs. */
    @Test
    @Timeout(60)
    void aTaskWhoseFirstStepTakesLongIsNotSilent() throws InterruptedException {
        try (Progress progress = new Progress(console, "embed", 0, 9, Duration.ofMillis(20), Duration.ofMillis(20))) {
            while (lines().size() < 2) { // it goes on saying so
                Thread.onSpinWait();
            }
            assertEquals(List.of("embed 0/9", "embed 0/9"), lines().subList(0, 2));
            progress.at(4, "loss 1.0", "", "scale 8");
            int before = lines().size();
            while (lines().size() < before + 2) {
                Thread.onSpinWait();
            }
            assertTrue(lines().get(before + 1).startsWith("embed 4/9  loss 1.0 scale 8"), lines().toString());
        }
    }

    /** Also in the lines that no step prints. */
    @Test
    @Timeout(60)
    void everyLineHasTheRateOnceItIsKnown() throws InterruptedException {
        try (Progress progress = new Progress(console, "train", 0, 9, Duration.ofMillis(20), Duration.ofMillis(20))) {
            progress.at(1);
            progress.at(3);
            int before = lines().size();
            while (lines().size() < before + 2) {
                Thread.onSpinWait();
            }
            String line = lines().get(before + 1);
            assertTrue(line.matches("train 3/9  [0-9.]+/s  \\d+ (s|min|h) left"), line);
        }
    }

    @Test
    void shortTasksSayHowTheyEnded() {
        try (Progress progress = new Progress(console, "embed", 0, 2, Duration.ofHours(1), Duration.ofHours(1))) {
            progress.at(1);
            progress.at(2);
        }
        assertEquals(List.of("embed 2/2"), lines());
    }
}

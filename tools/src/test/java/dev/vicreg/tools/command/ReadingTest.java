package dev.vicreg.tools.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.tools.cli.Console;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Selection;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadingTest {
    private static final int PICTURES = 150;

    @TempDir
    Path folder;

    private String shown(boolean terminal, Duration silent) throws IOException {
        for (int i = 0; i < PICTURES; i++) {
            ImageIO.write(
                    new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB),
                    "png",
                    folder.resolve(i + ".png").toFile());
        }
        Files.writeString(folder.resolve("damaged.png"), "none");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        Console console = new Console(err, err, terminal, () -> () -> false);
        try (Datasets datasets = new Datasets(new Reading(console, silent))) {
            assertEquals(
                    PICTURES,
                    datasets.open(folder.toString(), DataOptions.DEFAULT, Selection.ALL)
                            .size());
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTerminalShowsHowFarPicturesAreRead() throws IOException {
        String shown = shown(true, Duration.ZERO);
        assertTrue(shown.startsWith("\rreading pictures [          ] 1/151 "), shown);
        assertTrue(shown.contains("\rreading pictures [==========] 151/151 "), shown);
        assertTrue(shown.endsWith(System.lineSeparator()), shown);
    }

    @Test
    void elsewhereTheLastLineSaysThatAllAreRead() throws IOException {
        assertEquals(
                "reading pictures 151/151" + System.lineSeparator(),
                shown(false, Duration.ZERO).replaceFirst("^(reading pictures [0-9]+/151.*s left\\R)+", ""));
    }

    @Test
    void whatIsReadSoonIsReadInSilence() throws IOException {
        assertEquals("", shown(true, Duration.ofDays(1)));
    }
}

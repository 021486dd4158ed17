package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureGridTest {
    @TempDir
    Path folder;

    @Test
    void picturesStandInRowsInsideTheirFrames() throws IOException {
        PictureGrid grid = new PictureGrid(2, 16);
        grid.add(flat(40)).add(flat(80), "", Color.RED).add(flat(120), "caption", null);
        grid.write(folder.resolve("sheet.png"));
        Picture sheet = PictureDecoder.decode(Files.readAllBytes(folder.resolve("sheet.png")), "sheet.png");
        int pitchX = 16 + 6 + 4;
        int pitchY = pitchX + 14;
        assertEquals(List.of(2 * pitchX + 4, 2 * pitchY + 4), List.of(sheet.width(), sheet.height()));
        assertEquals(40, red(sheet, 4 + 11, 4 + 11));
        assertEquals(80, red(sheet, 4 + pitchX + 11, 4 + 11));
        assertEquals(255, red(sheet, 4 + pitchX + 1, 4 + 1));
        assertEquals(120, red(sheet, 4 + 11, 4 + pitchY + 11));
    }

    @Test
    void failedWriteLeavesNothingBehind() throws IOException {
        Path occupied = folder.resolve("sheet.png");
        Files.createDirectories(occupied.resolve("inside"));
        assertThrows(
                IOException.class, () -> new PictureGrid(1, 16).add(flat(1)).write(occupied));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(occupied), files.toList());
        }
    }

    private static Picture flat(int level) {
        byte[] rgb = new byte[4 * 4 * 3];
        Arrays.fill(rgb, (byte) level);
        return new Picture(4, 4, rgb);
    }

    private static int red(Picture picture, int x, int y) {
        return picture.rgb()[(y * picture.width() + x) * 3] & 255;
    }
}

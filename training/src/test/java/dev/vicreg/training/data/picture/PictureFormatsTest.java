package dev.vicreg.training.data.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Formats that need the readers which this module brings. The files are made by {@code pillow_formats.py}. */
class PictureFormatsTest {
    @ParameterizedTest
    @CsvSource({"plain.webp, 24, 16", "turned.webp, 16, 24", "turned.png, 16, 24", "cmyk.jpg, 24, 16"})
    void isReadUpright(String name, int width, int height) throws IOException {
        Picture picture = decode(name);
        assertEquals(width, picture.width());
        assertEquals(height, picture.height());
        assertNear(0xDC1E28, picture, 4, 4);
        assertNear(0xFFFFFF, picture, width - 4, height - 4);
    }

    private static Picture decode(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(PictureFormatsTest.class.getResourceAsStream(name), name)) {
            return Picture.decode(in.readAllBytes(), name);
        }
    }

    private static void assertNear(int rgb, Picture picture, int x, int y) {
        for (int c = 0; c < 3; c++) {
            int expected = (rgb >> (16 - 8 * c)) & 255;
            int actual = picture.rgb()[(y * picture.width() + x) * 3 + c] & 255;
            assertTrue(
                    Math.abs(expected - actual) <= 8, "channel " + c + ": expected " + expected + ", found " + actual);
        }
    }
}

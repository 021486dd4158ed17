package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against pictures that Pillow made: {@code pillow_resize.py} in the test resources holds the exact calls. */
class ResamplingTest {
    @ParameterizedTest
    @CsvSource({
        "BICUBIC, 16, 16", "BICUBIC, 32, 32", "BICUBIC, 64, 48", "BICUBIC, 37, 10", "BICUBIC, 5, 29",
        "BILINEAR, 16, 16", "BILINEAR, 32, 32", "BILINEAR, 64, 48", "BILINEAR, 37, 10", "BILINEAR, 5, 29"
    })
    void resizeEqualsPillow(Interpolation interpolation, int width, int height) throws IOException {
        String name = interpolation.name().toLowerCase(Locale.ROOT) + "-" + width + "x" + height + ".png";
        assertEquals(0, largestDifference(reference(name), source().resize(width, height, interpolation)));
    }

    @Test
    void pixelsOutsideTheCropHaveNoInfluence() throws IOException {
        Picture window = source().cropAndResize(3, 5, 21, 17, 32, 32, Interpolation.BICUBIC);
        assertEquals(0, largestDifference(reference("bicubic-crop-32x32.png"), window));
        assertEquals(source().crop(3, 5, 21, 17).resize(32, 32, Interpolation.BICUBIC), window);
    }

    @Test
    void sameSizeChangesNothing() {
        assertEquals(source(), source().resize(37, 29, Interpolation.BICUBIC));
    }

    @Test
    void cropLeavingThePictureIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> source().crop(30, 0, 8, 8));
    }

    private static Picture source() {
        byte[] rgb = new byte[37 * 29 * 3];
        int i = 0;
        for (int y = 0; y < 29; y++) {
            for (int x = 0; x < 37; x++) {
                rgb[i++] = (byte) (x * x * 3 + y * 7);
                rgb[i++] = (byte) ((x / 4 + y / 4) % 2 == 1 ? 240 : 16);
                rgb[i++] = (byte) (x * y * 5);
            }
        }
        return new Picture(37, 29, rgb);
    }

    private static Picture reference(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(ResamplingTest.class.getResourceAsStream(name), name)) {
            return Picture.decode(in.readAllBytes(), name);
        }
    }

    private static int largestDifference(Picture expected, Picture actual) {
        assertEquals(expected.width() + "x" + expected.height(), actual.width() + "x" + actual.height());
        int largest = 0;
        for (int i = 0; i < expected.rgb().length; i++) {
            largest = Math.max(largest, Math.abs((expected.rgb()[i] & 255) - (actual.rgb()[i] & 255)));
        }
        return largest;
    }
}

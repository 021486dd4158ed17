package dev.vicreg.training.data.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.picture.ViewParameters.Jitter;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against pictures that Pillow made: {@code pillow_effects.py} in the test resources holds the exact calls. */
class PillowConformanceTest {
    private static final int WIDTH = 45;
    private static final int HEIGHT = 31;

    @Test
    void resize() throws IOException {
        check("resize", source().cropAndResize(7, 4, 31, 23, 32, 32, Interpolation.BICUBIC));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.6, 1.0, 1.4})
    void brightness(double factor) throws IOException {
        check("brightness-" + factor, PictureEffects.brightness(source(), factor));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.6, 1.0, 1.4})
    void contrast(double factor) throws IOException {
        check("contrast-" + factor, PictureEffects.contrast(source(), factor));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.8, 1.2})
    void saturation(double factor) throws IOException {
        check("saturation-" + factor, PictureEffects.saturation(source(), factor));
    }

    @ParameterizedTest
    @ValueSource(ints = {-25, 0, 13, 128})
    void hue(int shift) throws IOException {
        check("hue-" + shift, PictureEffects.hue(source(), shift));
    }

    @Test
    void greyscale() throws IOException {
        check("greyscale", PictureEffects.greyscale(source()));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.5, 1.0, 2.0, 7.5})
    void blur(double sigma) throws IOException {
        check("blur-" + sigma, GaussianBlur.apply(source(), sigma));
    }

    @Test
    void solarise() throws IOException {
        check("solarise-128", PictureEffects.solarise(source(), 128));
    }

    @Test
    void mirror() throws IOException {
        check("mirror", PictureEffects.mirror(source()));
    }

    @Test
    void wholeView() throws IOException {
        List<Jitter> order = List.of(Jitter.CONTRAST, Jitter.HUE, Jitter.SATURATION, Jitter.BRIGHTNESS);
        ViewParameters view = new ViewParameters(7, 4, 31, 23, order, 0.7, 1.3, 0.85, -17, false, 0.8, true, true);
        check("view", view.apply(source(), PictureSize.square(32)));
    }

    /** The steps repeat Pillow's arithmetic, so that nothing is left of the two grey levels allowed. */
    private static void check(String name, Picture actual) throws IOException {
        Picture expected = reference(name + ".png");
        assertEquals(expected.width() + "x" + expected.height(), actual.width() + "x" + actual.height());
        int different = 0;
        int largest = 0;
        for (int i = 0; i < expected.rgb().length; i++) {
            int difference = Math.abs((expected.rgb()[i] & 255) - (actual.rgb()[i] & 255));
            different += difference > 0 ? 1 : 0;
            largest = Math.max(largest, difference);
        }
        assertTrue(largest == 0, name + ": " + different + " samples differ, by up to " + largest);
    }

    private static Picture source() {
        byte[] rgb = new byte[WIDTH * HEIGHT * 3];
        int i = 0;
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                rgb[i++] = (byte) (x * x * 3 + y * 7);
                rgb[i++] = (byte) ((x / 4 + y / 4) % 2 == 1 ? 240 : 16);
                rgb[i++] = (byte) (x * y * 5);
            }
        }
        return new Picture(WIDTH, HEIGHT, rgb);
    }

    private static Picture reference(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(PillowConformanceTest.class.getResourceAsStream(name), name)) {
            return Picture.decode(in.readAllBytes(), name);
        }
    }
}

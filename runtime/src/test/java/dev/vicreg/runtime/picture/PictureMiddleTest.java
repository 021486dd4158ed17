package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** How pictures of any size are brought to a model's. */
class PictureMiddleTest {
    @Test
    void pictureOfTheModelsSizeIsLeftAlone() {
        Picture picture = ramp(8, 8);
        assertSame(picture, picture.middle(8, 8, Interpolation.BICUBIC));
    }

    @Test
    void middleOfLongerSideIsKept() {
        // 12 wide: two columns go on either side; the red value of a pixel is its column
        Picture prepared = ramp(12, 8).middle(8, 8, Interpolation.BICUBIC);
        assertEquals(8, prepared.width());
        assertEquals(2, prepared.rgb()[0]);
        assertEquals(9, prepared.rgb()[7 * 3]);
    }

    @Test
    void shorterSideIsResizedBeforeTheCrop() {
        Picture picture = ramp(48, 32);
        Picture expected = picture.resize(15, 10, Interpolation.BICUBIC).crop(4, 1, 8, 8); // 3.5 rounds to even
        assertEquals(expected, picture.middle(10, 8, Interpolation.BICUBIC));
    }

    @Test
    void narrowPictureDoesNotGrowWithoutBounds() {
        Picture prepared = ramp(1, 1_000_000).middle(8, 8, Interpolation.BICUBIC);
        assertEquals(8, prepared.width());
        assertEquals(8, prepared.height());
    }

    @Test
    void cropLargerThanResizeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ramp(8, 8).middle(8, 9, Interpolation.BICUBIC));
    }

    private static Picture ramp(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) {
            rgb[i * 3] = (byte) (i % width);
            rgb[i * 3 + 1] = (byte) (i / width);
        }
        return new Picture(width, height, rgb);
    }
}

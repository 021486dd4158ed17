package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    /** The definition: torchvision resizes all of it, then cuts. */
    @ParameterizedTest
    @CsvSource({"300, 36, 9", "289, 36, 32", "30, 641, 32", "30, 641, 7", "17, 400, 40", "401, 17, 17"})
    void middleIsThatOfTheWholePictureResized(int width, int height, int size) {
        Picture picture = ramp(width, height);
        int w = size * width / Math.min(width, height);
        int h = size * height / Math.min(width, height);
        int left = (int) Math.rint((w - size) / 2.0);
        int top = (int) Math.rint((h - size) / 2.0);
        for (Interpolation kernel : Interpolation.values()) {
            Picture expected = picture.resize(w, h, kernel).crop(left, top, size, size);
            assertEquals(expected, picture.middle(size, size, kernel));
        }
    }

    /** As a manifest may ask for; the whole of it would take exabytes. */
    @Test
    void onlyWhatIsKeptIsComputed() {
        Picture prepared = ramp(64, 48).middle(Integer.MAX_VALUE, 8, Interpolation.BICUBIC);
        assertEquals(8, prepared.width());
        assertEquals(32, prepared.rgb()[0], 1);
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

    @Test
    void aCoverOfAnyProportionsIsTheMiddleOfAResizedPicture() {
        Picture picture = ramp(60, 40);
        assertEquals(picture.middle(8, 8, Interpolation.BICUBIC), picture.cover(8, 8, Interpolation.BICUBIC));
        Picture wide = picture.resize(20, 13, Interpolation.BICUBIC).crop(0, 2, 20, 8);
        assertEquals(wide, picture.cover(20, 8, Interpolation.BICUBIC));
        Picture tall = picture.resize(30, 20, Interpolation.BICUBIC).crop(10, 0, 10, 20);
        assertEquals(tall, picture.cover(10, 20, Interpolation.BICUBIC));
        assertSame(picture, picture.cover(60, 40, Interpolation.BICUBIC));
    }
}

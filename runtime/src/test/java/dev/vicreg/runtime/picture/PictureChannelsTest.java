package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures of other channels than three: read, converted, resized and turned. */
class PictureChannelsTest {
    /** Opaque red, half-transparent green, a white and a blue that nobody sees. */
    private static final int[] ARGB = {0xFFFF0000, 0x8000FF00, 0x00FFFFFF, 0x000000FF};

    private static byte[] encoded(String format, int type) throws IOException {
        BufferedImage image = new BufferedImage(2, 2, type);
        image.setRGB(0, 0, 2, 2, ARGB, 0, 2);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out), format);
        return out.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "tiff"})
    void alphaIsKeptWhereItIsAskedFor(String format) throws IOException {
        byte[] file = encoded(format, BufferedImage.TYPE_4BYTE_ABGR);
        Picture kept = Picture.decode(file, "a", 4);
        assertArrayEquals(bytes(255, 0, 0, 255, 0, 255, 0, 128, 255, 255, 255, 0, 0, 0, 255, 0), kept.samples());
        assertArrayEquals(
                bytes(76, 255, 150, 128, 255, 0, 29, 0),
                Picture.decode(file, "a", 2).samples());
        Picture white = Picture.decode(file, "a");
        assertArrayEquals(bytes(255, 0, 0, 127, 255, 127, 255, 255, 255, 255, 255, 255), white.samples());
        assertArrayEquals(white.rgb(), kept.rgb());
        assertEquals(white, kept.withChannels(3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "bmp"})
    void whatHasNoAlphaIsOpaque(String format) throws IOException {
        byte[] file = encoded(format, BufferedImage.TYPE_3BYTE_BGR);
        Picture rgb = Picture.decode(file, "a");
        Picture opaque = Picture.decode(file, "a", 4);
        assertEquals(rgb, opaque.withChannels(3));
        for (int pixel = 0; pixel < 4; pixel++) {
            assertEquals(-1, opaque.samples()[4 * pixel + 3]);
            assertEquals(rgb.grey()[pixel], Picture.decode(file, "a", 2).samples()[2 * pixel]);
        }
        IOException refused = assertThrows(IOException.class, () -> Picture.decode(file, "a.x", 6));
        assertEquals("cannot decode picture a.x: a picture of 3 channels, expected 6", refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tiffOfManySamplesIsReadAsItIs(boolean planar) throws IOException {
        byte[] file = tiff(5, 3, 6, planar);
        Picture picture = Picture.decode(file, "bands.tif", 6);
        for (int pixel = 0; pixel < 15; pixel++) {
            for (int c = 0; c < 6; c++) {
                assertEquals(10 * c + pixel, picture.samples()[6 * pixel + c]);
            }
        }
        IOException refused = assertThrows(IOException.class, () -> Picture.decode(file, "bands.tif", 5));
        assertEquals("cannot decode picture bands.tif: a picture of 6 channels, expected 5", refused.getMessage());
    }

    /** Uncompressed, of samples 10 c + pixel. */
    private static byte[] tiff(int width, int height, int channels, boolean planar) {
        int pixels = width * height;
        ByteBuffer out = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        out.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(0);
        for (int i = 0; i < pixels * channels; i++) {
            int c = planar ? i / pixels : i % channels;
            out.put((byte) (10 * c + (planar ? i % pixels : i / channels)));
        }
        int bits = out.position();
        for (int c = 0; c < channels; c++) {
            out.putShort((short) 8);
        }
        int offsets = out.position();
        for (int c = 0; c < channels; c++) {
            out.putInt(8 + c * pixels);
        }
        int counts = out.position();
        for (int c = 0; c < channels; c++) {
            out.putInt(pixels);
        }
        int strips = planar ? channels : 1;
        List<int[]> tags = List.of(
                new int[] {256, 4, 1, width},
                new int[] {257, 4, 1, height},
                new int[] {258, 3, channels, bits},
                new int[] {259, 3, 1, 1},
                new int[] {262, 3, 1, 1},
                new int[] {273, 4, strips, planar ? offsets : 8},
                new int[] {277, 3, 1, channels},
                new int[] {278, 4, 1, height},
                new int[] {279, 4, strips, planar ? counts : pixels * channels},
                new int[] {284, 3, 1, planar ? 2 : 1});
        out.putInt(4, out.position()).putShort((short) tags.size());
        for (int[] tag : tags) {
            out.putShort((short) tag[0]).putShort((short) tag[1]).putInt(tag[2]).putInt(tag[3]);
        }
        return out.array();
    }

    private static Picture noise(int width, int height, int channels) {
        byte[] samples = new byte[width * height * channels];
        new Random(3).nextBytes(samples);
        return new Picture(width, height, channels, samples);
    }

    /** One channel three times. */
    private static Picture alone(Picture picture, int channel) {
        byte[] rgb = new byte[picture.width() * picture.height() * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = picture.samples()[i / 3 * picture.channels() + channel];
        }
        return new Picture(picture.width(), picture.height(), rgb);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 7, 16})
    void everyChannelIsResizedCutAndTurnedAsAColourIs(int channels) {
        Picture picture = noise(41, 37, channels);
        Picture small = picture.cropAndResize(3, 2, 30, 29, 9, 14, Interpolation.BICUBIC);
        Picture middle = picture.middle(20, 16, Interpolation.BILINEAR);
        Picture cut = picture.crop(5, 6, 7, 8);
        Picture turned = ExifOrientation.TURNED_LEFT.applyTo(picture);
        for (int c = 0; c < channels; c++) {
            Picture one = alone(picture, c);
            assertEquals(one.cropAndResize(3, 2, 30, 29, 9, 14, Interpolation.BICUBIC), alone(small, c));
            assertEquals(one.middle(20, 16, Interpolation.BILINEAR), alone(middle, c));
            assertEquals(one.crop(5, 6, 7, 8), alone(cut, c));
            assertEquals(ExifOrientation.TURNED_LEFT.applyTo(one), alone(turned, c));
        }
    }

    @Test
    void fewChannelsBecomeOthersAndManyDoNot() {
        Picture grey = new Picture(1, 1, 1, bytes(40));
        assertSame(grey, grey.withChannels(1));
        assertArrayEquals(bytes(40, 40, 40), grey.withChannels(3).samples());
        assertArrayEquals(bytes(40, 40, 40, 255), grey.withChannels(4).samples());
        assertArrayEquals(bytes(40, 255), grey.withChannels(2).samples());
        Picture greyAlpha = new Picture(1, 1, 2, bytes(40, 0));
        assertArrayEquals(bytes(40, 40, 40, 0), greyAlpha.withChannels(4).samples());
        assertArrayEquals(bytes(255), greyAlpha.withChannels(1).samples());
        assertEquals(
                "a picture of 5 channels, expected 3",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> noise(2, 2, 5).withChannels(3))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> new Picture(1, 1, 17, new byte[17]));
    }
}

package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PictureDecoderTest {
    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "jpg", "gif"})
    void formatIsToldByContent(String format) throws IOException {
        Picture picture = Picture.decode(encode(quadrants(40, 24), format), "no-extension");
        assertEquals(40, picture.width());
        assertEquals(24, picture.height());
        assertNear(0xFF0000, picture, 5, 5);
        assertNear(0x0000FF, picture, 5, 20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "jpg", "gif"})
    void truncatedFileIsRefused(String format) throws IOException {
        byte[] whole = encode(noise(64, 64), format);
        byte[] half = Arrays.copyOf(whole, whole.length / 2);
        String message = failure(half, "half." + format);
        assertTrue(message.startsWith("cannot decode picture half." + format), message);
        assertFalse(message.contains("\n"), message);
    }

    @Test
    void textNamedPngIsRefused() {
        byte[] text = "not a picture".getBytes(StandardCharsets.UTF_8);
        String message = failure(text, "note.png");
        assertEquals(
                "cannot decode picture note.png: no reader knows its format (first bytes 6e6f742061207069)", message);
    }

    @Test
    void hugeHeaderIsRefusedBeforeDecoding() {
        String message = failure(pngHeader(20_000, 20_000), "huge.png");
        assertEquals("picture huge.png is 20000x20000, over the limit of 67108864 pixels; it was not decoded", message);
    }

    @ParameterizedTest
    @CsvSource({
        "1, RED GREEN BLUE WHITE", "2, GREEN RED WHITE BLUE", "3, WHITE BLUE GREEN RED", "4, BLUE WHITE RED GREEN",
        "5, RED BLUE GREEN WHITE", "6, BLUE RED WHITE GREEN", "7, WHITE GREEN BLUE RED", "8, GREEN WHITE RED BLUE"
    })
    void exifOrientationIsApplied(int orientation, String quadrantsSeen) throws IOException {
        byte[] jpeg = withExif(encode(quadrants(40, 24), "jpg"), orientation);
        Picture upright = Picture.decode(jpeg, "exif.jpg");
        boolean turned = orientation >= 5;
        assertEquals(turned ? 24 : 40, upright.width());
        assertEquals(turned ? 40 : 24, upright.height());
        String[] names = quadrantsSeen.split(" ", -1);
        for (int i = 0; i < 4; i++) {
            int x = upright.width() * (1 + 2 * (i % 2)) / 4;
            int y = upright.height() * (1 + 2 * (i / 2)) / 4;
            assertNear(rgbOf(names[i]), upright, x, y);
        }
    }

    /** Against Pillow; the decoders may round the transform of a block by a grey level or two. */
    @ParameterizedTest
    @ValueSource(strings = {"cmyk", "ycck"})
    void fourComponentsAreConvertedAsPillowDoes(String name) throws IOException {
        byte[] expected = resource(name + ".png").rgb();
        byte[] actual = resource(name + ".jpg").rgb();
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i] & 255, actual[i] & 255, 2, "sample " + i);
        }
    }

    @Test
    void firstFrameOfAnAnimationLiesOnItsCanvas() throws IOException {
        byte[] gif = encode(quadrants(8, 6), "gif");
        ByteBuffer bytes = ByteBuffer.wrap(gif).order(ByteOrder.LITTLE_ENDIAN);
        Picture frame = Picture.decode(gif, "frame.gif");
        int descriptor = 13 + (3 << ((gif[10] & 7) + 1));
        while (gif[descriptor] != 0x2C) {
            descriptor++;
        }
        bytes.putShort(6, (short) 20).putShort(8, (short) 10); // the canvas
        bytes.putShort(descriptor + 1, (short) 9).putShort(descriptor + 3, (short) 2); // the frame's left and top
        Picture canvas = Picture.decode(gif, "canvas.gif");
        assertEquals(20, canvas.width());
        assertEquals(10, canvas.height());
        assertEquals(frame, canvas.crop(9, 2, 8, 6));
        assertNear(0xFFFFFF, canvas, 8, 2);
        bytes.putShort(6, (short) -1).putShort(8, (short) -1);
        assertTrue(failure(gif, "vast.gif").contains("over the limit of 67108864 pixels"));
    }

    /** For who decodes many at once: none of their pixels is needed for it. */
    @Test
    void pixelsAreToldByTheHeader() throws IOException {
        byte[] png = encode(new BufferedImage(30, 20, BufferedImage.TYPE_INT_RGB), "png");
        assertEquals(600, Picture.pixels(png, "x"));
        assertEquals(600, Picture.pixels(Arrays.copyOf(png, 40), "cut off behind its header"));
        assertEquals(60_000 * 1000L, Picture.pixels(pngHeader(60_000, 1000), "x"));
        var huge = assertThrows(IOException.class, () -> Picture.pixels(pngHeader(60_000, 60_000), "x"));
        assertEquals(
                "picture x is 60000x60000, over the limit of 67108864 pixels; it was not decoded", huge.getMessage());
        var text = assertThrows(IOException.class, () -> Picture.pixels(new byte[] {'h', 'i'}, "x"));
        assertEquals("cannot decode picture x: no reader knows its format (first bytes 6869)", text.getMessage());
    }

    @Test
    void bmpWithoutItsSizeIsRead() throws IOException {
        byte[] bmp = encode(quadrants(40, 24), "bmp");
        Picture expected = Picture.decode(bmp, "x.bmp");
        ByteBuffer.wrap(bmp).putInt(2, 0);
        assertEquals(expected, Picture.decode(bmp, "x.bmp"));
    }

    @Test
    void bmpWhoseAlphaIsNothingShowsItsColours() throws IOException {
        ByteBuffer bmp = ByteBuffer.allocate(14 + 124 + 8).order(ByteOrder.LITTLE_ENDIAN);
        bmp.put((byte) 'B').put((byte) 'M').putInt(bmp.capacity()).putInt(0).putInt(14 + 124);
        bmp.putInt(124)
                .putInt(2)
                .putInt(1)
                .putShort((short) 1)
                .putShort((short) 32)
                .putInt(3);
        bmp.putInt(0).putInt(0).putInt(0).putInt(0).putInt(0);
        bmp.putInt(0xFF0000).putInt(0xFF00).putInt(0xFF).putInt(0xFF000000).putInt(0x73524742); // masks, sRGB
        bmp.putInt(138, 0x00102030).putInt(142, 0x00405060);
        byte[] expected = {0x10, 0x20, 0x30, 0x40, 0x50, 0x60};
        assertArrayEquals(expected, Picture.decode(bmp.array(), "v5.bmp").rgb());
        bmp.putInt(142, 0xFF405060); // alpha is meant: the first pixel is transparent
        expected = new byte[] {-1, -1, -1, 0x40, 0x50, 0x60};
        assertArrayEquals(expected, Picture.decode(bmp.array(), "v5.bmp").rgb());
    }

    @ParameterizedTest
    @CsvSource({"3, 0x00060000", "4, 0x00000006", "1, 0x06000000"})
    void orientationMayBeOfAnyWholeType(int type, int value) {
        assertEquals(ExifOrientation.TURNED_LEFT, ExifOrientation.of(tiffTag(0x0112, type, value), null));
    }

    @Test
    void tiffIsTurnedAsItSays() throws IOException {
        byte[] tiff = encode(quadrants(40, 24), "tiff");
        assertEquals(Picture.of(quadrants(40, 24)), Picture.decode(tiff, "x.tif"));
        assertEquals(
                ExifOrientation.UPSIDE_DOWN,
                ExifOrientation.of(tiffTag(0x0112, 3, 0x00030000).array()));
    }

    @Test
    void tiffThatTheReaderReadsWronglyIsRefused() {
        ByteBuffer tiff = ByteBuffer.allocate(8 + 2 + 24 + 4);
        tiff.putInt(0x4D4D002A).putInt(8).putShort((short) 2);
        tiff.putShort((short) 259).putShort((short) 3).putInt(1).putInt(7 << 16);
        tiff.putShort((short) 277).putShort((short) 3).putInt(1).putInt(4 << 16);
        assertEquals(
                "cannot decode picture x.tif: a TIFF file of more than three components coded as JPEG; convert it",
                failure(tiff.array(), "x.tif"));
    }

    private static ByteBuffer tiffTag(int tag, int type, int value) {
        ByteBuffer tiff = ByteBuffer.allocate(8 + 2 + 12 + 4);
        tiff.putInt(0x4D4D002A).putInt(8).putShort((short) 1);
        return tiff.putShort((short) tag).putShort((short) type).putInt(1).putInt(value);
    }

    @Test
    void samplesWithoutAScaleAreRefused() {
        BufferedImage image = new BufferedImage(
                new ComponentColorModel(
                        ColorSpace.getInstance(ColorSpace.CS_GRAY),
                        false,
                        false,
                        Transparency.OPAQUE,
                        DataBuffer.TYPE_INT),
                Raster.createBandedRaster(DataBuffer.TYPE_INT, 2, 2, 1, null),
                false,
                null);
        assertThrows(IllegalArgumentException.class, () -> Picture.of(image));
    }

    @Test
    void greyKeepsItsSampleValues() {
        BufferedImage grey = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
        grey.getRaster().setSample(0, 0, 0, 100);
        grey.getRaster().setSample(1, 0, 0, 200);
        assertArrayEquals(
                new byte[] {100, 100, 100, (byte) 200, (byte) 200, (byte) 200},
                Picture.of(grey).rgb());
    }

    @Test
    void transparentPixelsAreLaidOverWhite() {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00123456);
        image.setRGB(1, 0, 0x80000000);
        assertArrayEquals(
                new byte[] {-1, -1, -1, 127, 127, 127}, Picture.of(image).rgb());
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                BufferedImage.TYPE_3BYTE_BGR,
                BufferedImage.TYPE_INT_RGB,
                BufferedImage.TYPE_INT_BGR,
                BufferedImage.TYPE_4BYTE_ABGR,
                BufferedImage.TYPE_INT_ARGB_PRE
            })
    void everyImageTypeGivesTheSamePixels(int type) {
        BufferedImage image = new BufferedImage(8, 6, type);
        image.createGraphics().drawImage(quadrants(8, 6), 0, 0, null);
        assertEquals(Picture.of(quadrants(8, 6)), Picture.of(image));
    }

    @Test
    void subimageGivesItsOwnPixels() {
        BufferedImage whole = noise(16, 16);
        assertEquals(Picture.of(whole).crop(3, 4, 8, 9), Picture.of(whole.getSubimage(3, 4, 8, 9)));
    }

    @Test
    void conversionToBufferedImageAndBackLosesNothing() {
        Picture picture = Picture.of(noise(9, 7));
        assertEquals(picture, Picture.of(picture.toBufferedImage()));
    }

    private static Picture resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(PictureDecoderTest.class.getResourceAsStream(name), name)) {
            return Picture.decode(in.readAllBytes(), name);
        }
    }

    private static String failure(byte[] encoded, String name) {
        IOException e = assertThrows(IOException.class, () -> Picture.decode(encoded, name));
        return String.valueOf(e.getMessage());
    }

    /** Red, green, blue and white, from the top left, row by row. */
    private static BufferedImage quadrants(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        Graphics2D g = image.createGraphics();
        Color[] colors = {Color.RED, Color.GREEN, Color.BLUE, Color.WHITE};
        for (int i = 0; i < 4; i++) {
            g.setColor(colors[i]);
            g.fillRect(i % 2 * width / 2, i / 2 * height / 2, width / 2, height / 2);
        }
        g.dispose();
        return image;
    }

    private static BufferedImage noise(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, (i * 0x9E3779B1) >>> 8);
        }
        return image;
    }

    private static byte[] encode(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out));
        return out.toByteArray();
    }

    private static byte[] withExif(byte[] jpeg, int orientation) {
        ByteBuffer out = ByteBuffer.allocate(jpeg.length + 36);
        out.put(jpeg, 0, 2).putShort((short) 0xFFE1).putShort((short) 34);
        out.put("Exif\0\0".getBytes(StandardCharsets.US_ASCII));
        out.put("MM".getBytes(StandardCharsets.US_ASCII)).putShort((short) 42).putInt(8);
        out.putShort((short) 1).putShort((short) 0x0112).putShort((short) 3).putInt(1);
        out.putShort((short) orientation).putShort((short) 0).putInt(0);
        return out.put(jpeg, 2, jpeg.length - 2).array();
    }

    private static byte[] pngHeader(int width, int height) {
        ByteBuffer header = ByteBuffer.allocate(8 + 25);
        header.putLong(0x89504E470D0A1A0AL).putInt(13);
        header.putInt(0x49484452).putInt(width).putInt(height);
        header.put(new byte[] {8, 2, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(header.array(), 12, 17);
        return header.putInt((int) crc.getValue()).array();
    }

    private static int rgbOf(String name) {
        return switch (name) {
            case "RED" -> 0xFF0000;
            case "GREEN" -> 0x00FF00;
            case "BLUE" -> 0x0000FF;
            default -> 0xFFFFFF;
        };
    }

    private static void assertNear(int rgb, Picture picture, int x, int y) {
        for (int c = 0; c < 3; c++) {
            int expected = rgb >> (16 - 8 * c) & 255;
            int actual = picture.rgb()[(y * picture.width() + x) * 3 + c] & 255;
            assertTrue(
                    Math.abs(expected - actual) <= 12,
                    "channel " + c + " at (" + x + ", " + y + "): expected " + expected + ", found " + actual);
        }
    }
}

package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which colours a JPEG's samples are, and what is missing; the markers of one written file are exchanged. */
class JpegFileTest {
    private static final byte[] ADOBE_RGB = segment(0xEE, "Adobe\0d\0\0\0\0\0");
    private static final int FRAME = 0xC0;
    private static final int JFIF_LENGTH = 18;

    @Test
    void withoutMarkersOtherNumbersOfComponentsAreYcc() throws IOException {
        byte[] bare = withoutJfif(jpeg(false));
        rename(bare, 0, 1, 2);
        assertEquals(decode(jpeg(false)), decode(bare));
    }

    @Test
    void jfifWinsOverAdobesMarker() throws IOException {
        assertEquals(decode(jpeg(false)), decode(inserted(jpeg(false), 2 + JFIF_LENGTH, ADOBE_RGB)));
    }

    @Test
    void adobesMarkerSaysRgb() throws IOException {
        byte[] rgb = inserted(withoutJfif(jpeg(false)), 2, ADOBE_RGB);
        Picture samples = decode(rgb);
        assertNotEquals(decode(jpeg(false)), samples);
        byte[] named = withoutJfif(jpeg(false));
        rename(named, 'R', 'G', 'B');
        assertEquals(samples, decode(named));
        assertEquals(decode(jpeg(false)), toRgb(samples));
    }

    @Test
    void bytesThatFillUpBeforeMarkersChangeNothing() throws IOException {
        byte[] cmyk = resource("cmyk.jpg");
        int adobe = indexOf(cmyk, 0xEE);
        assertEquals(decode(cmyk), decode(inserted(cmyk, adobe, new byte[] {-1, -1, -1})));
        byte[] turned = inserted(jpeg(false), 2, exif(6));
        assertEquals(32, decode(turned).width());
        assertEquals(32, decode(inserted(turned, 2, new byte[] {-1})).width());
    }

    @Test
    void printedPicturesAreInvertedWithoutAdobesMarkerToo() throws IOException {
        byte[] cmyk = resource("cmyk.jpg");
        int adobe = indexOf(cmyk, 0xEE);
        ByteArrayOutputStream bare = new ByteArrayOutputStream();
        bare.write(cmyk, 0, adobe);
        bare.write(cmyk, adobe + 16, cmyk.length - adobe - 16);
        assertEquals(decode(cmyk), decode(bare.toByteArray()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void onlyTheMarkerOfTheEndMayBeMissing(boolean progressive) throws IOException {
        byte[] whole = jpeg(progressive);
        assertEquals(decode(whole), decode(Arrays.copyOf(whole, whole.length - 2)));
        assertEquals(decode(whole), decode(Arrays.copyOf(whole, whole.length - 1)));
        for (int missing : new int[] {12, whole.length / 2}) {
            byte[] cut = Arrays.copyOf(whole, whole.length - missing);
            IOException e = assertThrows(IOException.class, () -> decode(cut));
            assertEquals("cannot decode picture x.jpg: the file is truncated", e.getMessage());
        }
    }

    @Test
    void hundredsOfScansAreRefused() throws IOException {
        byte[] progressive = jpeg(true);
        byte[] scan = segment(0xDA, "\1\1\0\0\77\1");
        byte[] many = progressive;
        for (int i = 0; i <= JpegFile.MAX_SCANS; i++) {
            many = inserted(many, many.length - 2, scan);
        }
        byte[] file = many;
        IOException e = assertThrows(IOException.class, () -> decode(file));
        assertTrue(e.getMessage().endsWith(" scans, over the limit of 100"), e.getMessage());
    }

    @Test
    void profileChangesNoSample() throws IOException {
        byte[] profile = java.awt.color.ICC_Profile.getInstance(java.awt.color.ColorSpace.CS_LINEAR_RGB)
                .getData();
        ByteBuffer segment = ByteBuffer.allocate(18 + profile.length);
        segment.putShort((short) 0xFFE2).putShort((short) (16 + profile.length));
        segment.put("ICC_PROFILE\0\1\1".getBytes(StandardCharsets.ISO_8859_1)).put(profile);
        assertEquals(decode(jpeg(false)), decode(inserted(jpeg(false), 2 + JFIF_LENGTH, segment.array())));
    }

    @Test
    void orientationInXmpCountsWithoutExif() throws IOException {
        byte[] xmp = segment(0xE1, "http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation=\"8\"/>");
        assertEquals(32, decode(inserted(jpeg(false), 2, xmp)).width());
        assertEquals(
                48, decode(inserted(inserted(jpeg(false), 2, xmp), 2, exif(1))).width());
    }

    private static byte[] exif(int orientation) {
        return segment(0xE1, "Exif\0\0MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0" + (char) orientation + "\0\0\0\0\0\0");
    }

    private static byte[] segment(int marker, String content) {
        ByteBuffer out = ByteBuffer.allocate(4 + content.length());
        out.putShort((short) (0xFF00 | marker)).putShort((short) (2 + content.length()));
        return out.put(content.getBytes(StandardCharsets.ISO_8859_1)).array();
    }

    private static byte[] inserted(byte[] file, int at, byte[] bytes) {
        return ByteBuffer.allocate(file.length + bytes.length)
                .put(file, 0, at)
                .put(bytes)
                .put(file, at, file.length - at)
                .array();
    }

    private static byte[] withoutJfif(byte[] jpeg) {
        return ByteBuffer.allocate(jpeg.length - JFIF_LENGTH)
                .put(jpeg, 0, 2)
                .put(jpeg, 2 + JFIF_LENGTH, jpeg.length - 2 - JFIF_LENGTH)
                .array();
    }

    /** In the frame and in the only scan. */
    private static void rename(byte[] jpeg, int first, int second, int third) {
        int frame = indexOf(jpeg, FRAME);
        int scan = indexOf(jpeg, 0xDA);
        int[] names = {first, second, third};
        for (int i = 0; i < 3; i++) {
            jpeg[frame + 10 + 3 * i] = (byte) names[i];
            jpeg[scan + 5 + 2 * i] = (byte) names[i];
        }
    }

    private static int indexOf(byte[] jpeg, int marker) {
        for (int at = 2; at < jpeg.length - 1; at++) {
            if ((jpeg[at] & 255) == 0xFF && (jpeg[at + 1] & 255) == marker) {
                return at;
            }
        }
        throw new AssertionError("no marker " + marker);
    }

    /** By the definition of JFIF 1.02, in floating point. */
    private static Picture toRgb(Picture ycc) {
        byte[] rgb = ycc.rgb().clone();
        for (int i = 0; i < rgb.length; i += 3) {
            double y = rgb[i] & 255;
            double cb = (rgb[i + 1] & 255) - 128;
            double cr = (rgb[i + 2] & 255) - 128;
            rgb[i] = rounded(y + 1.402 * cr);
            rgb[i + 1] = rounded(y - 0.34414 * cb - 0.71414 * cr);
            rgb[i + 2] = rounded(y + 1.772 * cb);
        }
        return new Picture(ycc.width(), ycc.height(), rgb);
    }

    private static byte rounded(double sample) {
        return (byte) Math.max(0, Math.min(255, Math.round(sample)));
    }

    private static Picture decode(byte[] jpeg) throws IOException {
        return Picture.decode(jpeg, "x.jpg");
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(JpegFileTest.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        }
    }

    /** 48x32, with JFIF's marker first. */
    private static byte[] jpeg(boolean progressive) throws IOException {
        BufferedImage image = new BufferedImage(48, 32, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 48 * 32; i++) {
            image.setRGB(i % 48, i / 48, (i % 48 * 5) << 16 | (i / 48 * 7) << 8 | (i % 7 * 30));
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpg").next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ImageOutputStream stream = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }
}

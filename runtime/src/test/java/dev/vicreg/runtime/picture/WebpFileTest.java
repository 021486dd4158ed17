package dev.vicreg.runtime.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against Pillow: {@code pillow_webp.py} in the test resources makes the files. */
class WebpFileTest {
    @ParameterizedTest
    @ValueSource(strings = {"lossy", "lossless", "alpha", "canvas"})
    void givesPillowsPixels(String name) throws IOException {
        Picture expected = Picture.decode(resource(name + ".png"), name);
        assertEquals(expected, Picture.decode(resource(name + ".webp"), name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lossy", "lossless", "alpha", "canvas"})
    void shorterThanItSaysIsRefused(String name) throws IOException {
        byte[] whole = resource(name + ".webp");
        byte[] cut = Arrays.copyOf(whole, whole.length * 9 / 10);
        IOException e = assertThrows(IOException.class, () -> Picture.decode(cut, "cut.webp"));
        assertEquals(
                "cannot decode picture cut.webp: the file is truncated (its header announces " + whole.length
                        + " bytes, found " + cut.length + ")",
                e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"38, Invalid WebP data", "200, libwebp says NotEnoughData"})
    void pictureCutOffInsideAWholeFileIsRefused(int length, String found) throws IOException {
        byte[] whole = resource("lossy.webp");
        ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(whole, length)).order(ByteOrder.LITTLE_ENDIAN);
        cut.putInt(4, length - 8).putInt(16, length - 20);
        IOException e = assertThrows(IOException.class, () -> Picture.decode(cut.array(), "cut.webp"));
        assertEquals(
                "cannot decode picture cut.webp: its chunks are whole, but the coded picture is cut off or damaged"
                        + " (" + found + ")",
                e.getMessage());
    }

    @Test
    void exifChunkTurnsThePicture() throws IOException {
        Picture upright = Picture.decode(resource("lossless.webp"), "x.webp");
        ByteBuffer exif = ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN);
        exif.put(new byte[] {'I', 'I', 42, 0}).putInt(8).putShort((short) 1);
        exif.putShort((short) 0x0112).putShort((short) 3).putInt(1).putInt(6);
        Picture turned = Picture.decode(withChunk(resource("lossless.webp"), "EXIF", exif.array()), "x.webp");
        assertEquals(ExifOrientation.TURNED_LEFT.applyTo(upright), turned);
    }

    private static byte[] withChunk(byte[] file, String name, byte[] content) {
        ByteBuffer out = ByteBuffer.allocate(file.length + 8 + content.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(file)
                .put(name.getBytes(StandardCharsets.US_ASCII))
                .putInt(content.length)
                .put(content);
        return out.putInt(4, out.capacity() - 8).array();
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(WebpFileTest.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        }
    }
}

package dev.vicreg.runtime.signal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;

class WavFileTest {
    /** A file as the Java sound system writes it. */
    private static byte[] written(AudioFormat format, byte... data) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        AudioInputStream stream =
                new AudioInputStream(new ByteArrayInputStream(data), format, data.length / format.getFrameSize());
        AudioSystem.write(stream, AudioFileFormat.Type.WAVE, file);
        return file.toByteArray();
    }

    /** A file of two chunks, with an odd one between them. */
    private static byte[] riff(int coding, int channels, int bits, byte[] data) {
        ByteBuffer file = ByteBuffer.allocate(12 + 24 + 12 + 8 + data.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(file.capacity() - 8).put(ascii("WAVE"));
        file.put(ascii("fmt ")).putInt(16).putShort((short) coding).putShort((short) channels);
        file.putInt(8000).putInt(8000 * channels * bits / 8);
        file.putShort((short) (channels * bits / 8)).putShort((short) bits);
        file.put(ascii("LIST")).putInt(3).put(new byte[4]);
        file.put(ascii("data")).putInt(data.length).put(data);
        return file.array();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    private static String refusal(byte[] file) {
        return String.valueOf(assertThrows(IOException.class, () -> WavFile.read(file, "a.wav"))
                .getMessage());
    }

    @Test
    void integersOfEverySizeComeBetweenMinusOneAndOne() throws IOException {
        Signal eight = WavFile.read(written(new AudioFormat(8000, 8, 1, false, false), (byte) 0, (byte) 192), "8");
        assertArrayEquals(new float[] {-1, 0.5f}, eight.samples()[0]);
        byte[] sixteen =
                written(new AudioFormat(44100, 16, 1, true, false), (byte) 0, (byte) 0x80, (byte) 0, (byte) 0x40);
        assertArrayEquals(new float[] {-1, 0.5f}, WavFile.read(sixteen, "16").samples()[0]);
        byte[] quarter = {0, 0, (byte) 0xE0, (byte) 0xFF, (byte) 0xFF, 0x7F};
        float[] twentyFour = WavFile.read(written(new AudioFormat(8000, 24, 1, true, false), quarter), "24")
                .samples()[0];
        assertArrayEquals(new float[] {-0.25f, 8388607 / 8388608f}, twentyFour);
        byte[] half = {0, 0, 0, 0x40};
        assertArrayEquals(
                new float[] {0.5f},
                WavFile.read(written(new AudioFormat(8000, 32, 1, true, false), half), "32")
                        .samples()[0]);
    }

    @Test
    void channelsInterleaveAndOddChunksArePassedOver() throws IOException {
        Signal stereo = WavFile.read(riff(3, 2, 32, floats(1, -2, 0.25f, 3)), "stereo");
        assertEquals(8000, stereo.rate());
        assertArrayEquals(new float[][] {{1, 0.25f}, {-2, 3}}, stereo.samples());
        ByteBuffer doubles =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0.125);
        assertArrayEquals(
                new float[] {0.125f},
                WavFile.read(riff(3, 1, 64, doubles.array()), "double").samples()[0]);
    }

    @Test
    void extensibleFormIsReadBySubFormat() throws IOException {
        ByteBuffer file = ByteBuffer.allocate(12 + 48 + 8 + 2).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(62).put(ascii("WAVEfmt ")).putInt(40);
        file.putShort((short) 0xFFFE).putShort((short) 1).putInt(16000).putInt(32000);
        file.putShort((short) 2)
                .putShort((short) 16)
                .putShort((short) 22)
                .putShort((short) 16)
                .putInt(4);
        file.putShort((short) 1).put(new byte[14]);
        file.put(ascii("data")).putInt(2).putShort((short) 16384);
        assertArrayEquals(
                new float[] {0.5f}, WavFile.read(file.array(), "extensible").samples()[0]);
    }

    @Test
    void whatCannotBeReadIsToldApart() {
        byte[] good = riff(1, 1, 16, new byte[10]);
        assertTrue(refusal(ascii("OggS and something")).contains("no WAV file"));
        assertTrue(refusal(riff(0x55, 1, 16, new byte[10])).contains("coding 0x0055 with 16 bits"));
        assertTrue(refusal(riff(1, 1, 12, new byte[12])).contains("12 bits"));
        assertTrue(refusal(Arrays.copyOf(good, good.length - 3)).contains("should hold 10 bytes of data, found 7"));
        assertTrue(refusal(Arrays.copyOf(good, 46)).contains("truncated"));
        assertTrue(refusal(Arrays.copyOf(good, 20)).contains("damaged"));
        assertTrue(refusal(riff(1, 1, 16, new byte[0])).contains("empty"));
        assertTrue(refusal(riff(1, 0, 16, new byte[2])).contains("0 channels"));
        assertTrue(refusal(riff(3, 1, 32, floats(1, Float.NaN))).contains("not finite at sample 1"));
    }

    /** 24 bits in containers of 32. */
    @Test
    void samplesWithGapsBetweenThemAreRefused() {
        byte[] wide = riff(1, 1, 24, new byte[8]);
        ByteBuffer.wrap(wide).order(ByteOrder.LITTLE_ENDIAN).putShort(32, (short) 4);
        assertEquals(
                "a.wav says that a sample of all channels takes 4 bytes, expected 3 for 1 of 24 bits;"
                        + " convert it to 16-bit PCM",
                refusal(wide));
    }
}

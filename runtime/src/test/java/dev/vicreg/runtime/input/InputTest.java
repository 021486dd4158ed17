package dev.vicreg.runtime.input;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.onnxruntime.OnnxJavaType;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.runtime.signal.Signal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** From files to batches, for each kind of data. */
class InputTest {
    private static final List<Float> ONE = List.of(0.5f);
    private final Input.Vectors vectors = Input.vectors(List.of("a", "b"), List.of(0f, 0f), List.of(1f, 1f));
    private final Input.Signals signals = Input.signals(8000, 4, ONE, ONE, "none");

    private static Input.Sequences sequences(String coding) {
        return new Input.Sequences("ids", Input.Sequences.KIND, 4, coding, 0, 0, 2, List.of(), false);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static <S> ByteBuffer written(Input<S> input, S sample) {
        ByteBuffer batch = ByteBuffer.allocate(2 * input.bytes()).order(ByteOrder.nativeOrder());
        input.write(sample, batch, 1);
        return batch;
    }

    private static String refusal(Runnable action) {
        return assertThrows(IllegalArgumentException.class, action::run).getMessage();
    }

    @Test
    void vectorsAreWordsOfAFile() throws IOException {
        assertArrayEquals(new float[] {1, -2.5f}, vectors.decode(bytes(" 1, -2.5\n"), "row.csv"));
        var e = assertThrows(IOException.class, () -> vectors.decode(bytes("1;2"), "row.csv"));
        assertEquals("row.csv has '1;2' as word 1, expected a number", e.getMessage());
        float[] row = {3, 4};
        assertSame(row, vectors.prepare(row));
        ByteBuffer batch = written(vectors, row);
        assertEquals(3, batch.getFloat(8));
        assertEquals(4, batch.getFloat(12));
        assertEquals(
                "expected vectors of 2 values, found one of 1", refusal(() -> vectors.write(new float[1], batch, 0)));
    }

    @Test
    void signalsAreMixedAndTheirMiddleTaken() {
        Signal stereo = new Signal(new float[][] {{1, 1}, {3, 5}}, 0);
        Signal prepared = signals.prepare(stereo);
        assertArrayEquals(new float[] {0.5f, 2, 3, 0.5f}, prepared.samples()[0]);
        assertSame(prepared, signals.prepare(prepared));
        assertEquals(3, written(signals, prepared).getFloat(16 + 8));
        assertEquals(
                "expected a prepared signal of 4 values, found 2",
                refusal(() -> written(signals, new Signal(new float[1][2], 0))));
        assertThrows(IOException.class, () -> signals.decode(bytes("RIFF"), "a.wav"));
    }

    @Test
    void sequencesAreTextsOrIds() throws IOException {
        assertArrayEquals(ByteIds.of("né"), sequences(ByteIds.NAME).decode(bytes("\uFEFF né \n"), "a.txt"));
        byte[] latin = {(byte) 0xE9};
        assertThrows(IOException.class, () -> sequences(ByteIds.NAME).decode(latin, "a.txt"));
        Input.Sequences ids = sequences(Input.Sequences.IDS);
        assertArrayEquals(new int[] {7, 1, 9}, ids.decode(bytes("7 1,9\n"), "a.ids"));
        assertThrows(IOException.class, () -> ids.decode(bytes("7 x"), "a.ids"));
        int[] prepared = ids.prepare(new int[] {7, 1, 9});
        assertArrayEquals(new int[] {7, 1, 9, 0}, prepared);
        assertEquals(9, written(ids, prepared).getLong(32 + 16));
        assertEquals("id 4294967297 at place 1 is not one of 0 to …", refusal(() -> ids.ids(1, (1L << 32) + 1)));
    }

    @Test
    void picturesThatCannotBeMadeAreRefused() {
        assertEquals(
                "expected the layout nchw, nhwc or nchw-uint8, found chw",
                refusal(() -> pictures(8, 8, "bicubic", "chw")));
        assertEquals(
                "image size 9 and shortest side 8: expected at least 1, and a shortest side no smaller than the image",
                refusal(() -> pictures(9, 8, "bicubic", null)));
        assertEquals(
                "expected the interpolation bicubic or bilinear, found lanczos",
                refusal(() -> pictures(8, 8, "lanczos", null)));
    }

    @Test
    void picturesOfOtherChannelsAreWrittenAsTheModelTakesThem() {
        List<Float> two = List.of(0.5f, 0.5f);
        Picture picture = new Picture(2, 1, 2, new byte[] {1, 2, 3, 4});
        Input.Pictures last = Input.pictures("x", new PictureSize(1, 2), two, two, null);
        ByteBuffer interleaved = written(last, picture);
        assertEquals(0x01020304, interleaved.order(ByteOrder.BIG_ENDIAN).getInt(4));
        Input.Pictures first =
                Input.pictures("x", new PictureSize(1, 2), two, two, Input.Pictures.BYTES_CHANNELS_FIRST);
        assertArrayEquals(new long[] {2, 1, 2}, first.shape());
        assertEquals(OnnxJavaType.UINT8, first.type());
        assertEquals(
                0x01030204, written(first, picture).order(ByteOrder.BIG_ENDIAN).getInt(4));
        assertEquals(4, first.formatVersion());
        assertEquals("LA", first.colourOrder());
        assertEquals(
                "a picture of 6 channels, expected 2",
                refusal(() -> first.prepare(new Picture(2, 1, 6, new byte[12]))));
        assertEquals(
                "pictures of 4 channels (RGB), expected 1 (L), 2 (LA), 3 (RGB), 4 (RGBA), or 5 to 16 (as-stored)",
                refusal(() -> new Input.Pictures(
                        "x", Input.Pictures.KIND, 8, 4, "RGB", 8, "bicubic", two, two, null, null, null)));
    }

    @Test
    void narrowPicturesDoNotBecomeGigabytesInAModelThatResizes() {
        List<Float> three = List.of(0.5f, 0.5f, 0.5f);
        Input.Pictures outside = Input.pictures(224, three, three);
        Input.Pictures inside = outside.resizedInside(true);
        for (int[] size : new int[][] {{1, 20_000}, {20_000, 1}, {30, 3000}}) {
            Picture narrow = new Picture(size[0], size[1], new byte[size[0] * size[1] * 3]);
            Picture prepared = inside.prepare(narrow);
            assertArrayEquals(new long[] {224, 224, 3}, inside.shape(prepared));
            assertEquals(outside.prepare(narrow), prepared);
        }
        for (int[] size : new int[][] {{1, 16}, {224, 224}, {224, 10_000}, {4000, 3000}}) {
            Picture usual = new Picture(size[0], size[1], new byte[size[0] * size[1] * 3]);
            assertSame(usual, inside.prepare(usual));
        }
    }

    private static Input.Pictures pictures(int size, int shortest, String interpolation, String layout) {
        List<Float> three = List.of(1f, 1f, 1f);
        return new Input.Pictures(
                "image",
                Input.Pictures.KIND,
                size,
                3,
                "RGB",
                shortest,
                interpolation,
                three,
                three,
                layout,
                null,
                null);
    }
}

package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.modality.cv.BufferedImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.TranslatorContext;
import ai.djl.util.passthrough.PassthroughNDManager;
import dev.vicreg.runtime.djl.EmbeddingTranslator;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What DJL's engines are fed, and what becomes of their outputs. */
class EmbeddingTranslatorTest {
    private static final NDManager MANAGER = PassthroughNDManager.INSTANCE;
    private static final List<Float> MEAN = List.of(0.4f, 0.5f, 0.6f);
    private static final List<Float> DEVIATION = List.of(0.2f, 0.25f, 0.5f);

    private final TranslatorContext context = (TranslatorContext) Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {TranslatorContext.class},
            (proxy, method, arguments) -> MANAGER);
    private final Picture picture = EmbedProbe.picture(20);
    private final Picture prepared = picture.middle(8, 8, Interpolation.BICUBIC);

    private NDArray fed(EmbeddingTranslator translator) {
        var image = BufferedImageFactory.getInstance().fromImage(picture.toBufferedImage());
        return translator.processInput(context, image).singletonOrThrow();
    }

    private static EmbeddingTranslator imported(String layout, OutputPooling pool) throws IOException {
        Input<?> input = Input.pictures("pixels", 8, MEAN, DEVIATION, layout);
        return new EmbeddingTranslator(
                new Manifest(2, "test", "imported", input, 3, 0, "none", Map.of(), "hidden", pool));
    }

    @Test
    void translatorPreparesPicturesAsTheModelDoes() throws IOException {
        var translator = new EmbeddingTranslator(TestEncoder.manifest());
        NDArray input = fed(translator);
        assertEquals(new Shape(8, 8, 3), input.getShape());
        assertEquals(DataType.UINT8, input.getDataType());
        assertArrayEquals(prepared.rgb(), input.toByteArray());
        var output = MANAGER.create(new float[] {1, 2, 3});
        assertArrayEquals(new float[] {1, 2, 3}, translator.processOutput(context, new NDList(output)));
    }

    @Test
    void batchesAreMadeAndTakenApartWithoutTheEngine() throws IOException {
        var translator = new EmbeddingTranslator(TestEncoder.manifest());
        var image = BufferedImageFactory.getInstance().fromImage(picture.toBufferedImage());
        NDArray batch =
                translator.batchProcessInput(context, List.of(image, image)).singletonOrThrow();
        assertEquals(new Shape(2, 8, 8, 3), batch.getShape());
        byte[] one = prepared.rgb();
        byte[] two = Arrays.copyOf(one, 2 * one.length);
        System.arraycopy(one, 0, two, one.length, one.length);
        assertArrayEquals(two, batch.toByteArray());
        var output = MANAGER.create(FloatBuffer.wrap(new float[] {1, 2, 3, 4}), new Shape(2, 2), DataType.FLOAT32);
        List<float[]> vectors = translator.batchProcessOutput(context, new NDList(output));
        assertArrayEquals(new float[] {1, 2}, vectors.get(0));
        assertArrayEquals(new float[] {3, 4}, vectors.get(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nchw", "nhwc"})
    void encodersOfOtherOriginGetNormalisedFloatsInTheirLayout(String layout) throws IOException {
        NDArray input = fed(imported(layout, null));
        boolean first = layout.equals("nchw");
        assertEquals(first ? new Shape(3, 8, 8) : new Shape(8, 8, 3), input.getShape());
        assertEquals(DataType.FLOAT32, input.getDataType());
        float[] values = input.toFloatArray();
        for (int i = 0; i < prepared.rgb().length; i++) {
            int channel = i % 3;
            double expected = ((prepared.rgb()[i] & 0xFF) / 255.0 - MEAN.get(channel)) / DEVIATION.get(channel);
            assertEquals(expected, values[first ? channel * 64 + i / 3 : i], 1e-5);
        }
    }

    private static float[] pooled(OutputPooling pool, Shape shape, float... values) throws IOException {
        NDArray output = MANAGER.create(FloatBuffer.wrap(values), shape, DataType.FLOAT32);
        return imported(null, pool).processOutput(null, new NDList(output));
    }

    @Test
    void outputsArePooledAsTheManifestSays() throws IOException {
        assertArrayEquals(new float[] {1, 2}, pooled(OutputPooling.CLS, new Shape(3, 2), 1, 2, 3, 4, 5, 6));
        assertArrayEquals(new float[] {3, 4}, pooled(OutputPooling.MEAN, new Shape(3, 2), 1, 2, 3, 4, 5, 6));
        assertArrayEquals(new float[] {1.5f, 4}, pooled(OutputPooling.MEAN, new Shape(2, 1, 2), 1, 2, 3, 5));
        assertArrayEquals(new float[] {1, 2}, pooled(null, new Shape(2), 1, 2));
        var e = assertThrows(IllegalStateException.class, () -> pooled(null, new Shape(1, 2), 1, 2));
        assertTrue(String.valueOf(e.getMessage()).contains("[1, 2], cannot be pooled by none"), e.getMessage());
    }

    @Test
    void encodersOfOtherThingsAreRefused() {
        Input<?> input = Input.vectors(List.of("a"), List.of(0f), List.of(1f));
        var manifest = new Manifest(2, "test", "mlp", input, 3, 0, "none", Map.of());
        var e = assertThrows(IOException.class, () -> new EmbeddingTranslator(manifest));
        assertEquals("mlp takes vectors, expected an encoder of pictures", e.getMessage());
    }
}

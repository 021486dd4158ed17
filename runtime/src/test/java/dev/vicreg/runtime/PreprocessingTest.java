package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.modality.cv.BufferedImageFactory;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.TranslatorContext;
import ai.djl.util.passthrough.PassthroughNDManager;
import dev.vicreg.runtime.djl.EmbeddingTranslator;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

class PreprocessingTest {
    private final Preprocessing preprocessing = new Preprocessing(8, 8, Interpolation.BICUBIC);

    @Test
    void pictureOfTheModelsSizeIsLeftAlone() {
        Picture picture = ramp(8, 8);
        assertSame(picture, preprocessing.apply(picture));
    }

    @Test
    void middleOfLongerSideIsKept() {
        // 12 wide: two columns go on either side; the red value of a pixel is its column
        Picture prepared = preprocessing.apply(ramp(12, 8));
        assertEquals(8, prepared.width());
        assertEquals(2, prepared.rgb()[0]);
        assertEquals(9, prepared.rgb()[7 * 3]);
    }

    @Test
    void shorterSideIsResizedBeforeTheCrop() {
        Picture picture = ramp(48, 32);
        Picture expected = picture.resize(15, 10, Interpolation.BICUBIC).crop(4, 1, 8, 8); // 3.5 rounds to even
        assertEquals(expected, new Preprocessing(10, 8, Interpolation.BICUBIC).apply(picture));
    }

    @Test
    void narrowPictureDoesNotGrowWithoutBounds() {
        Picture prepared = preprocessing.apply(ramp(1, 1_000_000));
        assertEquals(8, prepared.width());
        assertEquals(8, prepared.height());
    }

    @Test
    void cropLargerThanResizeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Preprocessing(8, 9, Interpolation.BICUBIC));
    }

    @Test
    void translatorPreparesPicturesAsTheModelDoes() throws IOException {
        var translator = new EmbeddingTranslator(TestEncoder.manifest());
        NDManager manager = PassthroughNDManager.INSTANCE;
        var context = (TranslatorContext) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {TranslatorContext.class},
                (proxy, method, arguments) -> manager);
        Picture picture = ramp(20, 30);
        var image = BufferedImageFactory.getInstance().fromImage(picture.toBufferedImage());
        var input = translator.processInput(context, image).singletonOrThrow();
        assertEquals(new Shape(8, 8, 3), input.getShape());
        assertEquals(DataType.UINT8, input.getDataType());
        assertArrayEquals(preprocessing.apply(picture).rgb(), input.toByteArray());
        var output = manager.create(new float[] {1, 2, 3});
        assertArrayEquals(new float[] {1, 2, 3}, translator.processOutput(context, new NDList(output)));
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

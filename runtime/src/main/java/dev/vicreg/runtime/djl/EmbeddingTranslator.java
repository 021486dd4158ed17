package dev.vicreg.runtime.djl;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.Preprocessing;
import dev.vicreg.runtime.picture.Picture;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Lets an application that runs models through DJL, with an engine of its own, feed an exported encoder as
 * {@link EmbeddingModel} does. Immutable and thread-safe.
 */
public final class EmbeddingTranslator implements Translator<Image, float[]> {
    private final Preprocessing preprocessing;

    /**
     * Prepares pictures as the manifest says.
     *
     * @throws IOException if the model takes something else than RGB pictures
     */
    public EmbeddingTranslator(Manifest manifest) throws IOException {
        this.preprocessing = manifest.preprocessing(manifest.encoder());
    }

    @Override
    public Batchifier getBatchifier() {
        return Batchifier.STACK;
    }

    /** One picture as uint8 [imageSize, imageSize, 3]; the batchifier adds the first axis. */
    @Override
    public NDList processInput(TranslatorContext context, Image input) {
        NDManager manager = context.getNDManager();
        Picture prepared = preprocessing.apply(picture(manager, input));
        var shape = new Shape(prepared.height(), prepared.width(), 3);
        return new NDList(manager.create(ByteBuffer.wrap(prepared.rgb()), shape, DataType.UINT8));
    }

    @Override
    public float[] processOutput(TranslatorContext context, NDList list) {
        return list.singletonOrThrow().toFloatArray();
    }

    private static Picture picture(NDManager manager, Image image) {
        if (image.getWrappedImage() instanceof BufferedImage buffered) {
            return Picture.of(buffered);
        }
        try (NDArray pixels = image.toNDArray(manager, Image.Flag.COLOR)) { // other implementations: uint8 [H,W,3] RGB
            return new Picture(image.getWidth(), image.getHeight(), pixels.toByteArray());
        }
    }
}

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
import ai.onnxruntime.OnnxJavaType;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Lets an application that runs models through DJL, with an engine of its own, feed an exported encoder as
 * {@link EmbeddingModel} does: size, type, scale and layout of pictures, and pooling, are the manifest's. Immutable and
 * thread-safe.
 */
public final class EmbeddingTranslator implements Translator<Image, float[]> {
    private final Manifest manifest;
    private final Input.Pictures pictures;

    /**
     * Prepares pictures as the manifest says.
     *
     * @throws IOException if the model takes something else than pictures
     */
    public EmbeddingTranslator(Manifest manifest) throws IOException {
        if (!(manifest.input() instanceof Input.Pictures found)) {
            throw new IOException(
                    manifest.encoder() + " takes " + manifest.input().noun() + ", expected an encoder of pictures");
        }
        this.manifest = manifest;
        this.pictures = found;
    }

    @Override
    public Batchifier getBatchifier() {
        return Batchifier.STACK;
    }

    /** One picture as the model takes it, uint8 [imageSize, imageSize, 3] of own encoders; the batchifier adds the first axis. */
    @Override
    public NDList processInput(TranslatorContext context, Image input) {
        NDManager manager = context.getNDManager();
        Picture prepared = pictures.prepare(picture(manager, input));
        ByteBuffer values = ByteBuffer.allocate(pictures.bytes()).order(ByteOrder.nativeOrder());
        pictures.write(prepared, values, 0);
        var shape = new Shape(pictures.shape());
        return new NDList(
                pictures.type() == OnnxJavaType.UINT8
                        ? manager.create(values, shape, DataType.UINT8)
                        : manager.create(values.asFloatBuffer(), shape, DataType.FLOAT32));
    }

    /** The vector of one picture, pooled as the manifest says. */
    @Override
    public float[] processOutput(TranslatorContext context, NDList list) {
        NDArray output = list.size() == 1 ? list.get(0) : list.get(manifest.outputName());
        return manifest.pooling().row(output.toFloatArray(), output.getShape().getShape());
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

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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Lets an application that runs models through DJL, with an engine of its own, feed an exported encoder as
 * {@link EmbeddingModel} does: size, type, scale and layout of pictures, and pooling, are the manifest's. Immutable and
 * thread-safe.
 *
 * <pre>{@code
 * Path encoder = Path.of("encoder.onnx");
 * Criteria<Image, float[]> criteria = Criteria.builder()
 *         .setTypes(Image.class, float[].class)
 *         .optModelPath(encoder)
 *         .optEngine("OnnxRuntime")
 *         .optTranslator(new EmbeddingTranslator(Manifest.read(encoder)))
 *         .build();
 * try (ZooModel<Image, float[]> model = criteria.loadModel();
 *         Predictor<Image, float[]> predictor = model.newPredictor()) {
 *     float[] vector = predictor.predict(ImageFactory.getInstance().fromFile(Path.of("picture.jpg")));
 * }
 * }</pre>
 *
 * <p>DJL's OnnxRuntime engine makes ONNX Runtime's environment itself and fails where there is one: an application that
 * also uses {@link EmbeddingModel} calls {@code Engine.getEngine("OnnxRuntime")} before it.
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
        this.pictures = found.resizedInside(false); // a batch has one size
    }

    /** Not null, for {@code Predictor.batchPredict} to run pictures together; nothing else is asked of it. */
    @Override
    public Batchifier getBatchifier() {
        return Batchifier.STACK;
    }

    /** One picture as the model takes it, without the batch's axis: uint8 [imageSize, imageSize, 3] of own encoders. */
    @Override
    public NDList processInput(TranslatorContext context, Image input) {
        return new NDList(array(context.getNDManager(), List.of(input), pictures.shape()));
    }

    /**
     * Pictures as one batch [N, …]. Made here and not by the batchifier: engines that only run models, such as DJL's
     * OnnxRuntime, can't stack arrays.
     */
    @Override
    public NDList batchProcessInput(TranslatorContext context, List<Image> inputs) {
        long[] shape = pictures.shape();
        long[] batch = new long[shape.length + 1];
        batch[0] = inputs.size();
        System.arraycopy(shape, 0, batch, 1, shape.length);
        return new NDList(array(context.getNDManager(), inputs, batch));
    }

    private NDArray array(NDManager manager, List<Image> images, long... shape) {
        ByteBuffer values = ByteBuffer.allocateDirect(Math.multiplyExact(images.size(), pictures.bytes()))
                .order(ByteOrder.nativeOrder());
        for (int i = 0; i < images.size(); i++) {
            pictures.write(pictures.prepare(picture(manager, images.get(i))), values, i);
        }
        return pictures.type() == OnnxJavaType.UINT8
                ? manager.create(values, new Shape(shape), DataType.UINT8)
                : manager.create(values.asFloatBuffer(), new Shape(shape), DataType.FLOAT32);
    }

    /** The vector of one picture, of an output without the batch's axis, pooled as the manifest says. */
    @Override
    public float[] processOutput(TranslatorContext context, NDList list) {
        NDArray output = output(list);
        return manifest.pooling().row(output.toFloatArray(), output.getShape().getShape());
    }

    /** The vectors of a batch [N, …], pooled as the manifest says. */
    @Override
    public List<float[]> batchProcessOutput(TranslatorContext context, NDList list) {
        NDArray output = output(list);
        float[] values = output.toFloatArray();
        long[] shape = output.getShape().getShape();
        long[] axes = Arrays.copyOfRange(shape, 1, shape.length);
        int count = Math.toIntExact(shape[0]);
        int size = values.length / count;
        List<float[]> vectors = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            vectors.add(manifest.pooling().row(Arrays.copyOfRange(values, i * size, (i + 1) * size), axes));
        }
        return vectors;
    }

    private NDArray output(NDList list) {
        return list.size() == 1 ? list.get(0) : list.get(manifest.outputName());
    }

    private Picture picture(NDManager manager, Image image) {
        if (image.getWrappedImage() instanceof BufferedImage buffered) {
            return Picture.of(buffered, pictures.decodedChannels());
        }
        try (NDArray pixels = image.toNDArray(manager, Image.Flag.COLOR)) { // other implementations: uint8 [H,W,3] RGB
            return new Picture(image.getWidth(), image.getHeight(), pixels.toByteArray());
        }
    }
}

package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Predictor;
import dev.vicreg.runtime.RegressionModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewType;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Pictures, compared by their pixels, normalised by mean and standard deviation of the training pictures. */
final class PictureForm implements SampleForm<Picture, Picture> {
    /** Larger pictures are reduced to this side for the comparison of raw pixels, which bounds its memory. */
    private static final int MAX_PIXEL_SIDE = 32;

    private static final int CELL = 96;

    private final @Nullable Crops crops;

    /** Pictures as they are. */
    PictureForm() {
        this(null);
    }

    /** @param crops whose embeddings are averaged; null for that of the whole picture */
    PictureForm(@Nullable Crops crops) {
        this.crops = crops;
    }

    @Override
    public Kind<Picture> kind() {
        return PictureKind.PICTURES;
    }

    @Override
    public Embedder<Picture> embedder(EmbeddingModel model) {
        Embedder<Picture> pictures = model.pictures();
        return crops == null
                ? pictures
                : crops.averagedBy(pictures, taken(model).size());
    }

    @Override
    public Classifier<Picture> classifier(ClassifierModel model) {
        return model.pictures();
    }

    /** Of uint8 [H,W,C]. */
    @Override
    public Predictor<Picture> predictor(RegressionModel model) {
        return model.predictor(Input.Pictures.class);
    }

    @Override
    public Function<Picture, Picture> raw(EmbeddingModel model, Dataset<Picture> data) {
        int side = Math.min(MAX_PIXEL_SIDE, taken(model).size().shorter());
        return picture -> picture.middle(side, side, Interpolation.BICUBIC);
    }

    private static Input.Pictures taken(EmbeddingModel model) {
        return (Input.Pictures) model.manifest().input();
    }

    @Override
    public float[][] vectors(List<Picture> samples, List<Picture> train) {
        return Vectors.pixels(samples, Vectors.Moments.of(train));
    }

    @Override
    public String rawNoun() {
        return "pixels";
    }

    @Override
    public Look look(Picture sample, Dataset<?> data) {
        return Look.Pixels.of(sample);
    }

    /** Of views on another scale, their least value is black and their greatest white. */
    @Override
    public Picture seen(ViewType type, ByteBuffer view) {
        List<Integer> shape = type.shape();
        boolean planar = shape.get(0) <= Picture.MOST_CHANNELS && shape.get(2) > shape.get(0); // [C,H,W]
        int channels = shape.get(planar ? 0 : 2);
        int height = shape.get(planar ? 1 : 0);
        int width = shape.get(planar ? 2 : 1);
        byte[] values = new byte[channels * height * width];
        if (type.element() == ViewType.Element.UINT8) {
            view.get(0, values);
        } else {
            scale(view, values);
        }
        if (!planar) {
            return new Picture(width, height, channels, values);
        }
        byte[] samples = new byte[values.length]; // [C,H,W] → [H,W,C]
        for (int i = 0; i < samples.length; i++) {
            samples[i] = values[i % channels * height * width + i / channels];
        }
        return new Picture(width, height, channels, samples);
    }

    private static void scale(ByteBuffer view, byte[] values) {
        float least = Float.POSITIVE_INFINITY;
        float greatest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < values.length; i++) {
            float value = view.getFloat(i * Float.BYTES);
            least = Math.min(least, value);
            greatest = Math.max(greatest, value);
        }
        float range = greatest > least ? greatest - least : 1;
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) Math.round(255 * (view.getFloat(i * Float.BYTES) - least) / range);
        }
    }

    @Override
    public int cellWidth() {
        return CELL;
    }

    @Override
    public int cellHeight() {
        return CELL;
    }

    @Override
    public BufferedImage cell(Picture sample) {
        return sample.toBufferedImage();
    }
}

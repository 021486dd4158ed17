package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
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

    @Override
    public Picture ofView(ViewType type, ByteBuffer view, EmbeddingModel model) {
        byte[] samples = new byte[type.bytes()]; // [height, width, channels]
        view.get(0, samples);
        return new Picture(
                type.shape().get(1), type.shape().get(0), type.shape().get(2), samples);
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

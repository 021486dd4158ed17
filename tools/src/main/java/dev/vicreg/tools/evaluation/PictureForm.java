package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.Dataset;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.Function;

/** Pictures, compared by their pixels, normalised by mean and standard deviation of the training pictures. */
final class PictureForm implements SampleForm<Picture, Picture> {
    /** Larger pictures are reduced to this side for the comparison of raw pixels, which bounds its memory. */
    private static final int MAX_PIXEL_SIDE = 32;

    private static final int CELL = 96;

    @Override
    public Kind<Picture> kind() {
        return PictureKind.PICTURES;
    }

    @Override
    public Embedder<Picture> embedder(EmbeddingModel model) {
        return model.pictures();
    }

    @Override
    public Function<Picture, Picture> raw(EmbeddingModel model, Dataset<Picture> data) {
        int side = Math.min(
                MAX_PIXEL_SIDE,
                ((Input.Pictures) model.manifest().input()).size().shorter());
        return picture -> picture.middle(side, side, Interpolation.BICUBIC);
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

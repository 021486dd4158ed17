package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.Preprocessing;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.Dataset;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
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
    public Encoding<Picture> encoding(EmbeddingModel model) {
        return new Encoding<>(preparation(model)::apply, model::embedPictures);
    }

    /** What the model would do itself; on a picture so prepared it changes nothing. */
    private static Preprocessing preparation(EmbeddingModel model) {
        if (!(model.manifest().input() instanceof Manifest.PictureInput input)) {
            throw new IllegalArgumentException(
                    "The encoder takes " + model.manifest().input().kind() + "s, expected pictures");
        }
        return new Preprocessing(
                input.shortestSide(),
                input.imageSize(),
                Interpolation.valueOf(input.interpolation().toUpperCase(Locale.ROOT)));
    }

    @Override
    public Function<Picture, Picture> raw(EmbeddingModel model, Dataset<Picture> data) {
        int side = Math.min(MAX_PIXEL_SIDE, preparation(model).imageSize());
        return new Preprocessing(side, side, Interpolation.BICUBIC)::apply;
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

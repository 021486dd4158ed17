package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.Preprocessing;
import dev.vicreg.runtime.picture.Interpolation;
import java.util.Locale;

/** Brings pictures to a model's size as soon as they are decoded, so that no large one has to be kept. */
public final class PicturePreparation {
    private PicturePreparation() {}

    /**
     * What the model would do itself; on a picture so prepared it changes nothing.
     *
     * @throws IllegalArgumentException if it takes something else
     */
    public static Preprocessing of(EmbeddingModel model) {
        if (!(model.manifest().input() instanceof Manifest.PictureInput input)) {
            throw new IllegalArgumentException(
                    "The encoder takes " + model.manifest().input().kind() + "s, expected pictures");
        }
        return new Preprocessing(
                input.shortestSide(),
                input.imageSize(),
                Interpolation.valueOf(input.interpolation().toUpperCase(Locale.ROOT)));
    }
}

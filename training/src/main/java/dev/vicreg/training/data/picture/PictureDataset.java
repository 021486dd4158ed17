package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Modality;
import java.io.IOException;

/** Pictures in a fixed order. Thread-safe. */
public interface PictureDataset extends Dataset {
    /**
     * The decoded picture, possibly shared with other callers.
     *
     * @throws IOException if it cannot be read or decoded; the message names it
     */
    Picture picture(int index) throws IOException;

    @Override
    default String noun() {
        return Modality.PICTURES.noun();
    }
}

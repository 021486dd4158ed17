package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.source.Modality;
import dev.vicreg.training.data.source.SampleFiles;
import dev.vicreg.training.data.source.SampleSource;
import dev.vicreg.training.data.source.SelectedSamples;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;

/** The pictures of a source that are used. */
public final class SelectedPictures extends SelectedSamples<Picture> implements PictureDataset {
    /** Files of pictures. */
    public static final SampleFiles.Format<Picture> FORMAT = new SampleFiles.Format<>() {
        @Override
        public String noun() {
            return Modality.PICTURES.noun();
        }

        @Override
        public Picture decode(byte[] bytes, String name) throws IOException {
            return Picture.decode(bytes, name);
        }

        @Override
        public long decodedSize(Picture picture) {
            return picture.rgb().length;
        }
    };

    public SelectedPictures(String where, SampleSource<Picture> source, Selection selection, long cacheBytes)
            throws IOException {
        super(where, source, selection, cacheBytes);
    }

    @Override
    public String noun() {
        return super.noun();
    }

    @Override
    public Picture picture(int index) throws IOException {
        return sample(index);
    }
}

package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/** All the pictures that a folder, an archive or a file holds, before any of them is selected, checked or cached. */
interface PictureSource extends Closeable {
    int size();

    String name(int index);

    int label(int index);

    List<String> labelNames();

    /** Bytes of the picture as stored. */
    long encodedSize(int index);

    byte[] encoded(int index) throws IOException;

    /**
     * The picture in these bytes.
     *
     * @param encoded what {@link #encoded} returned for this index
     */
    Picture decode(int index, byte[] encoded) throws IOException;

    /** Whether pictures are compressed, so that they can be damaged, and decoding them twice is worth avoiding. */
    boolean isCompressed();

    /** The parts of a split data set that are mixed in this source: train and test, or none. */
    boolean mixesTrainAndTest();
}

package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * Pictures in a fixed order. Thread-safe.
 *
 * <p>Labels are for evaluation; training never asks for them.
 */
public interface PictureDataset extends Closeable {
    int size();

    /** Where the picture lies inside the set, with {@code /} between folders: {@code bird/0001.jpg}. */
    String name(int index);

    /** Place in {@link #labelNames} of the picture's class, or -1 where it has none. */
    int label(int index);

    /** Class names, sorted; or in the order of the file's own numbers. */
    List<String> labelNames();

    /**
     * The decoded picture, possibly shared with other callers.
     *
     * @throws IOException if it cannot be read or decoded; the message names it
     */
    Picture picture(int index) throws IOException;

    /** Changes when pictures are added, removed, renamed or replaced; 64 hexadecimal digits. */
    String fingerprint();

    /** Releases open archives. Idempotent. */
    @Override
    void close() throws IOException;
}

package dev.vicreg.training.data.source;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * Samples of one kind in a fixed order. Thread-safe.
 *
 * <p>Labels are for evaluation and classifiers; training without labels never learns from them.
 *
 * @param <S> a sample, decoded
 */
public interface Dataset<S> extends Closeable {
    int size();

    /**
     * The decoded sample, possibly shared with other callers, who leave it as it is.
     *
     * @throws IOException if it cannot be read or decoded; the message names it
     */
    S sample(int index) throws IOException;

    /**
     * The sample as it is stored: a file's bytes; of a row of a table its values. Tells whether it has changed.
     *
     * @throws IOException if it cannot be read
     */
    byte[] stored(int index) throws IOException;

    /** What the samples are called in messages, in the plural: {@code pictures}. */
    String noun();

    /** Where the sample lies inside the set, with {@code /} between folders: {@code bird/0001.jpg}. */
    String name(int index);

    /** Place in {@link #labelNames} of the sample's class, or -1 where it has none. */
    int label(int index);

    /** Class names, sorted; or in the order of the file's own numbers. */
    List<String> labelNames();

    /** How many samples were left out when the set was opened, since they are empty or cannot be decoded. */
    default int skipped() {
        return 0;
    }

    /** Changes when samples are added, removed, renamed or replaced; 64 hexadecimal digits. */
    String fingerprint();

    /** Releases open files. Idempotent. */
    @Override
    void close() throws IOException;
}

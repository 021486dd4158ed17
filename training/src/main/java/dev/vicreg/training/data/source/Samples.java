package dev.vicreg.training.data.source;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * All the samples that a folder, an archive or a file holds, before any of them is selected, checked or cached.
 *
 * @param <T> a decoded sample
 */
public interface Samples<T> extends Closeable {
    int size();

    /** What the samples are called, in the plural. */
    String noun();

    String name(int index);

    int label(int index);

    List<String> labelNames();

    /** Bytes of the sample as stored. */
    long encodedSize(int index);

    byte[] encoded(int index) throws IOException;

    /**
     * The sample in these bytes.
     *
     * @param encoded what {@link #encoded} returned for this index
     */
    T decode(int index, byte[] encoded) throws IOException;

    /** Bytes of memory that a decoded sample takes. */
    long decodedSize(T sample);

    /** Whether samples are decoded by some effort that can fail, and decoding them twice is worth avoiding. */
    boolean isCompressed();

    /** The parts of a split data set that are mixed in this source: train and test, or none. */
    boolean mixesTrainAndTest();
}

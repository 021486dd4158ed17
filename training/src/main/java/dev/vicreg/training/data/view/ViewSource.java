package dev.vicreg.training.data.view;

import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One side of every pair: a data set and how views of its samples are made. Usually one source serves both sides; where
 * the branches take different things, each side has its own. Thread-safe.
 */
public interface ViewSource {
    /** The samples. */
    Dataset<?> data();

    /** The data set that {@link #data} are of: the same, but for samples in an order of pairs. */
    default Dataset<?> origin() {
        return data();
    }

    /** Where a sample of {@link #data} is in {@link #origin}. */
    default int place(int index) {
        return index;
    }

    /** What every view is made of. */
    ViewType type();

    /**
     * A control experiment: whether the two views of a pair come from different samples. What such a run learns owes
     * nothing to the augmentation.
     */
    boolean unrelatedViews();

    /**
     * The sample at this index, read and decoded.
     *
     * @throws IOException if it cannot be read or decoded; the message names it
     */
    Sample sample(int index) throws IOException;

    /** A decoded sample, of which any number of views can be made. */
    interface Sample {
        /**
         * Makes one view: a function of the sample and the key.
         *
         * @param into direct, native byte order; others may write to other places of it at the same time, so its
         *     position is neither used nor moved
         * @param offset in bytes, where the view starts; it takes {@link ViewType#bytes}
         */
        void write(ViewKey key, ByteBuffer into, int offset);
    }
}

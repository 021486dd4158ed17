package dev.vicreg.runtime.input;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** How many samples a batch has, and where their values go. */
final class Batches {
    /** Pixels, or values, that run through a model at once. */
    private static final int POINTS = 1 << 20;

    private static final int MOST = 64;
    private static final int MOST_VECTORS = 1024;

    /** Bytes of one sample: it has to fit into a buffer, whose size is an int. */
    private static final int MOST_BYTES = 1 << 30;

    private Batches() {}

    /**
     * Refuses a model that takes larger samples, since a file says what it takes and all is allocated by that.
     *
     * @param what in the plural
     * @param bytes of each
     * @throws IllegalArgumentException how many it takes, and the limit
     */
    static void requireBounded(long count, String what, int bytes) {
        if (count > MOST_BYTES / bytes) {
            throw new IllegalArgumentException(
                    "samples of " + count + " " + what + ", expected at most " + MOST_BYTES / bytes);
        }
    }

    /** Samples in a batch of those that have so many pixels or values. */
    static int size(int points) {
        return Math.max(1, Math.min(MOST, POINTS / points));
    }

    /** The same of vectors. */
    static int ofVectors(int columns) {
        return Math.max(1, Math.min(MOST_VECTORS, POINTS / columns));
    }

    /** Writes values to the place that is so many times their number from the start. */
    static void put(ByteBuffer batch, int place, float[] values) {
        int bytes = values.length * Float.BYTES;
        batch.slice(place * bytes, bytes)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(values);
    }
}

package dev.vicreg.runtime.input;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** How many samples a batch has, and where their values go. */
final class Batches {
    /** Pixels, or values, that run through a model at once. */
    private static final int POINTS = 1 << 20;

    private static final int MOST = 64;
    private static final int MOST_VECTORS = 1024;

    private Batches() {}

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

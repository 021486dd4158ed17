package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class EmbeddingsTest {
    private static final float[] A = {3, 4};
    private static final float[] ZERO = {0, 0};

    @Test
    void cosineKnowsDirectionsAlone() {
        assertEquals(1, Embeddings.cosine(A, new float[] {6, 8}));
        assertEquals(-1, Embeddings.cosine(A, new float[] {-3, -4}));
        assertEquals(0, Embeddings.cosine(A, new float[] {4, -3}));
        assertEquals(0.96f, Embeddings.cosine(A, new float[] {4, 3}), 1e-7f);
        assertEquals(0, Embeddings.cosine(A, ZERO));
    }

    /** Squares of such values overflow float32, or vanish. */
    @Test
    void valuesMayBeOfAnySize() {
        assertEquals(0.96f, Embeddings.cosine(new float[] {3e30f, 4e30f}, new float[] {4e-30f, 3e-30f}), 1e-6f);
        assertArrayEquals(new float[] {0.6f, 0.8f}, Embeddings.normalised(new float[] {3e-30f, 4e-30f}), 1e-6f);
    }

    @Test
    void normalisedIsACopyOfLengthOne() {
        assertArrayEquals(new float[] {0.6f, 0.8f}, Embeddings.normalised(A));
        assertArrayEquals(new float[] {3, 4}, A);
        assertArrayEquals(ZERO, Embeddings.normalised(ZERO));
    }

    @Test
    void vectorsOfOtherEncodersAreRefused() {
        var e = assertThrows(IllegalArgumentException.class, () -> Embeddings.cosine(A, new float[3]));
        assertEquals("cannot compare vectors of 2 and 3 values; expected two of the same encoder", e.getMessage());
    }
}

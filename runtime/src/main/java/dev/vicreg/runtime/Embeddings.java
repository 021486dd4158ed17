package dev.vicreg.runtime;

/** What embeddings are compared by. They come as the encoder gives them, of any length. Thread-safe. */
public final class Embeddings {
    private Embeddings() {}

    /**
     * The cosine of the angle between two vectors: 1 of the same direction, 0 at right angles, -1 of opposite ones; 0
     * where one of them is all zeros. Summed in double precision; neither needs to be of length 1.
     *
     * @throws IllegalArgumentException if they differ in their number of values
     */
    public static float cosine(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException("cannot compare vectors of " + a.length + " and " + b.length
                    + " values; expected two of the same encoder");
        }
        double dot = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
        }
        double lengths = length(a) * length(b);
        return lengths == 0 ? 0 : (float) Math.max(-1, Math.min(1, dot / lengths));
    }

    /** A copy of length 1 (L2 norm), whose dot products are cosines; zeros stay zeros. */
    public static float[] normalised(float[] vector) {
        double length = length(vector);
        float[] scaled = new float[vector.length];
        for (int i = 0; length > 0 && i < vector.length; i++) {
            scaled[i] = (float) (vector[i] / length);
        }
        return scaled;
    }

    private static double length(float[] vector) {
        double sum = 0;
        for (float value : vector) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }
}

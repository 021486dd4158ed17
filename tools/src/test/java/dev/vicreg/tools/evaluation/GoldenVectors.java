package dev.vicreg.tools.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** The vectors of golden/diagnosis/diagnosis.py and its figures. */
public final class GoldenVectors {
    private long state;

    private GoldenVectors(long seed) {
        state = seed;
    }

    private double next() {
        state = (1664525 * state + 1013904223) & 0xFFFFFFFFL;
        return state / 2147483648.0 - 1;
    }

    public static JsonNode figures() throws IOException {
        try (InputStream in = GoldenVectors.class.getResourceAsStream("/golden/diagnosis/diagnosis.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(in));
        }
    }

    public static int[] integers(JsonNode list) {
        int[] values = new int[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(i).asInt();
        }
        return values;
    }

    public static float[][] vectors(int rows, int dimension, long seed) {
        GoldenVectors random = new GoldenVectors(seed);
        float[][] x = new float[rows][dimension];
        for (float[] row : x) {
            double before = 0;
            for (int d = 0; d < dimension; d++) {
                before = random.next() / (d + 1) + 0.5 * before;
                row[d] = (float) (before + 0.25);
            }
        }
        return x;
    }

    public static float[][] blobs(int rows, int dimension, int classes, double noise, long seed) {
        GoldenVectors random = new GoldenVectors(seed);
        double[][] centres = new double[classes][dimension];
        for (double[] centre : centres) {
            for (int d = 0; d < dimension; d++) {
                centre[d] = random.next();
            }
        }
        float[][] x = new float[rows][dimension];
        for (int i = 0; i < rows; i++) {
            for (int d = 0; d < dimension; d++) {
                x[i][d] = (float) (centres[i % classes][d] + noise * random.next());
            }
        }
        return x;
    }

    public static float[][][] views(int samples, int each, int dimension, long seed) {
        float[][] base = vectors(samples, dimension, seed);
        float[][] noise = vectors(samples * each, dimension, seed + 1);
        float[][][] views = new float[samples][each][dimension];
        for (int i = 0; i < samples; i++) {
            for (int v = 0; v < each; v++) {
                for (int d = 0; d < dimension; d++) {
                    views[i][v][d] = (float) (base[i][d] + 0.1 * noise[i * each + v][d]);
                }
            }
        }
        return views;
    }
}

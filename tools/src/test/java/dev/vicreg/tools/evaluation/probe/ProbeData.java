package dev.vicreg.tools.evaluation.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Rows with labels, from {@code golden/} or made up. */
record ProbeData(float[][] x, int[] labels) {
    static JsonNode golden(String file) throws IOException {
        try (InputStream in = ProbeData.class.getResourceAsStream("/golden/" + file)) {
            return new ObjectMapper().readTree(in);
        }
    }

    static ProbeData of(JsonNode golden) {
        return new ProbeData(
                rows(golden.get("x")),
                Arrays.stream(doubles(golden.get("labels")))
                        .mapToInt(each -> (int) each)
                        .toArray());
    }

    /** Rows of ten classes in 32 columns, which overlap: {@code large} in golden/probes.py. */
    static ProbeData clustered(int rows) {
        Lcg lcg = new Lcg(17);
        double[][] centres = new double[10][32];
        for (double[] centre : centres) {
            Arrays.setAll(centre, d -> lcg.next());
        }
        float[][] x = new float[rows][32];
        for (int i = 0; i < rows; i++) {
            for (int d = 0; d < 32; d++) {
                x[i][d] = (float) (centres[i % 10][d] + 2 * (lcg.next() + lcg.next()));
            }
        }
        return new ProbeData(x, IntStream.range(0, rows).map(i -> i % 10).toArray());
    }

    /** Rows from one to before another. */
    ProbeData part(int from, int to) {
        return new ProbeData(Arrays.copyOfRange(x, from, to), Arrays.copyOfRange(labels, from, to));
    }

    static float[][] rows(JsonNode matrix) {
        float[][] rows = new float[matrix.size()][matrix.get(0).size()];
        for (int i = 0; i < rows.length; i++) {
            for (int d = 0; d < rows[i].length; d++) {
                rows[i][d] = (float) matrix.get(i).get(d).doubleValue();
            }
        }
        return rows;
    }

    static double[] doubles(JsonNode vector) {
        return IntStream.range(0, vector.size())
                .mapToDouble(i -> vector.get(i).doubleValue())
                .toArray();
    }

    /** Weights and biases as those of golden figures, to a share of the largest. */
    static void assertSame(JsonNode golden, LinearClassifier found, double share) {
        double largest = largest(golden.get("weights"));
        double largestBias = largest(golden.get("bias"));
        for (int label = 0; label < found.bias().length; label++) {
            for (int d = 0; d < found.weights()[label].length; d++) {
                double expected = golden.get("weights").get(label).get(d).doubleValue();
                assertEquals(expected, found.weights()[label][d], share * largest, "weight " + label + ", " + d);
            }
            double expected = golden.get("bias").get(label).doubleValue();
            assertEquals(expected, found.bias()[label], share * largestBias, "bias " + label);
        }
    }

    private static double largest(JsonNode values) {
        if (values.isNumber()) {
            return Math.abs(values.doubleValue());
        }
        double largest = 0;
        for (JsonNode each : values) {
            largest = Math.max(largest, largest(each));
        }
        return largest;
    }

    /** The generator of golden figures. */
    private static final class Lcg {
        private long state;

        Lcg(long seed) {
            state = seed;
        }

        double next() {
            state = (1664525 * state + 1013904223) & 0xFFFFFFFFL;
            return state / 2147483648.0 - 1;
        }
    }
}

package dev.vicreg.tools.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KnnClassifierTest {
    @Test
    void neighboursEqualASortedListOfCosines() {
        float[][] bank = random(97, 8, 1);
        float[][] queries = random(23, 8, 2);
        Neighbours found = Neighbours.find(bank, queries, 5, 1, 10 * 8); // small tiles: ten rows each
        for (int q = 0; q < queries.length; q++) {
            float[] query = queries[q];
            int[] expected = IntStream.range(0, bank.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> -cosine(bank[i], query)))
                    .limit(5)
                    .mapToInt(i -> i)
                    .toArray();
            assertArrayEquals(expected, found.indices()[q]);
            assertEquals(cosine(bank[expected[4]], query), found.similarities()[q][4], 1e-6);
        }
    }

    @Test
    void votesAreWeightedByTheExponentialOfTheSimilarity() {
        Neighbours near = new Neighbours(new int[][] {{0, 1, 2}}, new float[][] {{0.9f, 0.5f, 0.5f}});
        int[] labels = {1, 0, 0};
        assertArrayEquals(new int[] {1}, new KnnClassifier(3, 0.07).classify(near, labels, 2));
        assertArrayEquals(new int[] {0}, new KnnClassifier(3, 10).classify(near, labels, 2)); // nearly a plain count
    }

    @Test
    void accuracyCountsQueriesThatGetTheirOwnClass() {
        float[][] bank = {{1, 0}, {0, 1}};
        float[][] queries = {{5, 1}, {1, 5}, {5, 1}, {1, 5}};
        double accuracy =
                new KnnClassifier(1, 0.07).accuracy(bank, new int[] {0, 1}, queries, new int[] {0, 1, 1, 1}, 2);
        assertEquals(0.75, accuracy);
    }

    @Test
    void valuesThatAreNotFiniteAreRefused() {
        float[][] bank = {{1, Float.NaN}};
        assertThrows(IllegalStateException.class, () -> Neighbours.find(bank, bank, 1, 1));
    }

    private static float[][] random(int rows, int dimension, long seed) {
        Random random = new Random(seed);
        float[][] vectors = new float[rows][dimension];
        for (float[] vector : vectors) {
            for (int i = 0; i < dimension; i++) {
                vector[i] = (float) random.nextGaussian();
            }
        }
        return vectors;
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squareA += (double) a[i] * a[i];
            squareB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squareA * squareB);
    }
}

package dev.vicreg.tools.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vicreg.runtime.Embeddings;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DuplicatesTest {
    @Test
    void exactCopiesAreTheSameByEveryThreshold() {
        Random random = new Random(1);
        float[][] vectors = new float[400][];
        for (int i = 0; i < 200; i++) {
            float[] vector = new float[48];
            for (int d = 0; d < vector.length; d++) {
                vector[d] = (float) random.nextGaussian();
            }
            vectors[i] = Embeddings.normalised(vector);
            vectors[i + 200] = vectors[i].clone();
        }
        List<List<Integer>> pairs =
                IntStream.range(0, 200).mapToObj(i -> List.of(i, i + 200)).toList();
        assertEquals(pairs, Duplicates.groups(vectors, 1, 1));
        assertEquals(pairs, Duplicates.groups(vectors, 0.999f, 1));
    }

    @Test
    void nearOnesAreInOneGroupAndZerosInNone() {
        float[][] vectors = {{0, 0}, {1, 0}, {0, 1}, {1, 0.01f}, {0, 0}, {1, 0.02f}};
        assertEquals(List.of(List.of(1, 3, 5)), Duplicates.groups(vectors, 0.9999f, 1));
        assertEquals(List.of(), Duplicates.groups(vectors, 1, 1));
    }
}

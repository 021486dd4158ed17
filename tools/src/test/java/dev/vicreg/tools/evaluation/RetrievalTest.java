package dev.vicreg.tools.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RetrievalTest {
    /** Against scikit-learn, golden/diagnosis; in tiles of seven rows of the bank, whose class 9 it lacks. */
    @Test
    void figuresAreScikitLearnsWhateverTheTiles() throws IOException {
        float[][] bank = GoldenVectors.blobs(60, 8, 4, 1.5, 15);
        float[][] queries = GoldenVectors.blobs(25, 8, 5, 1.5, 17);
        int[] bankLabels = IntStream.range(0, 60).map(i -> i % 4).toArray();
        int[] queryLabels =
                IntStream.range(0, 25).map(i -> i % 5 == 4 ? 9 : i % 5).toArray();
        JsonNode golden = GoldenVectors.figures().get("retrieval");
        for (int tile : new int[] {7 * 8, 60 * 8, 1 << 20}) {
            Map<String, Double> figures =
                    Retrieval.of(bank, bankLabels, queries, queryLabels, tile).figures();
            assertEquals(golden.size(), figures.size());
            figures.forEach((name, value) -> assertEquals(golden.get(name).asDouble(), value, 1e-9, name));
        }
    }

    @Test
    void equalCosinesRankByTheirPlaceInTheBank() {
        float[][] bank = {{2, 0}, {1, 0}, {-1, 0}, {0, 0}};
        Retrieval found = Retrieval.of(bank, new int[] {0, 1, 1, 0}, new float[][] {{3, 0}}, new int[] {1});
        assertEquals((1 / 2.0 + 2 / 4.0) / 2, found.map());
        assertEquals(0, found.recall1());
        assertEquals(1, found.recall5()); // all four
    }

    @Test
    void withoutAQueryOfTheBanksClassesOnlyCountsAreLeft() {
        Retrieval found = Retrieval.of(new float[][] {{1}}, new int[] {0}, new float[][] {{1}}, new int[] {1});
        assertEquals(1, found.leftOut());
        assertEquals(Set.of("queries", "left_out"), found.figures().keySet());
    }

    @Test
    void valuesThatAreNotFiniteAreRefused() {
        float[][] bank = {{1, 1}, {1, Float.NaN}};
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class,
                () -> Retrieval.of(bank, new int[] {0, 0}, new float[][] {{1, 1}}, new int[] {0}));
        assertEquals("Vector 1 holds a value that is not a finite number", thrown.getMessage());
    }
}

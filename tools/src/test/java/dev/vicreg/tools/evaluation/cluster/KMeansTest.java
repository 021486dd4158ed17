package dev.vicreg.tools.evaluation.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.evaluation.GoldenVectors;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Clusters and partitions against scikit-learn: golden/diagnosis. */
class KMeansTest {
    @Test
    void theBestOfManyStartsIsScikitLearns() throws IOException {
        check("raw", new KMeans(4, 1, 20, 100, false));
        check("unit", new KMeans(4, 1, 20, 100, true));
    }

    private static void check(String name, KMeans kMeans) throws IOException {
        JsonNode golden = GoldenVectors.figures().get("kmeans").get(name);
        KMeans.Clusters found = kMeans.cluster(GoldenVectors.blobs(90, 6, 4, 0.6, 12));
        assertEquals(golden.get("inertia").asDouble(), found.inertia(), 1e-4);
        assertEquals(
                1,
                Partitions.compare(GoldenVectors.integers(golden.get("labels")), found.labels())
                        .ari());
    }

    @Test
    void theSameSeedGivesTheSameClusters() {
        float[][] vectors = GoldenVectors.blobs(90, 6, 9, 2, 4);
        int[] labels = KMeans.of(9, 7).cluster(vectors).labels();
        assertArrayEquals(labels, KMeans.of(9, 7).cluster(vectors).labels());
    }

    @Test
    void fewerDifferentVectorsThanClustersLeaveSomeEmpty() {
        float[][] vectors = {{1, 0}, {1, 0}, {0, 1}, {1, 0}, {0, 1}};
        KMeans.Clusters found = KMeans.of(4, 1).cluster(vectors);
        assertEquals(2, Arrays.stream(found.labels()).distinct().count());
        assertEquals(0, found.inertia(), 1e-12);
        assertEquals(
                1, Partitions.compare(found.labels(), new int[] {0, 0, 1, 0, 1}).nmi());
    }

    @Test
    void moreClustersThanVectorsAreRefused() {
        SettingException thrown =
                assertThrows(SettingException.class, () -> KMeans.of(3, 1).cluster(new float[2][4]));
        assertEquals("k-means: cannot make 3 clusters of 2 vectors; ask for fewer", thrown.getMessage());
    }

    @Test
    void partitionsAgreeAsScikitLearnSays() throws IOException {
        for (JsonNode golden : GoldenVectors.figures().get("partitions")) {
            Partitions found = Partitions.compare(
                    GoldenVectors.integers(golden.get("a")), GoldenVectors.integers(golden.get("b")));
            assertEquals(golden.get("nmi").asDouble(), found.nmi(), 1e-12);
            assertEquals(golden.get("ari").asDouble(), found.ari(), 1e-12);
        }
    }
}

package dev.vicreg.tools.evaluation.diagnosis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.tools.evaluation.GoldenVectors;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** LiDAR and alignment against NumPy in float64: golden/diagnosis. */
class ViewsTest {
    @Test
    void measuresOfViewsAreThePublishedOnes() throws IOException {
        check("many", GoldenVectors.views(30, 4, 12, 6));
    }

    @Test
    void fewerSamplesThanDimensionsGiveTheSameMeasures() throws IOException {
        check("few", GoldenVectors.views(6, 3, 16, 8));
    }

    private static void check(String name, float[][][] views) throws IOException {
        JsonNode golden = GoldenVectors.figures().get("views").get(name);
        assertEquals(golden.get("lidar").asDouble(), Lidar.of(views), 1e-6);
        assertEquals(golden.get("alignment").asDouble(), Alignment.of(views), 1e-7);
    }

    @Test
    void viewsThatAreAllOneHaveNoRankAndAreAligned() {
        float[][][] views = new float[4][3][5];
        assertEquals(0, Lidar.of(views));
        assertEquals(0, Alignment.of(views));
    }

    @Test
    void samplesNeedSeveralViewsAsManyOfEach() {
        float[][][] uneven = {{{1}, {2}}, {{1}}};
        assertMessage("Sample 1 has 1 views; expected two or more, as many of each sample", uneven);
        assertMessage("Found 1 samples; expected 2 or more", new float[][][] {{{1}, {2}}});
        float[][][] broken = {{{1}, {2}}, {{1}, {Float.NaN}}};
        assertMessage("Vector 3 holds a value that is not a finite number", broken);
    }

    private static void assertMessage(String expected, float[][][] views) {
        assertEquals(
                expected,
                assertThrows(IllegalStateException.class, () -> Lidar.of(views)).getMessage());
    }
}

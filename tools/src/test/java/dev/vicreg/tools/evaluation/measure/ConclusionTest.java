package dev.vicreg.tools.evaluation.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import java.io.InputStream;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConclusionTest {
    @Test
    void intervalsOfDifferencesAreThePublishedOnes() throws Exception {
        JsonNode golden;
        try (InputStream file = ConclusionTest.class.getResourceAsStream("/golden/online.json")) {
            golden = new ObjectMapper().readTree(file).get("advantages");
        }
        for (JsonNode each : golden) {
            JsonNode counts = each.get("counts");
            Advantage found = Advantage.of(
                    counts.get(0).intValue(),
                    counts.get(1).intValue(),
                    counts.get(2).intValue());
            assertEquals(each.get("difference").doubleValue(), found.difference(), 1e-12);
            assertEquals(
                    each.get("interval").get(0).doubleValue(), found.interval().low(), 1e-12);
            assertEquals(
                    each.get("interval").get(1).doubleValue(), found.interval().high(), 1e-12);
        }
        int[] actual = {0, 0, 1, 1, 1};
        Predictions one = new Predictions(new int[] {0, 1, 1, 1, 0}, actual, 2);
        Predictions other = new Predictions(new int[] {0, 0, 0, 0, 0}, actual, 2);
        assertEquals(Advantage.of(2, 1, 5), Advantage.of(one, other), "pairs: only the first right, only the second");
    }

    private static String said(Advantage overBefore, Advantage overRaw) {
        Evaluation evaluation =
                new Evaluation(20, 0.07, "texts", "counts", 100, 100, 2, 0.5, 0.5, 0.5, overBefore, overRaw);
        return Conclusion.of(evaluation, "test texts", Optional.empty(), 2e-3);
    }

    @Test
    void whatWasFoundAndWhatToTryGoTogether() {
        Advantage better = Advantage.of(30, 10, 100);
        Advantage worse = Advantage.of(10, 30, 100);
        Advantage open = Advantage.of(3, 4, 100);
        assertEquals(
                "kNN on 100 test texts: better than raw counts by 20.0 points (95 %: 7.9 to 31.3), better than before training"
                        + " by 20.0 points (95 %: 7.9 to 31.3); next: ./vicreg eval --measures all tells more; training longer"
                        + " (--resume --epochs N) may still help",
                said(better, better));
        assertTrue(said(worse, better).endsWith("next: a lower --lr than 2e-03, fewer epochs, or other --augment"));
        assertTrue(said(worse, better).contains("worse than before training by 20.0 points"));
        assertTrue(said(open, better).contains("no clear difference to before training (-1.0 points, 95 %: "));
        assertTrue(said(open, better).contains("next: train longer (--epochs), or test on more"));
        assertTrue(said(better, open).contains("choose --augment"));
        assertTrue(said(null, better).startsWith("kNN on 100 test texts: better than raw counts by 20.0 points"));
    }

    @Test
    void collapseIsSaidFirst() {
        float[][] same = new float[20][4];
        Diagnosis collapsed = Diagnosis.of(same);
        float[][] varied = new float[20][4];
        Random random = new Random(1);
        for (float[] row : varied) {
            for (int d = 0; d < 4; d++) {
                row[d] = (float) random.nextGaussian();
            }
        }
        Diagnosis fine = Diagnosis.of(varied);
        assertTrue(Conclusion.of(collapsed, fine, "texts", 1e-2)
                .startsWith("complete collapse: all 20 vectors are zeros; next: a lower --lr than 1e-02, "));
        assertTrue(Conclusion.of(fine, collapsed, "training texts", 1e-2)
                .startsWith("20 training texts without labels: no dimension is constant, RankMe "));
    }
}

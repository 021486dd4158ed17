package dev.vicreg.tools.evaluation.advice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Against SciPy: golden/advice. */
class RankCorrelationTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void equalValuesShareTheirRank() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(getClass().getResourceAsStream("/golden/advice/rank-correlation.json"))) {
            JsonNode golden = JSON.readTree(in);
            assertEquals(3, golden.size());
            for (JsonNode pair : golden) {
                double[] a = JSON.convertValue(pair.get("a"), double[].class);
                double[] b = JSON.convertValue(pair.get("b"), double[].class);
                assertEquals(pair.get("rho").asDouble(), RankCorrelation.spearman(a, b), 1e-12);
            }
        }
    }

    @Test
    void whatIsConstantHasNoRanks() {
        assertTrue(Double.isNaN(RankCorrelation.spearman(new double[] {1, 1, 1}, new double[] {1, 2, 3})));
    }
}

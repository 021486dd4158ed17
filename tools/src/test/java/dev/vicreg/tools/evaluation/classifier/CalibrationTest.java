package dev.vicreg.tools.evaluation.classifier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Figures of SciPy: see golden/calibration. */
    @ParameterizedTest
    @ValueSource(strings = {"too-sure", "too-unsure", "two-classes"})
    void temperatureAndErrorAreThoseOfThePaper(String name) throws IOException {
        JsonNode golden;
        try (InputStream in = CalibrationTest.class.getResourceAsStream("/golden/calibration/calibration.json")) {
            golden = JSON.readTree(in).path("cases").path(name);
        }
        double[][] logits = JSON.treeToValue(golden.path("logits"), double[][].class);
        int[] labels = JSON.treeToValue(golden.path("labels"), int[].class);
        Calibration found = Calibration.fit(logits, labels);
        assertEquals(golden.path("temperature").asDouble(), found.temperature(), 1e-6);
        assertEquals(golden.path("error").asDouble(), Calibration.NONE.error(logits, labels), 1e-12);
        assertEquals(golden.path("calibrated_error").asDouble(), found.error(logits, labels), 1e-6);
        assertEquals(golden.path("accuracy").asDouble(), share(Calibration.right(logits, labels)), 1e-12);
    }

    private static double share(boolean[] right) {
        int count = 0;
        for (boolean each : right) {
            count += each ? 1 : 0;
        }
        return (double) count / right.length;
    }

    @Test
    void temperatureStaysFiniteWhereAllIsRightOrWrong() {
        double[][] logits = {{1, 0}, {0, 1}};
        assertEquals(0.05, Calibration.fit(logits, new int[] {0, 1}).temperature(), 1e-9);
        assertEquals(20, Calibration.fit(logits, new int[] {1, 0}).temperature(), 1e-9);
        assertArrayEquals(new double[] {1, 0}, new Calibration(0.05).probabilities(new double[] {1e6, -1e6}));
    }
}

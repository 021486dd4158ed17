package dev.vicreg.tools.evaluation.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SgdProbeTest {
    @Test
    void stepsArePyTorchs() throws Exception {
        ProbeData data = ProbeData.of(ProbeData.golden("probes.json").get("three_classes"));
        for (float[] row : data.x()) {
            for (int d = 0; d < row.length; d++) {
                row[d] /= 64;
            }
        }
        for (JsonNode golden : ProbeData.golden("sgd-probe.json")) {
            SgdProbe probe = new SgdProbe(
                    golden.get("epochs").intValue(),
                    256,
                    golden.get("rate").doubleValue(),
                    0.9,
                    golden.get("decay").doubleValue(),
                    0);
            ProbeData.assertSame(golden, probe.fit(data.x(), data.labels(), 3), 1e-6);
        }
    }

    @Test
    void batchesInAnyOrderComeCloseToTheOptimum() {
        ProbeData train = ProbeData.clustered(1000);
        double optimum = LinearProbe.fit(train.x(), train.labels(), 10, 1e-2)
                .classifier()
                .accuracy(train.x(), train.labels());
        SgdProbe sgd = new SgdProbe(40, 64, 0.02, 0.9, 1e-6, 3);
        LinearClassifier found = sgd.fit(train.x(), train.labels(), 10);
        assertEquals(optimum, found.accuracy(train.x(), train.labels()), 0.02);
    }

    @Test
    void theSeedDecidesTheOrder() {
        ProbeData train = ProbeData.clustered(300);
        SgdProbe probe = new SgdProbe(2, 32, 0.02, 0.9, 1e-6, 3);
        float[][] first = probe.fit(train.x(), train.labels(), 10).weights();
        float[][] again = probe.fit(train.x(), train.labels(), 10).weights();
        float[][] other = new SgdProbe(2, 32, 0.02, 0.9, 1e-6, 4)
                .fit(train.x(), train.labels(), 10)
                .weights();
        assertTrue(Arrays.deepEquals(first, again));
        assertFalse(Arrays.deepEquals(first, other));
    }

    @Test
    void aRateThatDivergesIsNamed() {
        ProbeData train = ProbeData.clustered(100);
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class,
                () -> SgdProbe.STANDARD.withRate(1e308).fit(train.x(), train.labels(), 10));
        assertTrue(thrown.getMessage().contains("at a rate of 1.0E308; give it a smaller one"), thrown.getMessage());
    }
}

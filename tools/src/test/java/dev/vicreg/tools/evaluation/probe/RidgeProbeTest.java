package dev.vicreg.tools.evaluation.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RidgeProbeTest {
    @Test
    void weightsAndScoresAreScikitLearns() throws Exception {
        JsonNode golden = ProbeData.golden("probes.json").get("ridge");
        float[][] x = ProbeData.rows(golden.get("x"));
        double[] y = ProbeData.doubles(golden.get("y"));
        float[][] test = Arrays.copyOfRange(x, 40, 60);
        double[] testTargets = Arrays.copyOfRange(y, 40, 60);
        for (JsonNode fit : golden.get("fits")) {
            RidgeProbe probe = RidgeProbe.fit(
                    Arrays.copyOf(x, 40),
                    Arrays.copyOf(y, 40),
                    fit.get("penalty").doubleValue());
            for (int d = 0; d < 5; d++) {
                assertEquals(fit.get("weights").get(d).doubleValue(), probe.weights()[d], 1e-6, "weight " + d);
            }
            assertEquals(fit.get("bias").doubleValue(), probe.bias(), 2e-5);
            double score = probe.rSquared(test, testTargets).orElseThrow();
            assertEquals(fit.get("r_squared").doubleValue(), score, 1e-6);
        }
    }

    /** More columns than rows, more rows than a block, and a column that is twice another. */
    @Test
    void gradientVanishesAtTheSolution() {
        for (int rows : new int[] {20, 1300}) {
            Random random = new Random(rows);
            float[][] x = random(random, rows, 37);
            double[] y = new double[rows];
            for (int i = 0; i < rows; i++) {
                x[i][5] = 2 * x[i][4];
                y[i] = x[i][0] - 3 * x[i][4] + random.nextGaussian();
            }
            RidgeProbe probe = RidgeProbe.fit(x, y, 2);
            double[] predicted = probe.predict(x);
            Standardisation standard = Standardisation.of(x);
            for (int d = 0; d < 37; d++) {
                double gradient = 2 * probe.weights()[d] / standard.inverse()[d];
                for (int i = 0; i < rows; i++) {
                    gradient += (predicted[i] - y[i]) * (x[i][d] - standard.mean()[d]) * standard.inverse()[d];
                }
                assertEquals(0, gradient, 1e-6 * rows, "column " + d);
            }
        }
    }

    @Test
    void penaltyIsStrongForNoiseAndWeakForARule() {
        Random random = new Random(2);
        float[][] x = random(random, 100, 30);
        double[] noise = random.doubles(100).toArray();
        double[] rule = Arrays.stream(x).mapToDouble(row -> row[3] - 2 * row[8]).toArray();
        assertTrue(RidgeProbe.fit(x, noise).penalty() >= 100);
        RidgeProbe exact = RidgeProbe.fit(x, rule);
        assertTrue(exact.penalty() <= 1e-3);
        assertEquals(1, exact.rSquared(x, rule).orElseThrow(), 1e-6);
    }

    @Test
    void equalTargetsHaveNoScore() {
        float[][] x = {{1}, {2}, {4}};
        RidgeProbe probe = RidgeProbe.fit(x, new double[] {0.1, 0.1, 0.1});
        assertTrue(probe.rSquared(x, new double[] {0.1, 0.1, 0.1}).isEmpty());
        assertEquals(0.1, probe.predict(new float[][] {{9}})[0], 1e-6);
    }

    @Test
    void whatCanNotBeFittedIsSaidInOneLine() {
        float[][] x = {{1}, {2}};
        IllegalStateException thrown =
                assertThrows(IllegalStateException.class, () -> RidgeProbe.fit(x, new double[] {1, Double.NaN}, 1));
        assertEquals("A probe needs finite targets, found NaN of vector 1", thrown.getMessage());
        assertThrows(SettingException.class, () -> RidgeProbe.fit(x, new double[] {1, 2}, -1));
        assertThrows(IllegalStateException.class, () -> RidgeProbe.fit(new float[0][], new double[0]));
    }

    private static float[][] random(Random random, int rows, int columns) {
        float[][] x = new float[rows][columns];
        for (float[] row : x) {
            for (int d = 0; d < columns; d++) {
                row[d] = (float) random.nextGaussian();
            }
        }
        return x;
    }
}

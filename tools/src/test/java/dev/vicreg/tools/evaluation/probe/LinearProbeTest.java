package dev.vicreg.tools.evaluation.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearProbeTest {
    @ParameterizedTest
    @CsvSource({"two_classes, 2", "three_classes, 3"})
    void weightsAreScikitLearns(String name, int classes) throws Exception {
        JsonNode golden = ProbeData.golden("probes.json").get(name);
        ProbeData data = ProbeData.of(golden);
        for (JsonNode fit : golden.get("fits")) {
            double penalty = fit.get("penalty").doubleValue();
            LinearProbe probe = LinearProbe.fit(data.x(), data.labels(), classes, penalty);
            assertTrue(probe.converged());
            assertEquals(penalty, probe.penalty());
            ProbeData.assertSame(fit, probe.classifier(), 2e-4);
            double expected = fit.get("objective").doubleValue();
            assertEquals(expected, objective(probe, data), 1e-5 * expected);
        }
    }

    /** Of the published weights, on rows as they are. */
    private static double objective(LinearProbe probe, ProbeData data) {
        float[][] logits = probe.classifier().logits(data.x());
        double loss = 0;
        for (int row = 0; row < logits.length; row++) {
            float[] own = logits[row];
            double sum = IntStream.range(0, own.length)
                    .mapToDouble(i -> Math.exp(own[i]))
                    .sum();
            loss += Math.log(sum) - own[data.labels()[row]];
        }
        Standardisation standard = Standardisation.of(data.x());
        double squares = 0;
        for (float[] weights : probe.classifier().weights()) {
            for (int d = 0; d < weights.length; d++) {
                double scaled = standard.inverse()[d] == 0 ? 0 : weights[d] / standard.inverse()[d];
                squares += scaled * scaled;
            }
        }
        return loss + probe.penalty() / 2 * squares;
    }

    @Test
    void accuracyOnMoreRowsIsScikitLearns() throws Exception {
        ProbeData data = ProbeData.clustered(4000);
        ProbeData train = data.part(0, 3000);
        ProbeData test = data.part(3000, 4000);
        for (JsonNode golden : ProbeData.golden("probes.json").get("accuracies")) {
            LinearProbe probe = LinearProbe.fit(
                    train.x(), train.labels(), 10, golden.get("penalty").doubleValue());
            assertTrue(probe.converged());
            assertEquals(
                    golden.get("accuracy").doubleValue(), probe.classifier().accuracy(test.x(), test.labels()), 0.002);
        }
    }

    @Test
    void penaltyIsTheBestOnTheHeldOutRows() {
        ProbeData data = ProbeData.clustered(300);
        HeldOut split = HeldOut.fifth(data.labels(), 10, 5);
        float[][] kept = HeldOut.rows(data.x(), split.kept());
        float[][] held = HeldOut.rows(data.x(), split.held());
        int[] keptLabels = HeldOut.labels(data.labels(), split.kept());
        int[] heldLabels = HeldOut.labels(data.labels(), split.held());
        double chosen = LinearProbe.choosePenalty(data.x(), data.labels(), 10, 5);
        double best = DoubleStream.of(1e4, 1e3, 1e2, 1e1, 1, 1e-1, 1e-2, 1e-3, 1e-4)
                .map(penalty -> LinearProbe.fit(kept, keptLabels, 10, penalty)
                        .classifier()
                        .accuracy(held, heldLabels))
                .max()
                .orElseThrow();
        double found =
                LinearProbe.fit(kept, keptLabels, 10, chosen).classifier().accuracy(held, heldLabels);
        assertEquals(best, found, 1.0 / held.length);
        assertTrue(chosen > 1, "noisy rows want a strong penalty, found " + chosen);
    }

    @Test
    void withoutAPenaltyItIsTheOneOfSeedZero() {
        ProbeData data = ProbeData.clustered(200);
        LinearProbe probe = LinearProbe.fit(data.x(), data.labels(), 10);
        assertEquals(LinearProbe.choosePenalty(data.x(), data.labels(), 10, 0), probe.penalty());
    }

    @Test
    void aFifthOfEveryClassIsHeldOut() {
        int[] labels = new int[100];
        Arrays.fill(labels, 40, 95, 1);
        Arrays.fill(labels, 95, 97, 2); // two rows, then one row, then two of class 4
        labels[97] = 3;
        Arrays.fill(labels, 98, 100, 4);
        HeldOut split = HeldOut.fifth(labels, 5, 1);
        int[] counts = new int[5];
        Arrays.stream(split.held()).forEach(row -> counts[labels[row]]++);
        assertArrayEquals(new int[] {8, 11, 1, 0, 1}, counts);
        assertArrayEquals(
                IntStream.range(0, 100).toArray(),
                IntStream.concat(Arrays.stream(split.held()), Arrays.stream(split.kept()))
                        .sorted()
                        .toArray());
        assertTrue(!Arrays.equals(split.held(), HeldOut.fifth(labels, 5, 2).held()));
    }

    @Test
    void oneRowAClassIsEnough() {
        float[][] x = {{0, 1}, {1, 0}, {3, 3}};
        LinearProbe probe = LinearProbe.fit(x, new int[] {0, 1, 2}, 3);
        assertEquals(1, probe.penalty());
        assertArrayEquals(new int[] {0, 1, 2}, probe.classifier().predict(x));
    }

    @Test
    void aClassWithoutRowsChangesNothingAndIsNeverPredicted() {
        ProbeData data = ProbeData.clustered(200);
        int[] moved = Arrays.stream(data.labels())
                .map(label -> label < 4 ? label : label + 1)
                .toArray();
        LinearClassifier ten = LinearProbe.fit(data.x(), data.labels(), 10, 1).classifier();
        LinearClassifier eleven = LinearProbe.fit(data.x(), moved, 11, 1).classifier();
        assertArrayEquals(ten.weights()[4], eleven.weights()[5]);
        float[][] far = {data.x()[0].clone()};
        for (int d = 0; d < far[0].length; d++) {
            far[0][d] *= 1e6f;
        }
        assertTrue(eleven.predict(far)[0] != 4);
        assertTrue(Arrays.stream(eleven.predict(data.x())).noneMatch(label -> label == 4));
    }

    @Test
    void aConstantColumnCountsForNothing() {
        ProbeData data = ProbeData.clustered(100);
        for (float[] row : data.x()) {
            row[7] = 0.1f; // the mean of a hundred of these rounds to another number
        }
        LinearClassifier probe = LinearProbe.fit(data.x(), data.labels(), 10, 1).classifier();
        for (float[] weights : probe.weights()) {
            assertEquals(0, weights[7]);
        }
    }

    @Test
    void resultsDoNotDependOnTheNumberOfThreads() throws Exception {
        ProbeData data = ProbeData.clustered(1000);
        float[][][] found = new float[2][][];
        for (int threads = 1; threads <= 2; threads++) {
            ForkJoinPool pool = new ForkJoinPool(3 * threads - 2);
            found[threads - 1] = pool.submit(() -> LinearProbe.fit(data.x(), data.labels(), 10, 1))
                    .get()
                    .classifier()
                    .weights();
            pool.shutdown();
        }
        assertTrue(Arrays.deepEquals(found[0], found[1]));
    }

    @Test
    void whatCanNotBeFittedIsSaidInOneLine() {
        float[][] x = {{1, 2}, {3, 4}, {5, Float.NaN}};
        int[] labels = {0, 1, 0};
        assertEquals(
                "A probe needs finite vectors, found NaN in vector 2 at 1; leave that sample out, or see whether the"
                        + " encoder diverged",
                message(() -> LinearProbe.fit(x, labels, 2)));
        assertEquals(
                "A probe needs training vectors of two classes or more, found one class (number 1) in all 2",
                message(() -> LinearProbe.fit(new float[][] {{1}, {2}}, new int[] {1, 1}, 3)));
        assertEquals(
                "A probe needs labelled training vectors, found none",
                message(() -> LinearProbe.fit(new float[0][], new int[0], 3)));
        assertThrows(SettingException.class, () -> LinearProbe.fit(new float[][] {{1}, {2}}, new int[] {0, 1}, 2, 0));
    }

    private static String message(Runnable fit) {
        return assertThrows(IllegalStateException.class, fit::run).getMessage();
    }
}

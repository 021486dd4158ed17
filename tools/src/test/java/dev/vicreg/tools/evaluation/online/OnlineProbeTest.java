package dev.vicreg.tools.evaluation.online;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Random;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class OnlineProbeTest {
    private static JsonNode golden() throws IOException {
        try (InputStream file = OnlineProbeTest.class.getResourceAsStream("/golden/online.json")) {
            return new ObjectMapper().readTree(file).get("probe");
        }
    }

    private static float[] floats(JsonNode row) {
        float[] values = new float[row.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = row.get(i).floatValue();
        }
        return values;
    }

    private static float[][] rows(JsonNode matrix) {
        return StreamSupport.stream(matrix.spliterator(), false)
                .map(OnlineProbeTest::floats)
                .toArray(float[][]::new);
    }

    private static int[] labels(JsonNode row) {
        return StreamSupport.stream(row.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    @Test
    void stepsAreAdamsOnNormalisedColumns() throws Exception {
        JsonNode golden = golden();
        OnlineProbe probe = new OnlineProbe(3, 5);
        for (JsonNode batch : golden.get("batches")) {
            probe.learn(rows(batch.get("x")), labels(batch.get("labels")));
        }
        Map<String, Tensor> state = probe.state();
        float[] parameters = state.get("parameters").floats();
        for (int label = 0; label < 3; label++) {
            for (int d = 0; d < 6; d++) {
                double expected = golden.get("parameters").get(label).get(d).doubleValue();
                assertEquals(expected, parameters[label * 6 + d], 2e-6, label + ", " + d);
            }
        }
        assertArrayEquals(floats(golden.get("mean")), state.get("mean").floats(), 1e-4f);
        assertArrayEquals(floats(golden.get("variance")), state.get("variance").floats(), 1e-4f);
        assertEquals(6, state.get("steps").floats()[0]);
    }

    /** Rows of which the class shows in one column of three. */
    private static float[][] batch(Random random, int[] labels) {
        float[][] rows = new float[labels.length][3];
        for (int i = 0; i < rows.length; i++) {
            labels[i] = random.nextInt(2);
            rows[i] = new float[] {(float) random.nextGaussian(), 1000 + labels[i], 5};
        }
        return rows;
    }

    @Test
    void whatGoesOnFromAStateIsWhatNeverStopped() {
        OnlineProbe whole = new OnlineProbe(2, 3);
        OnlineProbe parts = new OnlineProbe(2, 3);
        Random random = new Random(1);
        for (int step = 0; step < 20; step++) {
            int[] labels = new int[16];
            float[][] rows = batch(random, labels);
            whole.learn(rows, labels);
            parts = OnlineProbe.of(parts.state());
            parts.learn(rows, labels);
        }
        Map<String, Tensor> expected = whole.state();
        parts.state()
                .forEach((name, tensor) -> assertArrayEquals(expected.get(name).data(), tensor.data(), name));
        assertEquals(expected.keySet(), parts.state().keySet());
    }

    @Test
    void classesAreLearntWhateverTheScaleOfTheColumnsAndABatchOfOneIsPassedOver() {
        OnlineProbe probe = new OnlineProbe(2, 3);
        Random random = new Random(2);
        for (int step = 0; step < 100; step++) {
            int[] labels = new int[16];
            probe.learn(batch(random, labels), labels);
        }
        byte[] before = probe.state().get("parameters").data();
        probe.learn(new float[][] {{1, 2, 3}}, new int[1]);
        assertArrayEquals(before, probe.state().get("parameters").data());
        int[] asked = new int[50];
        float[][] rows = batch(random, asked);
        assertArrayEquals(asked, probe.predict(rows));
    }
}

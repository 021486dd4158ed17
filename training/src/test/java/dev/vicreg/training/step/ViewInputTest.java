package dev.vicreg.training.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.LogMel;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class ViewInputTest {
    private static final int LENGTH = 1000;
    private static final LogMel MEL = new LogMel(8000, 200, 80, 20, 50, 4000);

    private static float[] prepared(ViewInput input, int batch, float... values) {
        Value view = Value.input("view", input.type(Dim.of(batch)));
        Graph graph = Graph.of("prepare", List.of(view), Map.of("y", input.prepare(new Ops(), view)));
        Tensor fed = Tensor.of(view.shape(), values);
        return Objects.requireNonNull(
                        GraphRunner.run(graph, Map.of("view", fed)).get("y"))
                .floats();
    }

    @Test
    void vectorsAreStandardisedByColumn() {
        ViewInput input = new ViewInput.Vectors(List.of(1e6f, -2f), List.of(0.5f, 4f));
        assertArrayEquals(new float[] {2, 0, -1, 0.5f}, prepared(input, 2, 1_000_001f, -2, 999_999.5f, 0));
    }

    @Test
    void signalsAreStandardisedByChannel() {
        ViewInput input = new ViewInput.Signals(3, List.of(1f, 10f), List.of(2f, 5f), null, false);
        assertArrayEquals(new float[] {0, 1, -0.5f, 0, -2, 1}, prepared(input, 1, 1, 3, 0, 10, 0, 15));
    }

    @Test
    void logMelAgreesWithReference() throws IOException {
        JsonNode golden;
        try (InputStream in = ViewInputTest.class.getResourceAsStream("/golden/log_mel.json")) {
            golden = new ObjectMapper().readTree(in);
        }
        ViewInput input = new ViewInput.Signals(LENGTH, List.of(0f, 0f), List.of(1f, 1f), MEL, true);
        Value view = Value.input("view", input.type(Dim.symbol("N")));
        Value pictures = input.prepare(new Ops(), view);
        assertEquals("[N,2,20,11]", pictures.shape().with(0, Dim.symbol("N")).toString());
        float[] found = prepared(input, 2, signals());
        assertEquals(golden.get("values").size(), found.length);
        double largest = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs(golden.get("values").get(i).asDouble() - found[i]));
        }
        // Of values between 0 and 1.2; found 1.0e-6.
        assertTrue(largest < 5e-6, "largest difference " + largest);
    }

    /** Those of log_mel.py. */
    private static float[] signals() {
        double[] noise = new Lcg(5).doubles(LENGTH);
        float[] signals = new float[4 * LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            double time = i / 8000.0;
            signals[i] = (float) (1.7 * noise[i]);
            signals[2 * LENGTH + i] =
                    (float) (0.8 * Math.sin(2 * Math.PI * 440 * time) + 0.001 * Math.sin(2 * Math.PI * 3000 * time));
            signals[3 * LENGTH + i] = (float) (Math.exp(-30 * time) * Math.sin(2 * Math.PI * 1000 * time));
        }
        return signals;
    }

    @Test
    void bandsBecomeChannelsForNetworksOfSignals() {
        ViewInput input = new ViewInput.Signals(LENGTH, List.of(0f, 0f), List.of(1f, 1f), MEL, false);
        Value view = Value.input("view", input.type(Dim.of(3)));
        assertEquals(Shape.of(3, 40, 11), input.prepare(new Ops(), view).shape());
    }

    @Test
    void bandsThatNoFrequencyFallsIntoAreRefused() {
        String message = assertThrows(IllegalArgumentException.class, () -> new LogMel(8000, 32, 16, 64, 0, 4000))
                .getMessage();
        assertTrue(message.contains("lies between two frequencies of a window of 32"), message);
    }

    @Test
    void signalsShorterThanAWindowAreRefused() {
        ViewInput input = new ViewInput.Signals(199, List.of(0f), List.of(1f), MEL, true);
        Value view = Value.input("view", input.type(Dim.of(2)));
        assertThrows(IllegalArgumentException.class, () -> input.prepare(new Ops(), view));
    }
}

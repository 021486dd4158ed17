package dev.vicreg.training.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.training.GraphRunner;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Dropout's masks in a running graph. */
final class DropoutTest {
    private static final int COUNT = 40_000;
    private static final double RATIO = 0.3;
    /** Five standard deviations of a share or a correlation of so many independent elements. */
    private static final double CHANCE = 5 / Math.sqrt(COUNT);

    private final Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(4, COUNT / 4)));

    /** Outputs of two dropouts, and the state's next value. */
    private Map<String, Tensor> run(float step, float key) {
        Layers layers = Layers.forTraining(new Parameters());
        Value first = layers.scope("a").dropout(x, RATIO);
        Value second = layers.scope("b").dropout(x, RATIO);
        Parameter state = layers.statistics().keySet().iterator().next();
        Graph graph = Graph.of(
                "dropout",
                List.of(x, state.value()),
                Map.of(
                        "first",
                        first,
                        "second",
                        second,
                        "next",
                        layers.statistics().get(state)));
        return GraphRunner.run(
                graph, Map.of("x", Tensor.filled(x.shape(), 1), state.name(), Tensor.of(Shape.of(2), step, key)));
    }

    @Test
    void masksKeepTheirShareAndAreUnrelated() {
        Map<String, Tensor> now = run(7, 123_456);
        List<float[]> masks = new ArrayList<>();
        masks.add(now.get("first").floats());
        masks.add(now.get("second").floats());
        masks.add(run(8, 123_456).get("first").floats());
        masks.add(run(7, 123_457).get("first").floats());
        float[] shifted = new float[COUNT];
        System.arraycopy(masks.get(0), 1, shifted, 0, COUNT - 1);
        masks.add(shifted);
        for (int i = 0; i < masks.size(); i++) {
            assertEquals(1, mean(masks.get(i), masks.get(i)) * (1 - RATIO), CHANCE, "share kept by mask " + i);
            for (int j = 0; j < i; j++) {
                assertEquals(1, mean(masks.get(i), masks.get(j)), 2 * CHANCE, "masks " + i + " and " + j);
            }
        }
        assertArrayEquals(masks.get(0), run(7, 123_456).get("first").floats());
    }

    /** Of kept elements scaled by 1/(1-ratio): 1 for independent masks, 1/(1-ratio) for equal ones. */
    private static double mean(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum / a.length;
    }

    @Test
    void stepsAreCountedAndStartAgainBeforeTheyAreInexact() {
        assertArrayEquals(new float[] {8, 5}, run(7, 5).get("next").floats());
        assertArrayEquals(new float[] {0, 5}, run((1 << 24) - 1, 5).get("next").floats());
    }

    @Test
    void inferenceDropsNothing() {
        assertSame(x, Layers.forInference(new Parameters()).dropout(x, RATIO));
    }
}

package dev.vicreg.training.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Ops;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.runtime.Device;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.autodiff.Backward;
import dev.vicreg.training.loop.MachineLowering;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every formulation against the plain one, on the sizes at which it is chosen. */
final class LoweringTest {
    /** Relative to the largest element; sums of up to 4,608 products in float32. */
    private static final double TOLERANCE = 1e-5;

    @ParameterizedTest(name = "{0} to {1} channels, {2}×{2}, kernel {3}, stride {4}, {5} threads")
    @CsvSource({
        "128, 256, 7, 3, 1, 2",
        "256, 128, 9, 3, 1, 1",
        "128, 128, 4, 3, 2, 2",
        "64, 128, 8, 1, 2, 2",
        "128, 128, 5, 1, 1, 2",
        "3, 16, 32, 3, 1, 2",
        "16, 32, 32, 3, 1, 2",
        "32, 48, 7, 3, 1, 2",
        "48, 32, 6, 3, 1, 1",
    })
    void formulationsAgree(int channels, int outputs, int size, int kernel, int stride, int threads) {
        Lcg random = new Lcg(channels + size);
        Ops ops = new Ops();
        Tensor x = random.tensor(1, 2, channels, size, size);
        Tensor w = random.tensor(1, outputs, channels, kernel, kernel);
        Value xIn = Value.input("x", new TensorType(ElementType.FLOAT, x.shape()));
        Value wIn = Value.input("w", new TensorType(ElementType.FLOAT, w.shape()));
        Value y = ops.conv(xIn, wIn, null, Ops.window(kernel, stride, kernel / 2));
        Value weights = ops.constant(random.tensor(1, y.shape().toArray()));
        Value loss = ops.reduceSum(ops.mul(y, weights), false);
        Map<Value, Value> gradients = Backward.gradients(loss, List.of(xIn, wIn));
        Map<String, Value> outputsByName = new LinkedHashMap<>();
        outputsByName.put("y", y);
        gradients.forEach((input, gradient) -> outputsByName.put("d" + input.name(), gradient));
        Graph plain = Graph.of("plain", List.of(xIn, wIn), outputsByName);
        Graph lowered = MachineLowering.of(Device.CPU, threads).apply(plain);

        Map<String, Tensor> expected = GraphRunner.run(plain, Map.of("x", x, "w", w));
        Map<String, Tensor> found = GraphRunner.run(lowered, Map.of("x", x, "w", w));
        expected.forEach((name, tensor) -> assertClose(tensor, found.get(name), name));
    }

    private static void assertClose(Tensor expected, @Nullable Tensor found, String name) {
        assertNotNull(found, name);
        float[] a = expected.floats();
        float[] b = found.floats();
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i]));
            difference = Math.max(difference, Math.abs(a[i] - b[i]));
        }
        assertEquals(expected.shape(), found.shape());
        assertTrue(difference < TOLERANCE * largest, name + ": " + difference + " of " + largest);
    }

    @Test
    void smallMapsUseNeitherConvGradNorTheirOwnCopyOfTheWeights() {
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(4, 32, 4, 4)));
        Value w = Value.input("w", new TensorType(ElementType.FLOAT, Shape.of(32, 32, 3, 3)));
        Ops ops = new Ops();
        Value once = ops.conv(x, w, null, Ops.window(3, 1, 1));
        Value twice = ops.conv(once, w, null, Ops.window(3, 1, 1));
        Value loss = ops.reduceSum(ops.mul(twice, twice), false);
        Map<Value, Value> gradients = Backward.gradients(loss, List.of(w));
        Value gradient = gradients.get(w);
        assertNotNull(gradient);
        Graph lowered = Lowering.cpu(2, 16).apply(Graph.of("g", List.of(x, w), Map.of("dw", gradient)));
        assertFalse(lowered.nodes().stream().anyMatch(node -> node.op() == OpType.CONV_GRAD));
        long rearrangements = lowered.nodes().stream()
                .filter(node ->
                        node.op() == OpType.TRANSPOSE && node.output(0).shape().rank() == 6)
                .count();
        assertEquals(2, rearrangements, "one for the weights and one for the flipped weights");
    }
}

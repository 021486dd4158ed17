package dev.vicreg.training.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

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
        Tensor x = random.tensor(1, 2, channels, size, size);
        Tensor w = random.tensor(1, outputs, channels, kernel, kernel);
        assertAgree(Ops.window(kernel, stride, kernel / 2), threads, x, w);
    }

    static Stream<Arguments> otherConvolutions() {
        Attributes square = Ops.window(3, 1, 1);
        return Stream.of(
                arguments("grouped", square.with("group", 2L), s(2, 64, 8, 8), s(64, 32, 3, 3), null),
                arguments("depthwise", square.with("group", 64L), s(2, 64, 8, 8), s(64, 1, 3, 3), s(64)),
                arguments("signals", Attributes.NONE.with("pads", 1L, 1L), s(2, 64, 9), s(64, 64, 3), s(64)),
                arguments("volumes", Attributes.NONE, s(1, 32, 4, 4, 4), s(32, 32, 3, 3, 3), null),
                arguments("dilated", square.with("dilations", 2L, 2L), s(2, 64, 8, 8), s(64, 64, 3, 3), null),
                arguments("oblong", Attributes.NONE, s(2, 64, 8, 8), s(64, 64, 3, 1), s(64)),
                arguments(
                        "padded as needed",
                        Attributes.NONE.with("auto_pad", "SAME_UPPER").with("strides", 2L, 2L),
                        s(2, 64, 8, 8),
                        s(64, 64, 3, 3),
                        s(64)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("otherConvolutions")
    void otherConvolutionsStayAsTheyAre(
            String name, Attributes attributes, long[] x, long[] w, long @Nullable [] bias) {
        Lcg random = new Lcg(x[2]);
        Tensor[] tensors = bias == null
                ? new Tensor[] {random.tensor(1, x), random.tensor(1, w)}
                : new Tensor[] {random.tensor(1, x), random.tensor(1, w), random.tensor(1, bias)};
        Graph plain = convolution(attributes, tensors);
        assertEquals(operators(plain), operators(Lowering.cpu(2, 16).apply(plain)));
        assertAgree(attributes, 2, tensors);
    }

    @Test
    void biasDoesNotKeepGradientsFromBeingLowered() {
        Lcg random = new Lcg(5);
        Tensor[] tensors = {random.tensor(1, 2, 64, 8, 8), random.tensor(1, 64, 64, 3, 3), random.tensor(1, 64)};
        Graph plain = convolution(Ops.window(3, 1, 1), tensors);
        assertTrue(operators(Lowering.cpu(2, 16).apply(plain)).contains(OpType.BLOCKED_CONV));
        assertAgree(Ops.window(3, 1, 1), 2, tensors);
    }

    /** The padding is done outside ConvGrad then, and what is left for it may be lowered. */
    @Test
    void unevenPaddingStaysRightWhenGradientsAreLowered() {
        Attributes attributes = Attributes.NONE.with("auto_pad", "SAME_UPPER");
        Lcg random = new Lcg(5);
        Tensor[] tensors = {random.tensor(1, 2, 64, 8, 7), random.tensor(1, 64, 64, 2, 2), random.tensor(1, 64)};
        Graph plain = convolution(attributes, tensors);
        assertTrue(operators(Lowering.cpu(2, 16).apply(plain)).contains(OpType.BLOCKED_CONV));
        assertAgree(attributes, 2, tensors);
    }

    private static long[] s(long... sizes) {
        return sizes;
    }

    private static List<OpType> operators(Graph graph) {
        return graph.nodes().stream().map(Node::op).toList();
    }

    /** Input, weights and perhaps a bias → the result and the gradients of all inputs. */
    private static Graph convolution(Attributes attributes, Tensor... tensors) {
        Ops ops = new Ops();
        List<Value> inputs = new ArrayList<>();
        for (int i = 0; i < tensors.length; i++) {
            inputs.add(Value.input("in" + i, tensors[i].type()));
        }
        Value y = ops.node(OpType.CONV, inputs, attributes).output(0);
        Value weights = ops.constant(new Lcg(7).tensor(1, y.shape().toArray()));
        Value loss = ops.reduceSum(ops.mul(y, weights), false);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("y", y);
        Backward.gradients(loss, inputs).forEach((input, gradient) -> outputs.put("d" + input.name(), gradient));
        return Graph.of("plain", inputs, outputs);
    }

    private static void assertAgree(Attributes attributes, int threads, Tensor... tensors) {
        Graph plain = convolution(attributes, tensors);
        Graph lowered = MachineLowering.of(Device.CPU, threads).apply(plain);
        Map<String, Tensor> fed = new LinkedHashMap<>();
        for (int i = 0; i < tensors.length; i++) {
            fed.put("in" + i, tensors[i]);
        }
        Map<String, Tensor> found = GraphRunner.run(lowered, fed);
        GraphRunner.run(plain, fed).forEach((name, tensor) -> assertClose(tensor, found.get(name), name));
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

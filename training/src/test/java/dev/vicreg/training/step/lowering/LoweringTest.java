package dev.vicreg.training.step.lowering;

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
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.autodiff.Backward;
import dev.vicreg.training.session.MachineLowering;
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
    /** Relative to the largest element; sums of up to 4,608 products in float32. The largest measured is 1.1e-6. */
    private static final double TOLERANCE = 1e-5;

    @ParameterizedTest(name = "{0} to {1} channels, {2}×{2}, kernel {3}, stride {4}, {5} threads")
    @CsvSource({
        "128, 256, 7, 3, 1, 2",
        "256, 128, 9, 3, 1, 1",
        "128, 128, 4, 3, 2, 2",
        "16, 48, 10, 3, 2, 1", // four convolutions in one
        "32, 16, 16, 3, 2, 1",
        "32, 16, 18, 3, 2, 1",
        "32, 32, 7, 3, 2, 2",
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

    /** Pictures take the place of channels, whose number blocks must fit. */
    @ParameterizedTest(name = "{0} pictures, {1} to {2} channels, {3}×{4}")
    @CsvSource({"16, 32, 16, 8, 8", "32, 5, 48, 4, 7", "16, 16, 16, 2, 2", "16, 16, 16, 1, 1", "15, 16, 16, 4, 4"})
    void weightGradientsOfManyPicturesAgree(int pictures, int channels, int outputs, int height, int width) {
        Lcg random = new Lcg(pictures + channels);
        Tensor x = random.tensor(1, pictures, channels, height, width);
        Tensor w = random.tensor(1, outputs, channels, 3, 3);
        assertAgree(Ops.window(3, 1, 1), 1, x, w);
    }

    static Stream<Arguments> otherConvolutions() {
        Attributes square = Ops.window(3, 1, 1);
        return Stream.of(
                arguments("grouped", square.with("group", 2L), s(2, 64, 8, 8), s(64, 32, 3, 3), null),
                arguments(
                        "depthwise, dilated",
                        square.with("group", 64L).with("dilations", 2L, 2L),
                        s(2, 64, 8, 8),
                        s(64, 1, 3, 3),
                        s(64)),
                arguments(
                        "depthwise with a multiplier",
                        square.with("group", 64L),
                        s(2, 64, 8, 8),
                        s(128, 1, 3, 3),
                        null),
                arguments("depthwise signals", Attributes.NONE.with("group", 64L), s(2, 64, 9), s(64, 1, 3), s(64)),
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

    @ParameterizedTest(name = "{1} channels of {0} pictures, {2}×{3}, kernel {4}, stride {5}, padding {6}")
    @CsvSource({
        "2, 64, 8, 8, 3, 1, 1, true, false",
        "4, 16, 7, 9, 3, 1, 0, true, false",
        "2, 24, 9, 7, 5, 1, 2, true, false", // two pictures make a block
        "4, 4, 6, 5, 3, 1, 1, true, false", // four
        "2, 16, 2, 3, 5, 1, 2, true, false", // windows larger than maps
        "2, 16, 6, 6, 2, 1, 0, true, false",
        "1, 32, 5, 5, 1, 1, 0, true, false",
        "1, 16, 40, 36, 7, 1, 3, true, false",
        "2, 16, 8, 6, 3, 2, 1, true, false",
        "4, 72, 9, 8, 5, 2, 2, true, false",
        "2, 16, 16, 13, 3, 2, 1, true, false",
        "2, 16, 10, 13, 4, 3, 2, true, false",
        "1, 16, 9, 9, 3, 2, 0, true, false",
        "2, 16, 8, 8, 3, 2, 0, true, true", // the last row is read by no window
        "2, 16, 8, 8, 3, 1, 3, true, true", // padded by more than a window less one
        "2, 16, 20, 20, 3, 2, 1, true, true", // a large map for a stride
        "2, 16, 35, 33, 3, 1, 1, false, true", // a large map for a small window
        "3, 5, 8, 7, 3, 1, 1, false, true", // channels that fill no block
        "1, 24, 8, 7, 3, 2, 1, false, true",
    })
    void depthwiseFormulationsAgree(
            int pictures,
            int channels,
            int height,
            int width,
            int kernel,
            int stride,
            int padding,
            boolean blocked,
            boolean convGrad) {
        Attributes attributes = Ops.window(kernel, stride, padding).with("group", (long) channels);
        Lcg random = new Lcg(channels + height);
        Tensor[] tensors = {
            random.tensor(1, pictures, channels, height, width),
            random.tensor(1, channels, 1, kernel, kernel),
            random.tensor(1, channels)
        };
        List<OpType> lowered = operators(Lowering.cpu(2, 16).apply(convolution(attributes, tensors)));
        assertEquals(blocked, lowered.contains(OpType.BLOCKED_CONV), "blocked layout");
        assertEquals(convGrad, lowered.contains(OpType.CONV_GRAD), "ConvGrad for a part");
        assertAgree(attributes, 2, tensors);
        Graph unblocked = Lowering.cpu(2, 0).apply(convolution(attributes, tensors));
        assertFalse(operators(unblocked).contains(OpType.BLOCKED_CONV));
        assertAgree(convolution(attributes, tensors), unblocked, tensors);
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
        assertAgree(plain, MachineLowering.of(Device.CPU, threads).apply(plain), tensors);
    }

    private static void assertAgree(Graph plain, Graph lowered, Tensor... tensors) {
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

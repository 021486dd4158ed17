package dev.vicreg.training.step.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is done again gives the same, and what needn't be held isn't. Ten steps against the reference: TrajectoryTest. */
class RecomputationTest {
    /** Relative to the largest element, for networks in whose files ONNX Runtime fuses operators of one graph and not of the other. */
    private static final double TOLERANCE = 1e-5;

    private static final String LOSS_SCALE = "scale";

    static Stream<Arguments> networksAndWays() {
        return MixedPrecisionTest.networks()
                .flatMap(network ->
                        Stream.of(Recomputation.NORMS, Recomputation.BLOCKS).map(way -> Arguments.of(network, way)));
    }

    static Map<String, Tensor> fed(TrainingGraph.Built built) {
        Map<String, Tensor> fed = new LinkedHashMap<>(built.initialState(3));
        for (Value input : built.training().inputs().subList(0, 2)) {
            fed.put(String.valueOf(input.name()), MixedPrecisionTest.views(input, fed.size()));
        }
        fed.put(TrainingGraph.LEARNING_RATE, Tensor.filled(Shape.of(1), 0.1f));
        return fed;
    }

    /** Losses and all new values: bit for bit in networks of this program's own. */
    @ParameterizedTest
    @MethodSource("networksAndWays")
    void aStepGivesTheSame(String network, Recomputation way) throws IOException {
        TrainingGraph.Built built = MixedPrecisionTest.built(network);
        StepGraph step = built.training();
        Map<String, Tensor> expected = GraphRunner.run(Lowering.NONE.apply(step.graph()), fed(built));
        Map<String, Tensor> found =
                GraphRunner.run(Lowering.NONE.apply(way.apply(step).graph()), fed(built));
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, tensor) -> {
            Tensor other = Objects.requireNonNull(found.get(name));
            if (Encoders.names().contains(network) || tensor.type().element() != ElementType.FLOAT) {
                assertArrayEquals(tensor.data(), other.data(), name);
            } else {
                assertAgree(tensor.floats(), other.floats(), leastScale(expected), name);
            }
        });
    }

    private static void assertAgree(float[] expected, float[] found, double least, String name) {
        double scale = Math.max(least, largest(expected));
        assertArrayEquals(expected, found, (float) (TOLERANCE * scale), name);
    }

    /** The scale of gradients that are truly zero, of biases before batch norms: all that they hold is rounding. */
    static double leastScale(Map<String, Tensor> values) {
        return values.entrySet().stream()
                        .filter(entry -> entry.getKey().contains("momentum")
                                && entry.getValue().type().element() == ElementType.FLOAT)
                        .mapToDouble(entry -> largest(entry.getValue().floats()))
                        .max()
                        .orElseThrow()
                / 10;
    }

    static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    @ParameterizedTest
    @CsvSource({"resnet, NORMS", "resnet, BLOCKS", "vit, NORMS", "vit, BLOCKS"})
    void float16GivesTheSame(String network, Recomputation way) throws IOException {
        TrainingGraph.Built built = MixedPrecisionTest.built(network);
        Map<String, Tensor> fed = fed(built);
        fed.replaceAll((name, tensor) -> name.endsWith(LOSS_SCALE) ? Tensor.filled(tensor.shape(), 16) : tensor);
        StepGraph half = built.step();
        Lowering lowering = Lowering.cpu(1, 0);
        Map<String, Tensor> expected = GraphRunner.run(lowering.apply(half.graph()), fed);
        Map<String, Tensor> found =
                GraphRunner.run(lowering.apply(way.apply(half).graph()), fed);
        expected.forEach((name, tensor) -> assertArrayEquals(
                tensor.data(), Objects.requireNonNull(found.get(name)).data(), name));
    }

    /** Shares of what the forward pass computes and the backward pass reads, in bytes. */
    @ParameterizedTest
    @CsvSource({"resnet, NORMS, 0.75", "resnet, BLOCKS, 0.45", "vit, NORMS, 0.85", "vit, BLOCKS, 0.35"})
    void lessIsHeld(String network, Recomputation way, double most) throws IOException {
        StepGraph step = MixedPrecisionTest.built(network).training();
        double share = (double) held(way.apply(step).graph()) / held(step.graph());
        assertTrue(share <= most, "holds " + share);
    }

    private static long held(Graph graph) {
        Set<Value> held = new HashSet<>();
        for (Node node : graph.nodes()) {
            if (node.region() == Region.BACKWARD) {
                node.inputs().stream()
                        .filter(Objects::nonNull)
                        .filter(input -> input.producer() != null
                                && input.producer().region() == Region.NETWORK
                                && input.producer().op() != OpType.CONSTANT)
                        .forEach(held::add);
            }
        }
        return held.stream()
                .mapToLong(value ->
                        value.shape().elements() * value.type().element().bytes())
                .sum();
    }

    /** ONNX Runtime runs what it can: only what waits for a gradient is done late. */
    @ParameterizedTest
    @MethodSource("networksAndWays")
    void whatIsDoneAgainWaitsForAGradient(String network, Recomputation way) throws IOException {
        StepGraph step = MixedPrecisionTest.built(network).training();
        Graph plain = step.graph();
        Set<Value> late = new HashSet<>();
        Set<Node> old = Set.copyOf(plain.nodes());
        for (Node node : way.apply(step).graph().nodes()) {
            boolean waits = node.region() == Region.OBJECTIVE
                    || node.inputs().stream().anyMatch(input -> input != null && late.contains(input));
            if (waits) {
                late.addAll(node.outputs());
            }
            assertTrue(waits || old.contains(node), "nothing holds back " + node);
        }
    }

    /** CUDA's kernel moves running statistics where they lie: a norm that is done again must not move the run's once more. */
    @ParameterizedTest
    @CsvSource({"resnet, NORMS", "resnet, BLOCKS"})
    void aNormDoneAgainMovesNoRunningStatistics(String network, Recomputation way) throws IOException {
        StepGraph step = MixedPrecisionTest.built(network).training();
        int again = 0;
        for (Node node : way.apply(step).graph().nodes()) {
            if (node.op() == OpType.BATCH_NORM_TRAINING && node.region() == Region.BACKWARD) {
                again++;
                for (Value statistics : List.of(node.input(3), node.input(4))) {
                    Node producer = statistics.producer();
                    assertTrue(producer != null && producer.op() == OpType.MUL, node + " reads " + statistics);
                }
            }
        }
        assertTrue(again > 0);
    }

    @Test
    void noneLeavesTheStepAsItIs() throws IOException {
        StepGraph step = MixedPrecisionTest.built("resnet").training();
        assertSame(step, Recomputation.NONE.apply(step));
    }
}

package dev.vicreg.models.nn;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LayersTest {
    private final Parameters parameters = new Parameters();

    private static Value input(String name, long... sizes) {
        return Value.input(name, new TensorType(ElementType.FLOAT, Shape.of(sizes)));
    }

    @Test
    void branchesBuiltTwiceShareTheirParameters() {
        Layers layers = Layers.forTraining(parameters).scope("encoder");
        Value a = layers.linear("fc", input("a", 8, 3), 2, true);
        Value b = layers.linear("fc", input("b", 8, 3), 2, true);
        assertSame(
                requireNonNull(a.producer()).input(1),
                requireNonNull(b.producer()).input(1));
        assertEquals(
                List.of("encoder.fc.weight", "encoder.fc.bias"),
                parameters.all().stream().map(Parameter::name).toList());
    }

    @Test
    void statisticsOfTheSecondBranchContinueThoseOfTheFirst() {
        Layers layers = Layers.forTraining(parameters);
        layers.batchNorm("bn", input("a", 8, 3));
        Map<Parameter, Value> first = layers.statistics();
        layers.batchNorm("bn", input("b", 8, 3));
        Map<Parameter, Value> second = layers.statistics();
        assertEquals(Set.of("bn.running_mean", "bn.running_var"), names(second.keySet()));
        second.forEach((statistic, moved) -> {
            Value before = requireNonNull(first.get(statistic));
            assertNotEquals(before, moved);
            assertTrue(reaches(moved, before), statistic + " is chained");
        });
    }

    private static Set<String> names(Set<Parameter> parameters) {
        return parameters.stream().map(Parameter::name).collect(Collectors.toSet());
    }

    private static boolean reaches(Value from, Value to) {
        return from == to
                || (from.producer() != null
                        && from.producer().inputs().stream().anyMatch(input -> input != null && reaches(input, to)));
    }

    @Test
    void inferenceUsesTheRunningStatisticsAndMovesNone() {
        Layers layers = Layers.forInference(parameters);
        Node norm =
                requireNonNull(layers.batchNorm("bn", input("x", 8, 3, 4, 4)).producer());
        assertEquals(OpType.BATCH_NORMALIZATION, norm.op());
        assertEquals("bn.running_mean", norm.input(3).name());
        assertEquals("bn.running_var", norm.input(4).name());
        assertTrue(layers.statistics().isEmpty());
    }

    @Test
    void normOfASingleValuePerChannelCannotBeTrained() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> Layers.forTraining(parameters).scope("encoder").batchNorm("bn", input("x", 1, 3, 1, 1)));
        assertEquals(
                "Batch norm at encoder.bn needs more than one value per channel to train, found input"
                        + " [1,3,1,1]: use a larger batch or pictures",
                e.getMessage());
    }

    @Test
    void oneNameIsOneShape() {
        Layers layers = Layers.forInference(parameters);
        layers.linear("fc", input("x", 8, 3), 2, false);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> layers.linear("fc", input("x", 8, 5), 2, false));
        assertEquals("Parameter fc.weight was declared as WEIGHT[2,3] and again as WEIGHT[2,5]", e.getMessage());
    }

    @Test
    void initialDataDependOnSeedAndNameAlone() {
        Layers.forInference(parameters).scope("b").linear("fc", input("x", 1, 50), 20, true);
        Map<String, Tensor> alone = parameters.draw(7);
        Parameters more = new Parameters();
        Layers.forInference(more).scope("a").linear("fc", input("x", 1, 50), 20, true);
        Layers.forInference(more).scope("b").linear("fc", input("x", 1, 50), 20, true);
        Map<String, Tensor> together = more.draw(7);
        assertEquals(alone.get("b.fc.weight"), together.get("b.fc.weight"));
        assertNotEquals(together.get("a.fc.weight"), together.get("b.fc.weight"));
        assertNotEquals(alone.get("b.fc.weight"), parameters.draw(8).get("b.fc.weight"));
    }

    @Test
    void initialisersHaveTheirSpread() {
        Layers layers = Layers.forInference(parameters);
        layers.conv("conv", input("x", 1, 32, 8, 8), Convolution.of(64, 3, 1));
        layers.linear("fc", input("y", 1, 256), 128, true);
        layers.batchNorm("bn", input("z", 1, 5));
        Map<String, Tensor> drawn = parameters.draw(1);
        // Kaiming normal over fan-out 64·9: 18,432 numbers, so the deviation is within 3 % of √(2/576)
        assertEquals(
                Math.sqrt(2 / 576.0), deviation(requireNonNull(drawn.get("conv.weight"))), 0.03 * Math.sqrt(2 / 576.0));
        // uniform within ±1/16: deviation 1/(16√3)
        assertEquals(
                1 / (16 * Math.sqrt(3)), deviation(requireNonNull(drawn.get("fc.weight"))), 0.03 / (16 * Math.sqrt(3)));
        for (float value : requireNonNull(drawn.get("fc.bias")).floats()) {
            assertTrue(Math.abs(value) <= 1 / 16f);
        }
        assertEquals(Tensor.filled(Shape.of(5), 1), drawn.get("bn.weight"));
        assertEquals(Tensor.filled(Shape.of(5), 0), drawn.get("bn.bias"));
        assertEquals(Tensor.filled(Shape.of(5), 0), drawn.get("bn.running_mean"));
        assertEquals(Tensor.filled(Shape.of(5), 1), drawn.get("bn.running_var"));
    }

    private static double deviation(Tensor tensor) {
        double sum = 0;
        double squares = 0;
        for (float value : tensor.floats()) {
            sum += value;
            squares += (double) value * value;
        }
        long count = tensor.shape().elements();
        double mean = sum / count;
        return Math.sqrt(squares / count - mean * mean);
    }

    @Test
    void statisticsAreNoTrainedElements() {
        Layers.forInference(parameters).batchNorm("bn", input("x", 8, 3));
        assertEquals(6, parameters.trainedElements());
        assertEquals(
                List.of(true, true, false, false),
                parameters.all().stream().map(Parameter::isTrained).toList());
    }

    @Test
    void convolutionsFollowTheirInputsAxes() {
        Layers layers = Layers.forInference(parameters);
        Convolution grouped = Convolution.of(12, 5, 2).grouped(3).withBias();
        assertEquals(
                "[2,12,4,4]",
                layers.conv("a", input("x", 2, 6, 8, 8), grouped).shape().toString());
        assertEquals(
                "[2,12,4]",
                layers.conv("b", input("x", 2, 6, 8), grouped).shape().toString());
        assertEquals(
                List.of("a.weight [12,2,5,5]", "a.bias [12]", "b.weight [12,2,5]", "b.bias [12]"),
                parameters.all().stream().map(Parameter::toString).toList());
    }

    @Test
    void linearLayersWorkOnTheLastAxis() {
        Layers layers = Layers.forInference(parameters);
        assertEquals(
                "[2,5,3]",
                layers.linear("fc", input("x", 2, 5, 7), 3, true).shape().toString());
        Value symbolic = Value.input(
                "x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(5), Dim.of(7)))));
        assertEquals("[N,5,3]", layers.linear("fc", symbolic, 3, true).shape().toString());
        assertEquals(
                "[N,5,7]", layers.layerNorm("norm", symbolic, 1e-6f).shape().toString());
        Initializer zero = Initializer.constant(0);
        assertEquals(
                "[N,5,7]",
                layers.attention("attn", symbolic, 7, zero, zero).shape().toString());
    }

    @Test
    void geluIsComposedForInferenceAlone() {
        Value x = input("x", 2, 3);
        Value trained = Layers.forTraining(parameters).activate(Activation.GELU, x);
        Value inferred = Layers.forInference(parameters).activate(Activation.GELU, x);
        assertEquals(OpType.GELU, requireNonNull(trained.producer()).op());
        assertEquals(OpType.MUL, requireNonNull(inferred.producer()).op());
    }

    @Test
    void truncatedNormalStaysWithinItsBounds() {
        Tensor drawn = Initializer.truncatedNormal(3).draw(Shape.of(10_000), new SplittableRandom(0));
        float largest = 0;
        for (float value : drawn.floats()) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertTrue(largest <= 2 && largest > 1.9f, "largest " + largest);
    }
}

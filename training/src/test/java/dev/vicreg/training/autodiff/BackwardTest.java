package dev.vicreg.training.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BackwardTest {
    private static final Ops OPS = new Ops().scope("encoder");

    /** y = x·m in every element, whatever m was drawn, so dy/dx = y/x. */
    @ParameterizedTest
    @ValueSource(floats = {1, -1})
    void dropoutPassesGradientsWhereItPassedValues(float training) {
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(50, 20)));
        Value mode = Value.input("training", new TensorType(ElementType.FLOAT, Shape.SCALAR));
        Value y = dropout(x, OPS.greater(mode, OPS.constant(0)));
        Map<String, Tensor> found =
                run(y, List.of(x, mode), Map.of("x", filled(x, 2), "training", Tensor.scalar(training)));
        assertGradientsFollow(found, training < 0 ? 0 : 300, training < 0 ? 0 : 500);
    }

    @Test
    void dropoutInTrainingByAConstantDropsGradients() {
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(50, 20)));
        Value y = dropout(x, OPS.constant(Tensor.scalar(true)));
        assertGradientsFollow(run(y, List.of(x), Map.of("x", filled(x, 2))), 300, 500);
    }

    private static void assertGradientsFollow(Map<String, Tensor> found, int leastDropped, int mostDropped) {
        float[] values = floats(found, "y");
        float[] gradients = floats(found, "grad x");
        int dropped = 0;
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i] / 2, gradients[i], 1e-6);
            dropped += values[i] == 0 ? 1 : 0;
        }
        assertTrue(leastDropped <= dropped && dropped <= mostDropped, dropped + " of 1000 dropped");
    }

    private static Value dropout(Value x, Value training) {
        return OPS.node(OpType.DROPOUT, List.of(x, OPS.constant(0.4f), training), Attributes.NONE)
                .output(0);
    }

    /** PyTorch gives NaN for the exponents here, which would spoil a training that never needs them. */
    /** d(x·detached(x))/dx is x, not 2x. */
    @Test
    void nothingFlowsThroughADetachedValue() {
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(3)));
        Value loss = OPS.reduceSum(OPS.mul(x, OPS.detach(OPS.mul(x, 5))), false);
        Value gradient = Objects.requireNonNull(Backward.gradients(loss, List.of(x)).get(x));
        Graph graph = Graph.of("detached", List.of(x), Map.of("g", gradient, "loss", loss));
        Map<String, Tensor> found = GraphRunner.run(graph, Map.of("x", Tensor.of(Shape.of(3), 1, -2, 3)));
        assertArrayEquals(new float[] {5, -10, 15}, found.get("g").floats());
        assertArrayEquals(new float[] {70}, found.get("loss").floats());

        Value given = OPS.reduceSum(OPS.detach(OPS.mul(x, x)), false);
        var e = assertThrows(IllegalArgumentException.class, () -> Backward.gradients(given, List.of(x)));
        assertEquals("The loss does not depend on x float[3]", e.getMessage());
    }

    @Test
    void secondRowForAnOperatorIsRefused() {
        for (OpType op : List.of(OpType.ADD, OpType.DETACH, OpType.GROUP)) { // ruled, without, unsupported
            for (Executable row : List.<Executable>of(
                    () -> GradientRules.unary(op, (ops, g, x, y) -> g),
                    () -> GradientRules.without(op, "again"),
                    () -> GradientRules.unsupported(op, "again"))) {
                var e = assertThrows(IllegalStateException.class, row);
                assertEquals("Two rows for the gradient of " + op + ": expected one", e.getMessage());
            }
        }
    }

    @Test
    void powerOfNegativeBaseHasFiniteGradients() {
        Value base = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(3)));
        Value exponent = Value.input("exponent", base.type());
        Map<String, Tensor> fed =
                Map.of("x", Tensor.of(Shape.of(3), -2, 0, -3), "exponent", Tensor.of(Shape.of(3), 3, 0, 2));
        Map<String, Tensor> found = run(OPS.pow(base, exponent), List.of(base, exponent), fed);
        assertArrayEquals(new float[] {12, 0, -6}, floats(found, "grad x"), 1e-5f);
        assertArrayEquals(new float[] {0, 0, 0}, floats(found, "grad exponent"));
    }

    @Test
    void sizesThatAreMissingAreNamedWithTheirPlace() {
        Shape shape = new Shape(List.of(Dim.symbol("N"), Dim.of(3)));
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, shape));
        Value loss = OPS.scope("pool").reduceMean(x, false);
        String message =
                String.valueOf(assertThrows(IllegalArgumentException.class, () -> Backward.gradients(loss, List.of(x)))
                        .getMessage());
        assertTrue(
                message.startsWith(
                        "The gradient of ReduceMean at encoder.pool needs the sizes of its inputs [x" + " float[N,3]"),
                message);
        assertTrue(message.contains("give every symbolic dimension a size"), message);
    }

    private static Map<String, Tensor> run(Value y, List<Value> inputs, Map<String, Tensor> fed) {
        Value loss = OPS.reduceSum(y, false);
        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("y", y));
        List<Value> sources = inputs.stream()
                .filter(input -> !"training".equals(input.name()))
                .toList();
        Backward.gradients(loss, sources).forEach((input, gradient) -> outputs.put("grad " + input.name(), gradient));
        return GraphRunner.run(Graph.of("test", inputs, outputs), fed);
    }

    private static Tensor filled(Value like, float value) {
        return Tensor.filled(like.shape(), value);
    }

    private static float[] floats(Map<String, Tensor> found, String name) {
        return Objects.requireNonNull(found.get(name), name).floats();
    }
}

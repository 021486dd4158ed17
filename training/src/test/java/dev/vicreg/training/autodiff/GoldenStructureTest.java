package dev.vicreg.training.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Outputs and gradients of operators that move elements against PyTorch's in float64: {@code pytorch_structure.py}
 * beside the figures.
 */
final class GoldenStructureTest {
    /** Of |found - expected|, at values of size 1 to 10. The largest measured is 7e-7 (bilinear, up). */
    private static final double TOLERANCE = 2e-6;

    static Stream<Named<JsonNode>> golden() throws IOException {
        return GoldenCases.read("pytorch-structure.json");
    }

    @ParameterizedTest
    @MethodSource("golden")
    void outputsAndGradientsAgreeWithPyTorch(JsonNode golden) {
        Ops ops = new Ops();
        List<Value> inputs = new ArrayList<>();
        Map<String, Tensor> fed = new LinkedHashMap<>();
        for (JsonNode input : golden.get("inputs")) {
            Tensor tensor =
                    Tensor.of(Shape.of(GoldenCases.longs(input.get("shape"))), GoldenCases.floats(input.get("values")));
            inputs.add(Value.input("x" + inputs.size(), tensor.type()));
            fed.put("x" + fed.size(), tensor);
        }
        List<@Nullable Value> operands = new ArrayList<>();
        for (JsonNode operand : golden.get("operands")) {
            operands.add(operand.isInt() ? inputs.get(operand.asInt()) : constant(ops, operand));
        }
        OpType op = OpType.of("", golden.get("op").asText()).orElseThrow();
        Value y = ops.node(op, operands, GoldenCases.attributes(golden.get("attributes")))
                .output(0);
        Value upstream = ops.constant(Tensor.of(y.shape(), GoldenCases.floats(golden.get("upstream"))));
        Map<Value, Value> gradients = Backward.gradients(ops.reduceSum(ops.mul(y, upstream), false), inputs);

        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("y", y));
        inputs.forEach(input -> outputs.put("grad " + input.name(), gradients.get(input)));
        Map<String, Tensor> found = GraphRunner.run(Graph.of("golden", inputs, outputs), fed);
        compare("y", golden.get("output"), found.get("y"));
        for (int i = 0; i < inputs.size(); i++) {
            compare("grad x" + i, golden.get("gradients").get(i), found.get("grad x" + i));
        }
    }

    private static @Nullable Value constant(Ops ops, JsonNode operand) {
        if (operand.isNull()) {
            return null;
        }
        Shape shape = Shape.of(GoldenCases.longs(operand.get("shape")));
        return operand.has("floats")
                ? ops.constant(Tensor.of(shape, GoldenCases.floats(operand.get("floats"))))
                : ops.reshape(ops.longs(GoldenCases.longs(operand.get("longs"))), shape.toArray());
    }

    private static void compare(String name, JsonNode expected, Tensor found) {
        float[] values = Objects.requireNonNull(found, name).floats();
        assertEquals(expected.size(), values.length, name);
        for (int i = 0; i < values.length; i++) {
            double error = Math.abs(values[i] - expected.get(i).asDouble());
            assertTrue(error < TOLERANCE, name + "[" + i + "]: expected " + expected.get(i) + ", found " + values[i]);
        }
    }
}

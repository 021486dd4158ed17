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
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients where central differences say nothing (at kinks, ties and zeros) and where float32 is about to overflow,
 * against PyTorch's in float64: {@code pytorch_gradients.py} beside the figures.
 */
final class GoldenGradientsTest {
    /** Of |found - expected| / (|expected| + 1e-3). The largest measured is 6e-5 (Gelu by tanh at 3, where 1 -
     * tanh² cancels). */
    private static final double TOLERANCE = 1e-4;

    static Stream<Named<JsonNode>> golden() throws IOException {
        return GoldenCases.read("pytorch-gradients.json");
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
        List<Value> all = new ArrayList<>(inputs);
        if (!golden.get("longs").isNull()) {
            all.add(ops.longs(GoldenCases.longs(golden.get("longs"))));
        }
        OpType op = OpType.of("", golden.get("op").asText()).orElseThrow();
        Value y = ops.node(op, all, GoldenCases.attributes(golden.get("attributes")))
                .output(0);
        Value upstream = ops.constant(Tensor.of(y.shape(), GoldenCases.floats(golden.get("upstream"))));
        Value loss = ops.reduceSum(ops.mul(y, upstream), false);

        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("y", y));
        // An operator's later inputs may have no gradient: the bounds of Clip.
        List<Value> sources = op == OpType.CLIP ? inputs.subList(0, 1) : inputs;
        Map<Value, Value> gradients = Backward.gradients(loss, sources);
        sources.forEach(input -> outputs.put("grad " + input.name(), gradients.get(input)));
        Map<String, Tensor> found = GraphRunner.run(Graph.of("golden", inputs, outputs), fed);
        compare("y", golden.get("output"), found.get("y"));
        for (int i = 0; i < sources.size(); i++) {
            String name = "grad x" + i;
            compare(name, golden.get("gradients").get(i), found.get(name));
        }
    }

    private static void compare(String name, JsonNode expected, Tensor found) {
        float[] values = Objects.requireNonNull(found, name).floats();
        assertEquals(expected.size(), values.length, name);
        for (int i = 0; i < values.length; i++) {
            double wanted = expected.get(i).asDouble();
            double error = Math.abs(values[i] - wanted) / (Math.abs(wanted) + 1e-3);
            assertTrue(
                    error < TOLERANCE,
                    name + "[" + i + "]: expected " + wanted + ", found " + values[i] + ", error " + error);
        }
    }
}

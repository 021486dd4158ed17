package dev.vicreg.training.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.onnx.ReadOptions;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A network of shifted windows as PyTorch exports it, every size a computation: {@code pytorch_windows.py}. */
final class ExportedWindowsTest {
    /** Of the largest value of each tensor. The largest error measured is 3e-7 (fuse.weight). */
    private static final double TOLERANCE = 2e-6;

    private static Path file() {
        try {
            return Path.of(Objects.requireNonNull(ExportedWindowsTest.class.getResource("pytorch-windows.onnx"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void everySizeIsToldWithASymbolicBatch() throws IOException {
        Graph graph = OnnxFile.read(file()).graph();
        assertEquals(
                new Shape(List.of(Dim.symbol("N"), Dim.of(5))),
                graph.output("y").shape());
        for (Node node : graph.nodes()) {
            for (Value output : node.outputs()) {
                assertTrue(output.shape().dims().stream().noneMatch(Dim::isUnknown), node + " gives " + output);
            }
        }
    }

    @Test
    void gradientsAgreeWithPyTorch() throws IOException {
        JsonNode golden;
        try (InputStream in = ExportedWindowsTest.class.getResourceAsStream("pytorch-windows.json")) {
            golden = new ObjectMapper().readTree(in);
        }
        OnnxFile.Model model = OnnxFile.read(file(), ReadOptions.DEFAULT.withBatch(2));
        Map<Value, Value> parameters = new HashMap<>();
        Map<String, Tensor> fed = new LinkedHashMap<>();
        List<Value> inputs = new ArrayList<>(model.graph().inputs());
        Value image = inputs.get(0);
        fed.put("x", tensor(image.type(), golden.get("x")));
        List<Value> sources = new ArrayList<>();
        for (Map.Entry<String, JsonNode> each : golden.get("gradients").properties()) {
            Value initializer = Objects.requireNonNull(model.initializers().get(each.getKey()));
            Value source = Value.input(each.getKey(), initializer.type());
            parameters.put(initializer, source);
            fed.put(each.getKey(), Objects.requireNonNull(initializer.constant()));
            sources.add(source);
        }
        inputs.addAll(sources);
        Value y = trainable(model.graph(), parameters);
        Ops ops = new Ops();
        Value upstream = ops.constant(tensor(y.type(), golden.get("upstream")));
        Map<Value, Value> gradients = Backward.gradients(ops.reduceSum(ops.mul(y, upstream), false), sources);

        Map<String, Value> outputs = new LinkedHashMap<>(Map.of("y", y));
        sources.forEach(source -> outputs.put("grad." + source.name(), gradients.get(source)));
        Map<String, Tensor> found = GraphRunner.run(Graph.of("windows", inputs, outputs), fed);
        compare("y", golden.get("y"), found.get("y"));
        golden.get("gradients")
                .properties()
                .forEach(each -> compare(each.getKey(), each.getValue(), found.get("grad." + each.getKey())));
    }

    /** The graph's output once more, with inputs in place of some constants. */
    private static Value trainable(Graph graph, Map<Value, Value> parameters) {
        Map<Value, Value> known = new HashMap<>(parameters);
        for (Node node : graph.nodes()) {
            List<@Nullable Value> inputs = new ArrayList<>();
            node.inputs().forEach(input -> inputs.add(input == null ? null : known.getOrDefault(input, input)));
            Node copy = new Ops().atScope(node.scope()).node(node.op(), inputs, node.attributes());
            for (int i = 0; i < node.outputs().size(); i++) {
                known.put(node.output(i), copy.output(i));
            }
        }
        return Objects.requireNonNull(known.get(graph.output("y")));
    }

    private static Tensor tensor(TensorType type, JsonNode golden) {
        float[] values = new float[golden.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) golden.get(i).asDouble();
        }
        return Tensor.of(type.shape(), values);
    }

    private static void compare(String name, JsonNode expected, Tensor tensor) {
        float[] found = Objects.requireNonNull(tensor, name).floats();
        assertEquals(expected.size(), found.length, name);
        double largest = 0;
        double error = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs(expected.get(i).asDouble()));
            error = Math.max(error, Math.abs(expected.get(i).asDouble() - found[i]));
        }
        assertTrue(error < TOLERANCE * largest, name + ": error " + error + " of " + largest);
    }
}

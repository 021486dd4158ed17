package dev.vicreg.training.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks of recurrent layers, attention, norms, convolutions and pooling against {@code pytorch_layers.py}. */
final class GoldenLayersTest {
    /** Of the largest element of the same tensor. The largest error measured is 5e-7 (x86-64 with AVX-512). */
    private static final double TOLERANCE = 1e-5;

    private final Ops ops = new Ops();

    static Stream<Named<JsonNode>> golden() throws IOException {
        try (InputStream in = GoldenLayersTest.class.getResourceAsStream("pytorch-layers.json")) {
            JsonNode cases = new ObjectMapper().readTree(in).get("cases");
            return StreamSupport.stream(cases.spliterator(), false)
                    .map(each -> Named.of(each.get("name").asText(), each));
        }
    }

    @ParameterizedTest
    @MethodSource("golden")
    void outputsAndGradientsAgreeWithPyTorch(JsonNode golden) {
        Lcg random = new Lcg(golden.get("seed").asLong());
        List<Value> inputs = new ArrayList<>();
        Map<String, Tensor> fed = new LinkedHashMap<>();
        for (JsonNode shape : golden.get("shapes")) {
            long[] sizes = StreamSupport.stream(shape.spliterator(), false)
                    .mapToLong(JsonNode::asLong)
                    .toArray();
            Tensor tensor = random.tensor(1, sizes);
            inputs.add(Value.input("x" + inputs.size(), tensor.type()));
            fed.put("x" + fed.size(), tensor);
        }
        List<Value> outputs = build(golden.get("name").asText(), inputs);
        Value loss = ops.constant(0);
        for (Value output : outputs) {
            Value weights = ops.constant(random.tensor(1, output.shape().toArray()));
            loss = ops.add(loss, ops.reduceSum(ops.mul(output, weights), false));
        }
        Map<Value, Value> gradients = Backward.gradients(loss, inputs);

        Map<String, Value> wanted = new LinkedHashMap<>();
        Map<String, JsonNode> expected = new LinkedHashMap<>();
        for (int i = 0; i < outputs.size(); i++) {
            wanted.put("output " + i, outputs.get(i));
            expected.put("output " + i, golden.get("outputs").get(i));
        }
        for (int i = 0; i < inputs.size(); i++) {
            wanted.put("gradient " + i, Objects.requireNonNull(gradients.get(inputs.get(i))));
            expected.put("gradient " + i, golden.get("gradients").get(i));
        }
        Map<String, Tensor> found = GraphRunner.run(Graph.of("golden", inputs, wanted), fed);
        expected.forEach((name, values) -> compare(name, values, Objects.requireNonNull(found.get(name))));
    }

    private static void compare(String name, JsonNode expected, Tensor found) {
        float[] values = found.floats();
        assertEquals(expected.size(), values.length, name);
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < values.length; i++) {
            largest = Math.max(largest, Math.abs(expected.get(i).asDouble()));
            difference = Math.max(difference, Math.abs(expected.get(i).asDouble() - values[i]));
        }
        assertTrue(difference < TOLERANCE * largest, name + ": off by " + difference + " of " + largest);
    }

    private List<Value> build(String name, List<Value> x) {
        return switch (name) {
            case "lstm" -> stacked(OpType.LSTM, Attributes.NONE, x);
            case "gru" -> stacked(OpType.GRU, Attributes.NONE.with("linear_before_reset", 1L), x);
            case "attention" -> List.of(attention(x));
            case "pictures" -> pictures(x);
            case "signals" -> signals(x);
            case "einsum" -> List.of(ops.einsum("bhid,bhjd,jk->bihk", x.toArray(Value[]::new)));
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Two bidirectional layers as PyTorch exports them: x, W, R, B of each, first states [layers·2,B,H]. */
    private List<Value> stacked(OpType op, Attributes attributes, List<Value> x) {
        long hidden = x.get(2).shape().size(2);
        Attributes both = attributes.with("hidden_size", hidden).with("direction", "bidirectional");
        Value sequence = x.get(0);
        List<List<Value>> last = List.of(new ArrayList<>(), new ArrayList<>());
        for (long layer = 0; layer < 2; layer++) {
            List<Value> inputs = new ArrayList<>(List.of(sequence));
            inputs.addAll(x.subList(1 + 3 * (int) layer, 4 + 3 * (int) layer));
            inputs.add(null);
            for (Value states : x.subList(7, x.size())) {
                inputs.add(ops.slice(states, 0, 2 * layer, 2 * layer + 2, 1));
            }
            Node node = ops.node(op, inputs, both);
            sequence = ops.reshape(ops.transpose(node.output(0), 0, 2, 1, 3), 0, 0, -1);
            for (int i = 1; i < node.outputs().size(); i++) {
                last.get(i - 1).add(node.output(i));
            }
        }
        List<Value> outputs = new ArrayList<>(List.of(sequence));
        for (List<Value> states : last) {
            if (!states.isEmpty()) {
                outputs.add(ops.concat(0, states.toArray(Value[]::new)));
            }
        }
        return outputs;
    }

    private Value attention(List<Value> x) {
        long[] shape = x.get(0).shape().toArray();
        Value normed = ops.layerNormalization(x.get(0), x.get(1), x.get(2), -1, 1e-5f);
        Value projected = ops.reshape(ops.matMul(normed, x.get(3)), shape[0], shape[1], 3, 2, shape[2] / 2);
        Value parts = ops.transpose(projected, 2, 0, 3, 1, 4);
        Value[] qkv = new Value[3];
        Arrays.setAll(qkv, i -> ops.reshape(ops.slice(parts, 0, i, i + 1, 1), shape[0], 2, shape[1], shape[2] / 2));
        Value scores = ops.mul(ops.matMul(qkv[0], ops.transpose(qkv[1], 0, 1, 3, 2)), Math.sqrt(2.0 / shape[2]));
        Value weights =
                ops.node(OpType.SOFTMAX, List.of(scores), Attributes.NONE).output(0);
        Value mixed = ops.reshape(ops.transpose(ops.matMul(weights, qkv[2]), 0, 2, 1, 3), shape);
        return ops.add(x.get(0), ops.matMul(mixed, x.get(4)));
    }

    private List<Value> pictures(List<Value> x) {
        Attributes dilated = Ops.window(3, 1, 2).with("dilations", 2L, 2L).with("group", 2L);
        Value y = ops.conv(x.get(0), x.get(1), x.get(2), dilated);
        y = ops.groupNormalization(y, x.get(3), x.get(4), 3, 1e-5f);
        y = ops.maxPool(y, Ops.window(3, 2, 1).with("ceil_mode", 1L)).output(0);
        Attributes up = Ops.window(3, 2, 1).with("output_padding", 1L, 1L).with("group", 2L);
        y = ops.convTranspose(y, x.get(5), x.get(6), up);
        return List.of(
                ops.averagePool(y, Ops.window(3, 2, 1).with("count_include_pad", 1L)),
                ops.averagePool(y, Ops.window(2, 2, 0).with("ceil_mode", 1L)));
    }

    private List<Value> signals(List<Value> x) {
        Value y = ops.conv(x.get(0), x.get(1), null, row(5, 2).with("pads", 2L, 2L));
        y = ops.instanceNormalization(y, x.get(2), x.get(3), 1e-5f);
        y = ops.maxPool(y, row(2, 2)).output(0);
        y = ops.convTranspose(y, x.get(4), null, row(3, 3).with("dilations", new long[] {2}));
        return List.of(ops.averagePool(y, row(4, 2)), ops.globalMaxPool(y));
    }

    private static Attributes row(long kernel, long stride) {
        return Attributes.NONE.with("kernel_shape", new long[] {kernel}).with("strides", new long[] {stride});
    }
}

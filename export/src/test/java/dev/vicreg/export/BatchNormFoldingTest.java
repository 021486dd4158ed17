package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BatchNormFoldingTest {
    private final SplittableRandom random = new SplittableRandom(1);
    private final Ops ops = new Ops();
    private final Value rows = input(6);
    private final Value pictures = input(4, 5, 5);

    private static Value input(long... sizes) {
        Shape shape = Shape.of(sizes);
        List<Dim> dims = new ArrayList<>(List.of(Dim.symbol("N")));
        dims.addAll(shape.dims());
        return Value.input("x", new TensorType(ElementType.FLOAT, new Shape(dims)));
    }

    private Value constant(String name, double low, double high, long... sizes) {
        float[] values = new float[(int) Shape.of(sizes).elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(low, high);
        }
        return Value.constant(name, Tensor.of(Shape.of(sizes), values));
    }

    private Value norm(String name, Value x) {
        long channels = x.shape().size(1);
        return ops.batchNormalization(
                x,
                constant(name + ".weight", -2, 2, channels),
                constant(name + ".bias", -1, 1, channels),
                constant(name + ".running_mean", -3, 3, channels),
                constant(name + ".running_var", 0.01, 4, channels),
                1e-3f);
    }

    private static Graph graph(Value x, Value... outputs) {
        Map<String, Value> named = new LinkedHashMap<>();
        for (Value output : outputs) {
            named.put("y" + named.size(), output);
        }
        return Graph.of("g", List.of(x), named);
    }

    /** Folds, checks that outputs stay the same, and returns the folded graph. */
    private Graph folded(Value x, Value... outputs) throws OrtException {
        Graph graph = graph(x, outputs);
        Graph folded = Rewriter.rewrite(graph, Map.of(), new BatchNormFolding(graph));
        float[] data = new float[3 * (x == rows ? 6 : 100)];
        for (int i = 0; i < data.length; i++) {
            data[i] = (float) random.nextDouble(-1, 1);
        }
        long[] shape = x == rows ? new long[] {3, 6} : new long[] {3, 4, 5, 5};
        List<float[]> expected = run(graph, data, shape);
        List<float[]> found = run(folded, data, shape);
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), found.get(i), 1e-4f);
        }
        return folded;
    }

    private static List<float[]> run(Graph graph, float[] data, long[] shape) throws OrtException {
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 1);
                OrtSession session =
                        OrtEnvironment.getEnvironment().createSession(OnnxFile.bytes(graph, Map.of()), options);
                OnnxTensor x = OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), FloatBuffer.wrap(data), shape);
                OrtSession.Result result = session.run(Map.of("x", x))) {
            List<float[]> outputs = new ArrayList<>();
            for (int i = 0; i < result.size(); i++) {
                outputs.add(((OnnxTensor) result.get(i)).getFloatBuffer().array());
            }
            return outputs;
        }
    }

    private static long norms(Graph graph) {
        return graph.nodes().stream()
                .filter(node -> node.op() == OpType.BATCH_NORMALIZATION)
                .count();
    }

    @Test
    void convolutionsOfGroupsWithAndWithoutBiasAreFolded() throws OrtException {
        Value grouped =
                ops.conv(pictures, constant("a.weight", -1, 1, 8, 2, 3, 3), null, Attributes.NONE.with("group", 2L));
        Value second = ops.conv(
                ops.relu(norm("n", grouped)),
                constant("b.weight", -1, 1, 3, 8, 1, 1),
                constant("b.bias", -1, 1, 3),
                Attributes.NONE);
        Graph folded = folded(pictures, norm("m", second));
        assertEquals(0, norms(folded));
        assertEquals("a.weight", folded.nodes().get(0).input(1).name());
        assertEquals("a.bias", folded.nodes().get(0).input(2).name());
    }

    @Test
    void matrixProductsOfEitherOrientationAreFolded() throws OrtException {
        Value first = ops.gemm(rows, constant("a", -1, 1, 8, 6), constant("c", -1, 1, 8), false, true);
        Value second = ops.gemm(norm("n", first), constant("b", -1, 1, 8, 5), null, false, false);
        assertEquals(0, norms(folded(rows, norm("m", second))));
    }

    @Test
    void theFactorOfAProductsBiasIsKept() throws OrtException {
        Attributes half = Attributes.NONE.with("transB", 1L).with("beta", 0.5f);
        Value product = ops.node(OpType.GEMM, List.of(rows, constant("a", -1, 1, 8, 6), constant("c", -1, 1, 8)), half)
                .output(0);
        assertEquals(0, norms(folded(rows, norm("n", product))));
    }

    @Test
    void whatSomethingElseReadsIsNotFolded() throws OrtException {
        Value conv = ops.conv(pictures, constant("a", -1, 1, 8, 4, 3, 3), null, Attributes.NONE);
        assertEquals(1, norms(folded(pictures, norm("n", conv), ops.relu(conv))));
        assertEquals(1, norms(folded(pictures, norm("m", conv), conv)));
    }

    @Test
    void whatIsNoProductStays() throws OrtException {
        assertEquals(2, norms(folded(pictures, norm("m", ops.relu(norm("n", pictures))))));
        Value scaled = ops.node(
                        OpType.GEMM, List.of(rows, constant("a", -1, 1, 6, 8)), Attributes.NONE.with("alpha", 2f))
                .output(0);
        assertEquals(1, norms(folded(rows, norm("k", scaled))));
    }

    @Test
    void sharedWeightsAreFoldedTwiceUnderDifferentNames() throws OrtException {
        Value weights = constant("w", -1, 1, 8, 4, 3, 3);
        Value a = norm("n", ops.conv(pictures, weights, null, Attributes.NONE));
        Value b = norm("m", ops.conv(ops.relu(pictures), weights, null, Attributes.NONE));
        assertEquals(0, norms(folded(pictures, ops.add(a, b))));
    }

    @Test
    void differenceIsAShareOfTheLargestValue() {
        assertEquals(0, Verification.difference(new float[] {1, -2}, new float[] {1, -2}));
        assertEquals(0.25, Verification.difference(new float[] {1, -2}, new float[] {1.5f, -2}), 1e-9);
        assertFalse(Verification.difference(new float[] {0, 0}, new float[] {0, 1e-9f}) <= Verification.TOLERANCE);
    }
}

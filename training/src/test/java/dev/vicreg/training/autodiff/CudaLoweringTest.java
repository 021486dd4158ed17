package dev.vicreg.training.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.step.lowering.Lowering;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written for CUDA computes on the CPU what the plain graph computes: {@link CudaGradientsTest} needs a GPU. */
final class CudaLoweringTest {
    /** Relative to the largest element. The largest measured is 2.0e-7. */
    private static final double TOLERANCE = 1e-6;

    static Stream<GradientCheckTest.Case> cases() {
        return CudaGradientsTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void computesTheSame(GradientCheckTest.Case test) {
        GradientCheckTest.Prepared of = GradientCheckTest.prepare(test);
        Map<String, Value> outputs = new LinkedHashMap<>(of.gradients());
        outputs.put("y", of.y());
        Graph plain = of.graph("plain", outputs);
        try (GraphRunner lowered = lowered(plain)) {
            Map<String, Tensor> found = lowered.run(of.at());
            GraphRunner.run(plain, of.at())
                    .forEach((name, expected) ->
                            CudaGradientsTest.assertClose(expected, found.get(name), name, TOLERANCE));
        }
    }

    private static GraphRunner lowered(Graph plain) {
        Graph lowered = Lowering.CUDA.apply(plain);
        return new GraphRunner(lowered, OnnxFile.bytes(lowered, Map.of(), Lowering.CUDA.opset(lowered)), Device.CPU);
    }

    @Test
    void declaresWhatItsOperatorsNeed() {
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(2, 4, 6, 6)));
        Ops ops = new Ops();
        assertEquals(18, opset(x, ops.gelu(x)));
        Attributes up = Ops.window(2, 2, 0).with("ceil_mode", 1L);
        assertEquals(OpType.ONNX_OPSET, opset(x, ops.averagePool(x, up)));
    }

    private static int opset(Value x, Value y) {
        return Lowering.CUDA.opset(Lowering.CUDA.apply(Graph.of("g", List.of(x), Map.of("y", y))));
    }

    @Test
    void geluOfFloat16StaysFloat16() {
        Ops ops = new Ops();
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(8)));
        for (String form : List.of("none", "tanh")) {
            Value half = ops.cast(x, ElementType.FLOAT16);
            Value y = ops.node(OpType.GELU, List.of(half), Attributes.NONE.with("approximate", form))
                    .output(0);
            Graph lowered = Lowering.CUDA.apply(Graph.of("g", List.of(x), Map.of("y", y)));
            assertEquals(ElementType.FLOAT16, lowered.output("y").type().element());
        }
    }

    /** Wanted is 0.9·v + 0.1·c·b with c = 16/15. CUDA's kernel gives that; the CPU's, which runs here, 0.9·v + 0.1·b. */
    @Test
    void runningVarianceIsWrittenForAnUnbiasedKernel() {
        Lcg random = new Lcg(3);
        Tensor x = random.tensor(1, 4, 3, 2, 2); // 16 values a channel
        Tensor ones = Tensor.filled(Shape.of(3), 1);
        Value input = Value.input("x", x.type());
        Ops ops = new Ops();
        Value y = ops.node(
                        OpType.BATCH_NORM_TRAINING,
                        List.of(
                                input,
                                ops.constant(ones),
                                ops.constant(ones),
                                ops.mul(ops.constant(ones), 2),
                                ops.mul(ops.constant(ones), 3)),
                        Attributes.NONE.with("epsilon", 1e-5f).with("momentum", 0.9f))
                .output(2);
        Graph plain = Graph.of("norm", List.of(input), Map.of("y", y));
        float[] ours = GraphRunner.run(plain, Map.of("x", x)).get("y").floats();
        try (GraphRunner lowered = lowered(plain)) {
            float[] forCuda = lowered.run(Map.of("x", x)).get("y").floats();
            float[] expected = new float[3];
            for (int channel = 0; channel < 3; channel++) {
                expected[channel] = 0.9f * 3 + (ours[channel] - 0.9f * 3) * 15 / 16;
            }
            assertArrayEquals(expected, forCuda, 1e-6f);
        }
    }

    @Test
    void resizeThatCudaCannotDoIsRefusedByName() {
        GradientCheckTest.Case test = GradientCheckTest.cases()
                .filter(each -> each.toString().contains("half_pixel_symmetric"))
                .findFirst()
                .orElseThrow();
        GradientCheckTest.Prepared of = GradientCheckTest.prepare(test);
        Graph graph = of.graph("resize", Map.of("y", of.y()));
        var e = assertThrows(IllegalArgumentException.class, () -> Lowering.CUDA.apply(graph));
        assertTrue(String.valueOf(e.getMessage()).contains("has no CUDA kernel"), e.getMessage());
    }
}

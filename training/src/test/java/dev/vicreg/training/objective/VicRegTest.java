package dev.vicreg.training.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.autodiff.Backward;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class VicRegTest {
    private static final double TOLERANCE = 1e-4;

    static Stream<JsonNode> golden() throws IOException {
        try (InputStream in = VicRegTest.class.getResourceAsStream("/golden/loss.json")) {
            return StreamSupport.stream(new ObjectMapper().readTree(in).spliterator(), false);
        }
    }

    @ParameterizedTest
    @MethodSource("golden")
    void termsAndGradientsAgreeWithReference(JsonNode golden) {
        int n = golden.get("n").asInt();
        int d = golden.get("d").asInt();
        boolean collapsed = !golden.has("seed");
        Tensor za = Tensor.filled(Shape.of(n, d), 0);
        Tensor zb = za;
        if (!collapsed) {
            Lcg random = new Lcg(golden.get("seed").asLong());
            za = random.tensor(golden.get("scale").asDouble(), n, d);
            zb = random.tensor(golden.get("scale").asDouble(), n, d);
        }
        Value a = Value.input("za", za.type());
        Value b = Value.input("zb", zb.type());
        VicReg.Variant variant = VicReg.Variant.of(golden.get("variant").asText());
        Loss loss = new VicReg(variant, 25, 25, 1).build(new Ops(), new Projections(a, b));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("total", loss.total());
        outputs.putAll(loss.terms());
        Map<Value, Value> gradients = Backward.gradients(loss.total(), List.of(a, b));
        gradients.forEach((input, gradient) -> outputs.put("grad_" + input.name(), gradient));
        Map<String, Tensor> found =
                GraphRunner.run(Graph.of("loss", List.of(a, b), outputs), Map.of("za", za, "zb", zb));
        for (String term : List.of("total", "invariance", "variance", "covariance")) {
            assertClose(golden.get(term).asDouble(), floats(found, term)[0], 1, term);
        }
        if (!collapsed) {
            compareGradient(golden, floats(found, "grad_za"), "grad_a_norm", "grad_a_first8", 0);
            float[] gb = floats(found, "grad_zb");
            compareGradient(golden, gb, "grad_b_norm", "grad_b_last8", gb.length - 8);
        }
    }

    private static float[] floats(Map<String, Tensor> found, String name) {
        Tensor tensor = found.get(name);
        if (tensor == null) {
            throw new AssertionError("no output " + name);
        }
        return tensor.floats();
    }

    private static void compareGradient(JsonNode golden, float[] found, String norm, String part, int from) {
        double expectedNorm = golden.get(norm).asDouble();
        double sum = 0;
        for (float value : found) {
            sum += (double) value * value;
        }
        assertClose(expectedNorm, Math.sqrt(sum), 0, norm);
        for (int i = 0; i < 8; i++) {
            // Single elements: relative to the typical element, since one may be near zero.
            double typical = expectedNorm / Math.sqrt(found.length);
            assertEquals(golden.get(part).get(i).asDouble(), found[from + i], TOLERANCE * typical, part + " " + i);
        }
    }

    private static void assertClose(double expected, double found, double floor, String what) {
        double scale = Math.max(Math.abs(expected), floor * 1e-2);
        assertEquals(expected, found, TOLERANCE * scale, what);
    }

    @Test
    void coefficientsMustNotBeNegative() {
        assertThrows(IllegalArgumentException.class, () -> new VicReg(VicReg.Variant.OFFICIAL, -1, 25, 1));
        assertThrows(IllegalArgumentException.class, () -> new VicReg(VicReg.Variant.OFFICIAL, 25, Float.NaN, 1));
    }
}

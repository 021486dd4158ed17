package dev.vicreg.training.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses, terms and gradients against PyTorch in float64: golden/objectives.json. */
public final class GoldenObjectivesTest {
    /** Of losses; of gradients, relative to their typical element. */
    private static final double TOLERANCE = 1e-4;

    private static final int DIRECTIONS = 24;

    static Stream<JsonNode> losses() throws IOException {
        return golden("losses");
    }

    /** One list of the reference. */
    public static Stream<JsonNode> golden(String list) throws IOException {
        try (InputStream in = GoldenObjectivesTest.class.getResourceAsStream("/golden/objectives.json")) {
            return StreamSupport.stream(
                    new ObjectMapper().readTree(in).get(list).spliterator(), false);
        }
    }

    /** The objective of a case: a name and settings, or VICReg and one of its variants. */
    public static Objective objective(JsonNode golden) {
        String[] words = golden.get("objective").asText().split(" ", -1);
        String variant = words.length > 1 ? words[1] : "official";
        Objective objective = Objectives.of(words[0], new VicReg(VicReg.Variant.of(variant), 25, 25, 1));
        Heads heads = objective.heads();
        if (heads.directions() > 0) {
            objective =
                    Objectives.of(words[0] + ",directions=" + DIRECTIONS, new VicReg(VicReg.Variant.PAPER, 0, 0, 0));
        }
        float variance = (float) golden.get("variance_term").asDouble();
        return variance == 0 ? objective : new VarianceTerm(objective, variance);
    }

    /** Directions as the reference draws them: columns of unit length. */
    public static Tensor directions(Lcg random, int width) {
        double[] values = random.doubles(width * DIRECTIONS);
        for (int k = 0; k < DIRECTIONS; k++) {
            double squares = 0;
            for (int i = k; i < values.length; i += DIRECTIONS) {
                squares += values[i] * values[i];
            }
            for (int i = k; i < values.length; i += DIRECTIONS) {
                values[i] /= Math.sqrt(squares);
            }
        }
        return Lcg.tensor(Shape.of(width, DIRECTIONS), 1, values);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void lossAndGradientsAgreeWithReference(JsonNode golden) {
        Objective objective = objective(golden);
        Heads heads = objective.heads();
        Lcg random = new Lcg(golden.get("seed").asLong());
        Map<Value, Tensor> fed = new LinkedHashMap<>();
        List<Value> views = drawn("view", golden, random, fed);
        List<Value> predictions =
                heads.predictor() == Heads.Predictor.NONE ? List.of() : drawn("prediction", golden, random, fed);
        List<Value> targets = heads.target() == null ? List.of() : drawn("target", golden, random, fed);
        Value directions = null;
        if (heads.directions() > 0) {
            Tensor drawn = directions(random, golden.get("d").asInt());
            directions = Value.input("directions", drawn.type());
            fed.put(directions, drawn);
        }
        Loss loss = objective.build(
                new Ops(), new Projections(views, golden.get("full_views").asInt(), predictions, targets, directions));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("total", loss.total());
        outputs.putAll(loss.terms());
        List<Value> learned = new ArrayList<>(views);
        learned.addAll(predictions);
        // Nothing of what is only given: a gradient that isn't there is an error, in the reference it is zero.
        Ops ops = new Ops();
        Value nothing = learned.stream()
                .map(value -> ops.mul(ops.reduceSum(value, false), 0))
                .reduce(ops::add)
                .orElseThrow();
        Backward.gradients(ops.add(loss.total(), nothing), learned)
                .forEach((input, gradient) -> outputs.put("grad_" + input.name(), gradient));
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        fed.forEach((value, tensor) -> inputs.put(String.valueOf(value.name()), tensor));
        Map<String, Tensor> found = GraphRunner.run(Graph.of("loss", List.copyOf(fed.keySet()), outputs), inputs);

        assertClose(golden.get("total").asDouble(), floats(found, "total")[0], "total");
        golden.get("terms")
                .properties()
                .forEach(term ->
                        assertClose(term.getValue().asDouble(), floats(found, term.getKey())[0], term.getKey()));
        assertEquals(golden.get("terms").size(), loss.terms().size());
        for (int i = 0; i < learned.size(); i++) {
            compareGradient(
                    golden.get("gradients").get(i),
                    floats(found, "grad_" + learned.get(i).name()),
                    String.valueOf(learned.get(i).name()));
        }
    }

    private static List<Value> drawn(String name, JsonNode golden, Lcg random, Map<Value, Tensor> fed) {
        List<Value> values = new ArrayList<>();
        for (int i = 0; i < golden.get("views").asInt(); i++) {
            Tensor drawn = random.tensor(
                    golden.get("scale").asDouble(),
                    golden.get("n").asInt(),
                    golden.get("d").asInt());
            Value value = Value.input(name + i, drawn.type());
            fed.put(value, drawn);
            values.add(value);
        }
        return values;
    }

    private static float[] floats(Map<String, Tensor> found, String name) {
        Tensor tensor = found.get(name);
        if (tensor == null) {
            throw new AssertionError("no output " + name + " among " + found.keySet());
        }
        return tensor.floats();
    }

    private static void compareGradient(JsonNode golden, float[] found, String what) {
        double norm = golden.get("norm").asDouble();
        double sum = 0;
        for (float value : found) {
            sum += (double) value * value;
        }
        double typical = norm / Math.sqrt(found.length);
        assertEquals(norm, Math.sqrt(sum), TOLERANCE * norm + 1e-7, what + " norm");
        for (int i = 0; i < golden.get("first4").size(); i++) {
            assertEquals(golden.get("first4").get(i).asDouble(), found[i], TOLERANCE * typical + 1e-7, what + " " + i);
        }
    }

    private static void assertClose(double expected, double found, String what) {
        assertEquals(expected, found, TOLERANCE * Math.max(Math.abs(expected), 1e-2), what);
    }
}

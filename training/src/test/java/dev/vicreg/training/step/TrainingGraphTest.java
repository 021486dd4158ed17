package dev.vicreg.training.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.VicReg;
import dev.vicreg.training.optim.AdamW;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.RateFactor;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class TrainingGraphTest {
    private static final Optimizer SGD = new Sgd(0.9f, 0);
    private static final VicReg OFFICIAL = new VicReg(VicReg.Variant.OFFICIAL, 25, 25, 1);

    private static TrainingGraph.Built pair(VicReg loss, Optimizer optimizer, RateFactor rateFactor) {
        return TrainingGraph.build(GoldenPair.spec(loss, optimizer, NoDecay.NONE, rateFactor));
    }

    private static Map<String, Tensor> gradients(TrainingGraph.Built built, Tensor viewA, Tensor viewB) {
        Map<String, Tensor> fed = new LinkedHashMap<>(built.initialState(1));
        fed.put(TrainingGraph.VIEW_A, viewA);
        fed.put(TrainingGraph.VIEW_B, viewB);
        Map<String, Value> outputs = new LinkedHashMap<>();
        built.gradients().forEach((parameter, gradient) -> outputs.put("grad." + parameter.name(), gradient));
        return GraphRunner.run(Graph.of("gradients", built.training().inputs(), outputs), fed);
    }

    /** Names of the gradients that change when branch a sees other data. */
    private static Set<String> changedByViewA(VicReg loss) {
        TrainingGraph.Built built = pair(loss, SGD, RateFactor.ONE);
        List<Tensor> views = GoldenPair.views(new Lcg(1));
        Tensor other = GoldenPair.views(new Lcg(2)).get(0);
        Map<String, Tensor> before = gradients(built, views.get(0), views.get(1));
        Map<String, Tensor> after = gradients(built, other, views.get(1));
        return before.keySet().stream()
                .filter(name -> !before.get(name).equals(after.get(name)))
                .collect(Collectors.toSet());
    }

    @Test
    void varianceAndCovarianceActOnEachBranchOnItsOwn() {
        VicReg apart = new VicReg(VicReg.Variant.OFFICIAL, 0, 25, 1);
        Set<String> changed = changedByViewA(apart);
        assertTrue(changed.contains("grad.encoder.conv.weight"), changed.toString());
        assertFalse(changed.stream().anyMatch(name -> name.startsWith("grad.b.")), changed.toString());
        assertTrue(changedByViewA(OFFICIAL).contains("grad.b.encoder.fc1.weight"), "invariance joins the branches");
    }

    @Test
    void unsharedBranchesHaveNamesOfTheirOwnInGraphCheckpointAndEvaluation() {
        TrainingGraph.Built built = pair(OFFICIAL, SGD, RateFactor.ONE);
        Set<String> names = built.stateNames();
        for (String name : List.of(
                "encoder.conv.weight",
                "projector.3.weight",
                "b.encoder.fc1.weight",
                "b.encoder.bn.running_var",
                "b.projector.0.weight",
                "optimizer.momentum.b.projector.0.weight")) {
            assertTrue(names.contains(name), name);
        }
        List<String> inputs =
                built.eval().inputs().stream().limit(2).map(Value::toString).toList();
        assertEquals(List.of("x float[N,3,8,8]", "x_b float[N,12]"), inputs);
        assertEquals(
                List.of("representation", "projection", "representation_b", "projection_b"),
                List.copyOf(built.eval().outputs().keySet()));
        assertEquals(
                List.of("view_a float[16,3,8,8]", "view_b float[16,12]"),
                built.training().inputs().stream().limit(2).map(Value::toString).toList());
    }

    @Test
    void aFrozenParameterHasNeitherGradientNorState() {
        TrainingGraph.Built built =
                pair(OFFICIAL, new AdamW(0.9f, 0.999f, 1e-8f, 0), p -> p.name().startsWith("b.") ? 1 : 0);
        assertTrue(built.gradients().keySet().stream()
                .allMatch(parameter -> parameter.name().startsWith("b.")));
        assertFalse(built.gradients().isEmpty());
        assertTrue(built.stateNames().contains("encoder.conv.weight"));
        assertFalse(built.stateNames().contains("optimizer.step.encoder.conv.weight"));
    }

    @Test
    void stateComesInOneOrderSoThatEqualSettingsGiveEqualFiles() {
        TrainingGraph.Built built = pair(OFFICIAL, new AdamW(0.9f, 0.999f, 1e-8f, 0), RateFactor.ONE);
        String of = ".encoder.conv.weight";
        assertEquals(
                List.of("optimizer.step" + of, "optimizer.first_moment" + of, "optimizer.second_moment" + of),
                built.stateNames().stream().filter(name -> name.endsWith(of)).toList());
    }

    @Test
    void freezingEverythingIsRefused() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> pair(OFFICIAL, SGD, parameter -> 0));
        assertTrue(String.valueOf(e.getMessage()).startsWith("Nothing to train: all "), e.getMessage());
    }

    @Test
    void aRateFactorScalesTheStep() {
        Tensor whole = moved(RateFactor.ONE);
        Tensor tenth = moved(parameter -> parameter.name().equals("b.encoder.fc1.weight") ? 0.1f : 1);
        Tensor start = pair(OFFICIAL, SGD, RateFactor.ONE).initialState(1).get("b.encoder.fc1.weight");
        assertNotEquals(start, whole);
        for (int i = 0; i < start.floats().length; i++) {
            double step = whole.floats()[i] - start.floats()[i];
            assertEquals(0.1 * step, tenth.floats()[i] - start.floats()[i], 1e-6); // rounding of weights below 0.5
        }
    }

    /** What the update writes over one weight at a rate of 1. */
    private static Tensor moved(RateFactor factor) {
        TrainingGraph.Built built = pair(OFFICIAL, SGD, factor);
        Map<String, Tensor> fed = new LinkedHashMap<>(built.initialState(1));
        List<Tensor> views = GoldenPair.views(new Lcg(1));
        fed.put(TrainingGraph.VIEW_A, views.get(0));
        fed.put(TrainingGraph.VIEW_B, views.get(1));
        fed.put(TrainingGraph.LEARNING_RATE, Tensor.of(Shape.of(1), 1));
        Value written = built.training().next("b.encoder.fc1.weight");
        return GraphRunner.run(Graph.of("moved", built.training().inputs(), Map.of("moved", written)), fed)
                .get("moved");
    }

    @Test
    void projectionsOfDifferentWidthAreRefused() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> TrainingGraph.build(new TrainingGraph.Spec(
                        GoldenPair.pictures(),
                        GoldenPair.vectors(24),
                        OFFICIAL,
                        SGD,
                        NoDecay.NONE,
                        RateFactor.ONE,
                        16)));
        assertEquals(
                "The loss compares projections of equal width, found 32 in branch a and 24 in branch b: end both"
                        + " projectors (`projector`, `projector-b`) in the same width",
                e.getMessage());
    }

    @Test
    void twoDifferentBranchesUnderOneNameAreRefused() {
        Branch a = GoldenPair.pictures();
        Branch b = GoldenPair.vectors(32);
        assertThrows(
                IllegalArgumentException.class,
                () -> new TrainingGraph.Spec(
                        a,
                        Branch.first(b.input(), b.encoder(), b.projector()),
                        OFFICIAL,
                        SGD,
                        NoDecay.NONE,
                        RateFactor.ONE,
                        16));
    }
}

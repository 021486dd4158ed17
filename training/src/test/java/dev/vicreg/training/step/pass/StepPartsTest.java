package dev.vicreg.training.step.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Parts give what the whole gives, and what may be written where. In sessions, ten steps against the reference: TrajectoryTest. */
class StepPartsTest {
    /** Relative to the largest element: ONNX Runtime fuses some operators of one graph and not of the other. */
    private static final double TOLERANCE = 2e-5;

    private static final TensorType PAIR = new TensorType(ElementType.FLOAT, Shape.of(2, 2));

    private static final Value W = Value.input("w", PAIR);
    private static final Value G = Value.input("g", PAIR);

    static Stream<String> networks() {
        return MixedPrecisionTest.networks();
    }

    private static StepParts parts(StepGraph step) {
        return StepParts.of(step, TrainingGraph.VIEW_A, TrainingGraph.VIEW_B).orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void partsGiveWhatTheWholeGives(String network) throws IOException {
        TrainingGraph.Built built = MixedPrecisionTest.built(network);
        StepGraph step = Lowering.cpu(1, 0).applyWithoutWrites(built.training());
        Map<String, Tensor> known = RecomputationTest.fed(built);
        Map<String, Tensor> expected = GraphRunner.run(step.graph(), known);
        for (List<StepParts.Part> stage : parts(step).stages()) {
            Map<String, Tensor> made = new LinkedHashMap<>(); // parts of a stage read nothing of each other
            for (StepParts.Part part : stage) {
                Map<String, Tensor> read = new LinkedHashMap<>(known);
                read.keySet().retainAll(part.inputs());
                made.putAll(GraphRunner.run(part.graph(), read));
            }
            known.putAll(made);
        }
        double least = RecomputationTest.leastScale(expected);
        for (String name : expected.keySet()) {
            Tensor whole = Objects.requireNonNull(expected.get(name));
            Tensor found = Objects.requireNonNull(known.get(name), name);
            if (whole.type().element() == ElementType.FLOAT) {
                double scale = Math.max(least, RecomputationTest.largest(whole.floats()));
                assertArrayEquals(whole.floats(), found.floats(), (float) (TOLERANCE * scale), name);
            } else {
                assertArrayEquals(whole.data(), found.data(), name);
            }
        }
    }

    @Test
    void bothBranchesHavePartsOfTheirOwn() throws IOException {
        StepGraph step = Lowering.cpu(1, 0)
                .applyWithoutWrites(MixedPrecisionTest.built("resnet").training());
        List<List<StepParts.Part>> stages = parts(step).stages();
        assertEquals(List.of(2, 1, 2), stages.stream().limit(3).map(List::size).toList());
        for (int stage : new int[] {0, 2}) {
            List<Long> products = stages.get(stage).stream()
                    .map(part -> part.graph().nodes().stream()
                            .filter(node -> node.op() == (stage == 0 ? OpType.CONV : OpType.CONV_GRAD))
                            .count())
                    .toList();
            assertTrue(products.get(0) > 0);
            assertEquals(products.get(0), products.get(1), "convolutions of stage " + stage);
        }
        int written = stages.stream()
                .flatMap(List::stream)
                .mapToInt(part -> part.next().size())
                .sum();
        assertEquals(step.next().size(), written);
    }

    /** What says whether targets stay is worked out once, in whichever part. */
    @Test
    void updatesThatMayHaveToStayDoNoPassAgain() {
        Value a = Value.input(TrainingGraph.VIEW_A, PAIR);
        Value b = Value.input(TrainingGraph.VIEW_B, PAIR);
        Ops network = new Ops();
        Ops backward = new Ops().in(Region.BACKWARD);
        Ops update = new Ops().in(Region.UPDATE);
        Value ya = network.matMul(a, W);
        Value yb = network.matMul(b, G);
        Value loss = new Ops().in(Region.OBJECTIVE).sub(ya, yb);
        Value total = new Ops().in(Region.OBJECTIVE).reduceSum(loss, false, 0, 1);
        Value good = new Ops().in(Region.OBJECTIVE).less(total, network.constant(1));
        StepGraph step = new StepGraph(
                "guarded",
                List.of(a, b, W, G),
                Map.of("loss", total),
                Map.of(
                        W, update.sub(W, backward.matMul(loss, ya)),
                        G, update.sub(G, backward.matMul(loss, yb))),
                Map.of(W, good, G, good));
        List<List<StepParts.Part>> stages = parts(step).stages();
        assertEquals(List.of(2, 1, 2, 2), stages.stream().map(List::size).toList());
        for (StepParts.Part part : stages.get(3)) {
            assertEquals(1, part.guarded().size());
            assertTrue(part.graph().nodes().stream().noneMatch(node -> node.op() == OpType.MAT_MUL), "does a pass");
        }
        assertTrue(stages.get(1).get(0).graph().outputs().containsKey(StepParts.guardOf("w")));
    }

    /** Of a view that waits for the other's there is nothing to do meanwhile. */
    @Test
    void branchesThatWaitForEachOtherAreNotCut() {
        Ops ops = new Ops();
        Value a = Value.input(TrainingGraph.VIEW_A, PAIR);
        Value b = Value.input(TrainingGraph.VIEW_B, PAIR);
        Value weight = Value.input("w", PAIR);
        Value ya = ops.matMul(a, weight);
        Value yb = ops.matMul(ops.add(b, ya), weight);
        StepGraph step = new StepGraph(
                "waits",
                List.of(a, b, weight),
                Map.of("loss", ops.matMul(ya, yb)),
                Map.of(weight, ops.sub(weight, yb)),
                Map.of());
        assertTrue(
                StepParts.of(step, TrainingGraph.VIEW_A, TrainingGraph.VIEW_B).isEmpty());
    }

    private static StepParts.Part part(Value next, Value... others) {
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("new", next);
        for (Value other : others) {
            outputs.put("other" + outputs.size(), other);
        }
        return new StepParts.Part(Graph.of("part", List.of(W, G), outputs), Set.of(), Map.of("new", "w"), Set.of());
    }

    @Test
    void aTargetIsWrittenInPlaceWhereAllThatReadItIsDone() {
        Ops ops = new Ops();
        Value decayed = ops.mul(W, 0.9);
        assertTrue(part(ops.sub(decayed, G)).isWrittenInPlace("new"));
        assertTrue(part(ops.sub(W, G)).isWrittenInPlace("new"));
        assertFalse(part(ops.sub(W, G), ops.matMul(W, G)).isWrittenInPlace("new"), "read by another");
        StepParts.Part part = part(ops.sub(W, G));
        assertFalse(
                new StepParts.Part(part.graph(), Set.of(), part.next(), Set.of("w")).isWrittenInPlace("new"),
                "may have to stay");
        assertFalse(part(ops.matMul(W, G)).isWrittenInPlace("new"), "a product reads what it has written");
    }
}

package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Loss;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Projections;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.RateFactor;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.GoldenPair;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import dev.vicreg.training.step.lowering.Lowering;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing but VICReg itself knows how many terms a loss has, and what they are called. */
final class OtherObjectiveTest {
    private static final Optimizer SGD = new Sgd(0.9f, 0);

    @TempDir
    Path folder;

    /** Half the squared distance to what the other branch gives, which is taken as given: nothing of VICReg. */
    private record Follow() implements Objective {
        @Override
        public Heads heads() {
            return new Heads(Projector.Ending.WITHOUT_BIAS);
        }

        @Override
        public Loss build(Ops ops, Projections projections) {
            Value za = projections.views().get(0);
            Value zb = projections.views().get(1);
            Value difference = ops.sub(za, ops.detach(zb));
            Value distance = ops.reduceMean(ops.mul(difference, difference), false);
            Map<String, Value> terms = new LinkedHashMap<>();
            terms.put("size", ops.reduceMean(ops.abs(za), false));
            terms.put("distance", distance);
            return new Loss(ops.mul(distance, 0.5), terms);
        }
    }

    @Test
    void anotherObjectiveNeedsNothingElse() throws Exception {
        TrainingGraph.Spec golden = GoldenNet.spec(SGD, NoDecay.NONE);
        TrainingGraph.Built built = TrainingGraph.build(
                TrainingGraph.Spec.shared(golden.a(), new Follow(), SGD, NoDecay.NONE, golden.batchSize()));
        assertEquals(
                List.of("view_a", "view_b", "learning_rate"), built.signature().fed());
        assertEquals(List.of("size", "distance"), built.signature().terms());
        Artifacts artifacts = Artifacts.write(folder, built, built.initialState(1), Lowering.NONE);
        try (TrainingSession session = TrainingSession.open(
                built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), Device.CPU, 1)) {
            TrainingSession.Losses losses = TrajectoryTest.step(session, GoldenNet.views(new Lcg(11)), 0.01f);
            assertEquals(List.of("size", "distance"), List.copyOf(losses.terms().keySet()));
            assertEquals(0.5 * losses.term("distance"), losses.loss(), 1e-6);
            assertTrue(losses.term("size") > 0);
        }
    }

    @Test
    void gradientsOfWhatIsTakenAsGivenAreRefused() {
        var e = assertThrows(
                IllegalArgumentException.class,
                () -> TrainingGraph.build(new TrainingGraph.Spec(
                        GoldenPair.pictures(),
                        GoldenPair.vectors(32),
                        new Follow(),
                        SGD,
                        NoDecay.NONE,
                        RateFactor.ONE,
                        16)));
        assertTrue(String.valueOf(e.getMessage()).startsWith("The loss does not depend on b."), e.getMessage());
    }
}

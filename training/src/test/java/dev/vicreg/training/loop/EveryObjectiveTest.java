package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Objectives;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VarianceTerm;
import dev.vicreg.training.objective.VicReg;
import dev.vicreg.training.optim.AdamW;
import dev.vicreg.training.optim.RateFactor;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.GoldenPair;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is true of every objective by its name: whatever network and precision it is used with. */
final class EveryObjectiveTest {
    private static final VicReg VICREG = new VicReg(VicReg.Variant.OFFICIAL, 25, 25, 1);

    @TempDir
    Path folder;

    static List<String> names() {
        return Objectives.names();
    }

    private static Objective objective(String text) {
        return Objectives.of(text, VICREG);
    }

    /** The branch with the heads that an objective wants. */
    private static Branch with(Objective objective, Branch branch) {
        Heads heads = objective.heads();
        List<Integer> widths = branch.projector().widths();
        List<Integer> behind = heads.predictor().widths(widths);
        return new Branch(
                branch.input(),
                branch.encoder(),
                new Projector(widths, heads.ending()),
                behind.isEmpty() ? null : new Projector(behind, Projector.Ending.LINEAR),
                1,
                branch.scope());
    }

    private static TrainingGraph.Spec spec(Objective objective, Branch a, Branch b) {
        return new TrainingGraph.Spec(
                with(objective, a),
                with(objective, b),
                objective,
                new AdamW(0.9f, 0.999f, 1e-8f, 0.01f),
                NoDecay.NONE,
                RateFactor.ONE,
                GoldenNet.BATCH);
    }

    private TrainingSession open(TrainingGraph.Built built, Map<String, Tensor> state) throws Exception {
        Path own = Files.createTempDirectory(folder, "run");
        Artifacts artifacts = Artifacts.write(own, built, state, MachineLowering.of(Device.CPU, 1));
        return TrainingSession.open(
                built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), Device.CPU, 1);
    }

    @ParameterizedTest
    @MethodSource("names")
    void float16GivesNearlyTheSame(String name) throws Exception {
        Objective objective = objective(name);
        TrainingGraph.Spec spec = spec(objective, GoldenPair.pictures(), GoldenPair.pictures());
        List<Float> losses = new ArrayList<>();
        for (TrainingGraph.Spec each : List.of(spec, spec.with(new LossScaling(64, 2000)))) {
            TrainingGraph.Built built = TrainingGraph.build(each);
            try (TrainingSession session = open(built, GoldenNet.initialState(built))) {
                Lcg data = new Lcg(11);
                for (int i = 0; i < 3; i++) {
                    losses.add(TrajectoryTest.step(session, GoldenNet.views(data), 1e-3f)
                            .loss());
                }
            }
        }
        for (int i = 0; i < 3; i++) {
            float expected = losses.get(i);
            assertEquals(expected, losses.get(i + 3), 0.02 * Math.max(1, Math.abs(expected)), name + " at step " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void twoNetworksOnPicturesAndVectorsAllMove(String name) throws Exception {
        Objective objective = objective(name);
        TrainingGraph.Built built = TrainingGraph.build(spec(objective, GoldenPair.pictures(), GoldenPair.vectors(32)));
        Map<String, Tensor> before = built.initialState(4);
        Path end = folder.resolve("end");
        try (TrainingSession session = open(built, before)) {
            Lcg data = new Lcg(13);
            for (int i = 0; i < 2; i++) {
                assertTrue(TrajectoryTest.step(session, GoldenPair.views(data), 1e-2f)
                        .isFinite());
            }
            session.save(end);
        }
        Map<String, Tensor> after = CheckpointFile.read(end);
        assertEquals(before.keySet(), after.keySet());
        for (String key : before.keySet()) {
            boolean bias = key.endsWith(".0.bias"); // before a batch norm its gradient is zero
            if (!bias) {
                assertNotEquals(before.get(key), after.get(key), key + " stayed as it was");
            }
        }
        long targets =
                after.keySet().stream().filter(key -> key.startsWith("target.")).count();
        long trained = built.parameters().all().stream()
                .filter(Parameter::isTrained)
                .filter(parameter -> !parameter.name().contains("predictor"))
                .count();
        assertEquals(objective.heads().target() == null ? 0 : trained, targets);
    }

    @ParameterizedTest
    @MethodSource("names")
    void theEncoderAloneIsEvaluated(String name) {
        TrainingGraph.Built built =
                TrainingGraph.build(spec(objective(name), GoldenPair.pictures(), GoldenPair.pictures()));
        built.eval().nodes().forEach(node -> {
            assertFalse(node.scope().contains("predictor"), node.toString());
            assertFalse(node.scope().contains("target"), node.toString());
        });
    }

    @ParameterizedTest
    @MethodSource("names")
    void theTextWithAllSettingsMeansTheSame(String name) {
        String complete = Objectives.complete(name);
        assertEquals(complete, Objectives.complete(complete));
        assertEquals(objective(name), objective(complete));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "simclr,temperature=0",
                "simclr,lambda=1",
                "simclr,temperature",
                "simclr,",
                "byol,momentum=1.5",
                "sigreg,directions=2.5",
                "simsiam,stop-gradient=2",
                "barlow-twins,lambda=NaN",
                "vicreg,lambda=1",
                "vicregs"
            })
    void settingsThatAreNoneAreRefusedInOneLine(String text) {
        SettingException e = assertThrows(SettingException.class, () -> Objectives.complete(text));
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("expected") || message.contains("takes"), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void aVarianceTermTakesTheLastNormOfSimSiamAway() {
        assertEquals(Projector.Ending.NORM, objective("simsiam").heads().ending());
        assertEquals(
                Projector.Ending.LINEAR,
                new VarianceTerm(objective("simsiam"), 25).heads().ending());
    }
}

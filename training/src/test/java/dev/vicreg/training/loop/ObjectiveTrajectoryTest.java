package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.GoldenObjectivesTest;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten steps with every objective, and with many views, against the same in PyTorch (float64): golden/objectives.json. */
final class ObjectiveTrajectoryTest {
    private static final int WIDTH = 32;
    private static final int BOTTLENECK = 8;

    /** What is behind the network of the other references, in the order of this one's modules. */
    private static final List<String> BEHIND = List.of(
            "projector.3.bias",
            "predictor.0.weight",
            "predictor.0.bias",
            "predictor.1.weight",
            "predictor.1.bias",
            "predictor.3.weight",
            "predictor.3.bias");

    @TempDir
    Path folder;

    static Stream<JsonNode> trajectories() throws IOException {
        return GoldenObjectivesTest.golden("trajectories");
    }

    @ParameterizedTest
    @MethodSource("trajectories")
    void tenStepsAgreeWithReference(JsonNode golden) throws Exception {
        tenSteps(golden, MachineLowering.of(Device.CPU, 2));
    }

    @ParameterizedTest
    @MethodSource("trajectories")
    void stepsInPartsAgreeWithReference(JsonNode golden) throws Exception {
        tenSteps(golden, MachineLowering.of(Device.CPU, 1), true);
    }

    /** What is written for CUDA, on the CPU; its kernel's running variances are told apart in TrajectoryTest. */
    @ParameterizedTest
    @MethodSource("trajectories")
    void stepsForCudaAgreeWithReference(JsonNode golden) throws Exception {
        tenSteps(golden, Lowering.CUDA);
    }

    private void tenSteps(JsonNode golden, Lowering lowering) throws Exception {
        tenSteps(golden, lowering, false);
    }

    private void tenSteps(JsonNode golden, Lowering lowering, boolean inParts) throws Exception {
        TrainingGraph.Built built = built(golden);
        Artifacts artifacts = Artifacts.write(folder, built, GoldenNet.initialState(built, BEHIND), lowering);
        Lcg data = new Lcg(golden.get("data_seed").asLong());
        Path end = folder.resolve("end");
        int total = golden.get("steps").size();
        try (TrainingSession session = inParts
                ? TrajectoryTest.sideBySide(built, artifacts)
                : TrainingSession.open(
                        built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), Device.CPU, 1)) {
            for (JsonNode step : golden.get("steps")) {
                assertLosses(
                        step,
                        step(session, built, golden, data, step.get("step").asInt(), total));
            }
            session.save(end);
        }
        Map<String, Tensor> state = CheckpointFile.read(end);
        compare(golden.get("final_parameters"), state);
        if (!lowering.equals(Lowering.CUDA)) {
            compare(golden.get("final_running_statistics"), state);
        }
    }

    private static TrainingGraph.Built built(JsonNode golden) {
        Objective objective = GoldenObjectivesTest.objective(golden);
        Heads heads = objective.heads();
        Projector projector = new Projector(List.of(WIDTH, WIDTH), heads.ending());
        Projector predictor = switch (heads.predictor()) {
            case NONE -> null;
            case BOTTLENECK -> new Projector(List.of(BOTTLENECK, WIDTH), Projector.Ending.LINEAR);
            case WIDE -> new Projector(List.of(WIDTH, WIDTH), Projector.Ending.LINEAR);
        };
        int joined = golden.get("joined").asInt();
        var input = new GoldenNet.Floats(3, 8, 8);
        return TrainingGraph.build(new TrainingGraph.Spec(
                new Branch(input, new GoldenNet(), projector, predictor, joined, ""),
                new Branch(
                        input,
                        new GoldenNet(),
                        projector,
                        predictor,
                        golden.get("views").asInt() - joined,
                        ""),
                objective,
                new Sgd(0.9f, 1e-4f),
                NoDecay.NONE,
                parameter -> 1,
                GoldenNet.BATCH));
    }

    private static TrainingSession.Losses step(
            TrainingSession session, TrainingGraph.Built built, JsonNode golden, Lcg data, int step, int total)
            throws Exception {
        int count = golden.get("views").asInt();
        int joined = golden.get("joined").asInt();
        int size = GoldenNet.BATCH * 3 * 8 * 8;
        double[] sample = data.doubles(size);
        float[] all = new float[count * size];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) (sample[i % size] + 0.1 * data.next());
        }
        Map<String, Tensor> fed = new LinkedHashMap<>();
        fed.put(TrainingGraph.VIEW_A, views(all, 0, joined, size));
        fed.put(TrainingGraph.VIEW_B, views(all, joined, count, size));
        fed.put(TrainingGraph.LEARNING_RATE, Tensor.of(Shape.of(1), (float)
                golden.get("rate").asDouble()));
        built.signature()
                .targetMomentum(step, total)
                .ifPresent(
                        momentum -> fed.put(TrainingGraph.TARGET_MOMENTUM, Tensor.of(Shape.of(1), (float) momentum)));
        fed.put(TrainingGraph.DIRECTIONS, GoldenObjectivesTest.directions(new Lcg(1000 + step), WIDTH));
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        try {
            for (String name : built.signature().fed()) {
                Tensor tensor = fed.get(name);
                tensors.put(
                        name,
                        OnnxTensor.createTensor(
                                OrtEnvironment.getEnvironment(),
                                FloatBuffer.wrap(tensor.floats()),
                                tensor.shape().toArray()));
            }
            return session.step(tensors);
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private static Tensor views(float[] all, int from, int to, int size) {
        float[] part = Arrays.copyOfRange(all, from * size, to * size);
        return Tensor.of(Shape.of((long) (to - from) * GoldenNet.BATCH, 3, 8, 8), part);
    }

    private static void assertLosses(JsonNode expected, TrainingSession.Losses found) {
        String at = " at step " + expected.get("step").asInt();
        double total = expected.get("total").asDouble();
        assertEquals(total, found.loss(), 1e-4 * Math.max(Math.abs(total), 1), "total" + at);
        found.terms().forEach((name, value) -> {
            double term = expected.get(name).asDouble();
            assertEquals(term, value, 1e-4 * Math.max(Math.abs(term), 1), name + at);
        });
        assertEquals(expected.size() - 2, found.terms().size(), "terms" + at);
    }

    private static void compare(JsonNode expected, Map<String, Tensor> found) {
        expected.properties().forEach(entry -> {
            Tensor tensor = found.get(entry.getKey());
            assertNotNull(tensor, "nothing called " + entry.getKey());
            if (!entry.getKey().equals("projector.0.bias") && !entry.getKey().equals("predictor.0.bias")) {
                TrajectoryTest.compare(entry.getValue(), tensor, entry.getKey());
            }
        });
    }
}

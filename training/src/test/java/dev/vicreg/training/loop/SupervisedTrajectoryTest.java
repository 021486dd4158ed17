package dev.vicreg.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.autodiff.Backward;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.objective.Criterion;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.optim.AdamW;
import dev.vicreg.training.optim.LayerRates;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.session.MachineLowering;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.GoldenNet;
import dev.vicreg.training.step.SupervisedGraph;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses of labelled samples and ten steps on them against PyTorch in float64: golden/supervised.json. */
final class SupervisedTrajectoryTest {
    private static final double TOLERANCE = 1e-4;
    private static final String CROSS_ENTROPY = "cross-entropy";

    @TempDir
    Path folder;

    private static Stream<JsonNode> golden(String list) throws IOException {
        try (InputStream in = SupervisedTrajectoryTest.class.getResourceAsStream("/golden/supervised.json")) {
            return StreamSupport.stream(
                    new ObjectMapper().readTree(in).get(list).spliterator(), false);
        }
    }

    static Stream<JsonNode> losses() throws IOException {
        return golden("losses");
    }

    static Stream<JsonNode> trajectories() throws IOException {
        return golden("trajectories");
    }

    private static Criterion criterion(JsonNode golden) {
        return golden.get("criterion").asText().equals(CROSS_ENTROPY)
                ? new Criterion.CrossEntropy((float) golden.get("smoothing").asDouble())
                : new Criterion.SquaredError();
    }

    private static Tensor targets(JsonNode golden, Lcg data, int n) {
        int k = golden.get("k").asInt();
        if (!golden.get("criterion").asText().equals(CROSS_ENTROPY)) {
            return data.tensor(1, n, k);
        }
        float[] rows = new float[n * k];
        for (int row = 0; row < n; row++) {
            rows[row * k + (int) ((data.next() + 1) / 2 * k)] = 1;
        }
        return Tensor.of(Shape.of(n, k), rows);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void lossAndGradientAgreeWithReference(JsonNode golden) {
        int n = golden.get("n").asInt();
        int k = golden.get("k").asInt();
        Lcg random = new Lcg(golden.get("seed").asLong());
        Tensor outputs = random.tensor(2, n, k);
        Tensor targets = targets(golden, random, n);
        Value x = Value.input("x", outputs.type());
        Value t = Value.input("t", targets.type());
        Value loss = criterion(golden).build(new Ops(), x, t).total();
        Value gradient = Backward.gradients(loss, List.of(x)).get(x);
        Graph graph = Graph.of("loss", List.of(x, t), Map.of("loss", loss, "gradient", gradient));
        Map<String, Tensor> found = GraphRunner.run(graph, Map.of("x", outputs, "t", targets));
        double expected = golden.get("loss").asDouble();
        assertEquals(expected, found.get("loss").floats()[0], 1e-6 * expected);
        float[] slope = found.get("gradient").floats();
        for (int i = 0; i < slope.length; i++) {
            assertEquals(golden.get("gradient").get(i / k).get(i % k).asDouble(), slope[i], 1e-7, "gradient " + i);
        }
        double step = 1e-2; // central differences along one direction, as far as float32 resolves them
        double slopeAlong = 0;
        float[] direction = random.tensor(1, n, k).floats();
        for (int i = 0; i < slope.length; i++) {
            slopeAlong += (double) slope[i] * direction[i];
        }
        double difference =
                (loss(graph, outputs, direction, step, targets) - loss(graph, outputs, direction, -step, targets))
                        / (2 * step);
        assertEquals(slopeAlong, difference, 1e-3 * Math.max(Math.abs(slopeAlong), 0.1));
    }

    private static double loss(Graph graph, Tensor outputs, float[] direction, double step, Tensor targets) {
        float[] moved = outputs.floats().clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        return GraphRunner.run(graph, Map.of("x", Tensor.of(outputs.shape(), moved), "t", targets))
                .get("loss")
                .floats()[0];
    }

    @ParameterizedTest
    @MethodSource("trajectories")
    void tenStepsAgreeWithReference(JsonNode golden) throws Exception {
        tenSteps(golden, MachineLowering.of(Device.CPU, 2));
    }

    /** What is written for CUDA, on the CPU. */
    @ParameterizedTest
    @MethodSource("trajectories")
    void stepsForCudaAgreeWithReference(JsonNode golden) throws Exception {
        tenSteps(golden, Lowering.CUDA);
    }

    private void tenSteps(JsonNode golden, Lowering lowering) throws Exception {
        TrainingGraph.Built built = built(golden);
        Map<String, Tensor> start = new LinkedHashMap<>(built.initialState(0));
        Lcg random = new Lcg(7);
        built.parameters().all().stream()
                .filter(parameter -> parameter.isTrained())
                .forEach(parameter -> start.put(parameter.name(), GoldenNet.draw(random, parameter)));
        Artifacts artifacts = Artifacts.write(folder, built, start, lowering);
        Lcg data = new Lcg(golden.get("data_seed").asLong());
        Path end = folder.resolve("end");
        try (TrainingSession session = TrainingSession.open(
                built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), Device.CPU, 1)) {
            for (JsonNode loss : golden.get("losses")) {
                ViewBatch view = view(data);
                Tensor targets = targets(golden, data, GoldenNet.BATCH);
                float found = session.step(
                                view, targets, (float) golden.get("rate").asDouble())
                        .loss();
                assertEquals(loss.asDouble(), found, TOLERANCE * Math.max(0.1, loss.asDouble()));
            }
            session.save(end);
        }
        Map<String, Tensor> state = CheckpointFile.read(end);
        golden.get("final").properties().forEach(entry -> {
            Tensor tensor = state.get(entry.getKey());
            assertNotNull(tensor, "nothing called " + entry.getKey());
            boolean cudnn = lowering.equals(Lowering.CUDA) && entry.getKey().endsWith("running_var");
            if (!cudnn) { // its kernel's running variances are told apart in TrajectoryTest
                TrajectoryTest.compare(entry.getValue(), tensor, entry.getKey());
            }
        });
    }

    private static TrainingGraph.Built built(JsonNode golden) {
        float decay = (float) golden.get("weight_decay").asDouble();
        Optimizer optimizer = golden.get("optimizer").asText().equals("sgd")
                ? new Sgd(0.9f, decay)
                : new AdamW(0.9f, 0.999f, 1e-8f, decay);
        return SupervisedGraph.build(new SupervisedGraph.Spec(
                Branch.first(
                        new GoldenNet.Floats(3, 8, 8),
                        new GoldenNet(),
                        new Projector(List.of(), Projector.Ending.LINEAR)),
                golden.get("k").asInt(),
                criterion(golden),
                optimizer,
                TrainingGraph.NoDecay.NORM_BIAS,
                new LayerRates((float) golden.get("encoder").asDouble(), (float)
                        golden.get("first").asDouble()),
                GoldenNet.BATCH));
    }

    private static ViewBatch view(Lcg data) {
        float[] values = data.tensor(1, GoldenNet.BATCH, 3, 8, 8).floats();
        ByteBuffer buffer =
                ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
        buffer.asFloatBuffer().put(values);
        return new ViewBatch(new ViewType(ViewType.Element.FLOAT32, List.of(3, 8, 8)), buffer);
    }
}

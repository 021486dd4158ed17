package dev.vicreg.training.encoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VicReg;
import dev.vicreg.training.optim.Sgd;
import dev.vicreg.training.step.Branch;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.ViewInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every encoder of the registry, on small ones. */
class EncoderContractTest {
    private static final int BATCH = 4;
    private static final int IMAGE_SIZE = 32;
    private static final int IDS = 7;

    static Set<String> names() {
        return Encoders.names();
    }

    private static Encoder encoder(String name) {
        int width = name.startsWith("vit") ? 12 : 8;
        return Encoders.of(name, new Encoders.Spec(width, IMAGE_SIZE, IDS, EncoderOptions.NONE));
    }

    /** Views of the shape that the encoder takes. */
    private record Fed(Encoders.Input kind) implements ViewInput {
        @Override
        public String name() {
            return "x";
        }

        @Override
        public TensorType type(Dim batch) {
            List<Dim> dims = new ArrayList<>(List.of(batch));
            long[] sizes = switch (kind) {
                case PICTURES -> new long[] {3, IMAGE_SIZE, IMAGE_SIZE};
                case SIGNALS -> new long[] {2, 64};
                case VECTORS -> new long[] {5};
                case SEQUENCES -> new long[] {12};
            };
            Arrays.stream(sizes).forEach(size -> dims.add(Dim.of(size)));
            ElementType element = kind == Encoders.Input.SEQUENCES ? ElementType.INT64 : ElementType.FLOAT;
            return new TensorType(element, new Shape(dims));
        }

        Tensor drawn(long seed) {
            TensorType type = type(Dim.of(BATCH));
            Tensor numbers = new Lcg(seed).tensor(1, type.shape().toArray());
            if (type.element() == ElementType.FLOAT) {
                return numbers;
            }
            long[] ids = new long[numbers.floats().length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = i < IDS ? i : (long) ((numbers.floats()[i] + 1) / 2 * IDS); // all of them
            }
            return new Tensor(type, Tensor.ofLongs(ids).data());
        }

        @Override
        public Value prepare(Ops ops, Value view) {
            return view;
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyTrainedParameterGetsAFiniteGradient(String name) {
        Fed input = new Fed(Encoders.input(name));
        TrainingGraph.Built built = TrainingGraph.build(TrainingGraph.Spec.shared(
                Branch.first(input, encoder(name), new Projector(List.of(8), Projector.Ending.WITHOUT_BIAS)),
                new VicReg(VicReg.Variant.OFFICIAL, 25, 25, 1),
                new Sgd(0, 0),
                TrainingGraph.NoDecay.NONE,
                BATCH));
        Map<String, Value> outputs = new LinkedHashMap<>();
        built.gradients().forEach((parameter, gradient) -> outputs.put("d " + parameter.name(), gradient));
        Graph graph = Graph.of("gradients", built.training().inputs(), outputs);
        Map<String, Tensor> feeds = new LinkedHashMap<>(built.initialState(0));
        feeds.put(TrainingGraph.VIEW_A, input.drawn(1));
        feeds.put(TrainingGraph.VIEW_B, input.drawn(2));
        feeds.put(TrainingGraph.LEARNING_RATE, Tensor.of(Shape.of(1), 0.1f));
        Map<String, Tensor> gradients = GraphRunner.run(graph, feeds);
        assertEquals(
                built.parameters().all().stream().filter(Parameter::isTrained).count(), gradients.size());
        gradients.forEach((parameter, gradient) -> {
            boolean any = false;
            for (float value : gradient.floats()) {
                assertTrue(Float.isFinite(value), parameter);
                any |= value != 0;
            }
            assertTrue(any, parameter + " is zero throughout");
        });
    }

    /** What trains and what is exported differ in form only, where no batch statistics are involved. */
    @ParameterizedTest
    @ValueSource(strings = {"vit-tiny", "vit-small", "vit-base", "convnext-tiny"})
    void withoutBatchNormsEvaluationIsTheTrainingFunction(String name) {
        Fed input = new Fed(Encoders.input(name));
        Parameters parameters = new Parameters();
        Value fixed = Value.input("x", input.type(Dim.of(BATCH)));
        Value symbolic = Value.input("x", input.type(Dim.symbol("N")));
        Value trained = encoder(name).build(Layers.forTraining(parameters), fixed);
        Value evaluated = encoder(name).build(Layers.forInference(parameters), symbolic);
        Map<String, Tensor> feeds = new LinkedHashMap<>();
        // Not the drawn start: layer scale and tokens hide what they multiply while they are next to nothing.
        parameters
                .all()
                .forEach(parameter -> feeds.put(
                        parameter.name(),
                        new Lcg(parameter.name().hashCode())
                                .tensor(0.5, parameter.shape().toArray())));
        feeds.put("x", new Lcg(1).tensor(1, fixed.shape().toArray()));
        float[] a = run(parameters, fixed, trained, feeds);
        float[] b = run(parameters, symbolic, evaluated, feeds);
        assertArrayEquals(a, b, 1e-5f); // measured: equal
        assertTrue(spread(a) > 1e-3, "the inputs make a difference"); // measured: 3.6e-2 and more
    }

    private static float[] run(Parameters parameters, Value input, Value output, Map<String, Tensor> feeds) {
        List<Value> inputs = new ArrayList<>(List.of(input));
        parameters.all().forEach(parameter -> inputs.add(parameter.value()));
        Graph graph = Graph.of("encoder", inputs, Map.of("y", output));
        Tensor y = GraphRunner.run(graph, feeds).get("y");
        return y.floats();
    }

    /** The largest difference between the first two samples. */
    private static double spread(float[] rows) {
        int width = rows.length / BATCH;
        double largest = 0;
        for (int i = 0; i < width; i++) {
            largest = Math.max(largest, Math.abs(rows[i] - rows[width + i]));
        }
        return largest;
    }
}

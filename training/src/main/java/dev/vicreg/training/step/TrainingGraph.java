package dev.vicreg.training.step;

import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Ops;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.training.autodiff.Backward;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VicReg;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.ParameterUpdate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * One VICReg training step as one graph, and the graph that evaluates the same parameters.
 *
 * <h2>Inputs and outputs of the training graph</h2>
 *
 * Callers feed {@code view_a}, {@code view_b} and {@code learning_rate} float[1]; ONNX Runtime Training itself feeds
 * {@code lazy_reset_grad} bool[1], which it wants and nothing reads. All other inputs are parameters, statistics and optimizer state; they
 * live in the checkpoint. Fetched are {@code loss}, {@code invariance}, {@code variance} and {@code covariance}, the last
 * three unweighted.
 *
 * <h2>Writing in place</h2>
 *
 * New values are written over the old ones inside the graph, by kernels whose order against other readers ONNX Runtime
 * does not guard: without care a weight can be overwritten before the backward pass reads it, and training is silently
 * wrong. Every write therefore waits for one barrier, a {@code Group} over all gradients, the loss and the new
 * statistics: whatever reads a parameter or a statistic leads to one of these. An update itself reads only its own
 * parameter and state.
 *
 * <p>ONNX Runtime fetches every output but those whose name ends in {@value #NOT_FETCHED}; so the flags of the writes are
 * named.
 */
public final class TrainingGraph {
    /** First view's input. */
    public static final String VIEW_A = "view_a";
    /** Second view's input. */
    public static final String VIEW_B = "view_b";
    /** The rate's input, float[1]. */
    public static final String LEARNING_RATE = "learning_rate";
    /** The input that ONNX Runtime Training wants. */
    public static final String LAZY_RESET_GRAD = "lazy_reset_grad";
    /** Names of optimizer state are this, the state's name, a dot and the parameter's name. */
    public static final String OPTIMIZER_PREFIX = "optimizer.";

    private static final String NOT_FETCHED = "_grad.accumulation.out";

    /** Which parameters weight decay (and LARS's trust ratio) leaves alone. */
    public enum NoDecay {
        /** None: all decay. */
        NONE,
        /** Norms and biases. */
        NORM_BIAS,
        /** Those with fewer than two dimensions. */
        ONE_DIMENSIONAL;

        boolean decays(Parameter parameter) {
            return switch (this) {
                case NONE -> true;
                case NORM_BIAS -> parameter.role() == Parameter.Role.WEIGHT;
                case ONE_DIMENSIONAL -> parameter.shape().rank() > 1;
            };
        }
    }

    /** What shapes the graph. */
    public record Spec(
            ViewInput input,
            Encoder encoder,
            Projector projector,
            VicReg loss,
            Optimizer optimizer,
            NoDecay noDecay,
            int batchSize) {
        /** Checks the batch size. */
        public Spec {
            if (batchSize < 2) {
                throw new IllegalArgumentException(
                        "Batch size: expected 2 or more pairs (variance needs two), found " + batchSize);
            }
        }
    }

    /**
     * The graphs and what they start from.
     *
     * @param training one step
     * @param eval pictures [N,…] → {@code representation}, {@code projection}, with running statistics
     * @param parameters the network's parameters and statistics
     * @param gradients of the loss, by parameter; values of the training graph
     * @param optimizerState initial optimizer state by its checkpoint name
     */
    public record Built(
            Graph training,
            Graph eval,
            Parameters parameters,
            Map<Parameter, Value> gradients,
            Map<String, Tensor> optimizerState) {
        /** Names of everything that a checkpoint holds. */
        public Set<String> stateNames() {
            Set<String> names = new LinkedHashSet<>();
            parameters.all().forEach(parameter -> names.add(parameter.name()));
            names.addAll(optimizerState.keySet());
            return names;
        }

        /** Everything a checkpoint holds before the first step. */
        public Map<String, Tensor> initialState(long seed) {
            Map<String, Tensor> state = new LinkedHashMap<>(parameters.draw(seed));
            state.putAll(optimizerState);
            return state;
        }
    }

    private final Spec spec;
    private final Parameters parameters = new Parameters();
    private final Map<String, Value> state = new LinkedHashMap<>();
    private final Map<String, Tensor> initialState = new LinkedHashMap<>();
    private final Ops ops = new Ops();

    private TrainingGraph(Spec spec) {
        this.spec = spec;
    }

    /**
     * Builds both graphs.
     *
     * @throws IllegalArgumentException if the parts do not fit each other, such as pictures too small for the encoder
     */
    public static Built build(Spec spec) {
        return new TrainingGraph(spec).build();
    }

    private Built build() {
        TensorType view = spec.input.type(Dim.of(spec.batchSize));
        Value viewA = Value.input(VIEW_A, view);
        Value viewB = Value.input(VIEW_B, view);
        Value rate = Value.input(LEARNING_RATE, new TensorType(ElementType.FLOAT, Shape.of(1)));
        Value reset = Value.input(LAZY_RESET_GRAD, new TensorType(ElementType.BOOL, Shape.of(1)));

        // Branch a comes first: running statistics move with a, then with b.
        Layers layers = Layers.forTraining(parameters);
        Value za = project(layers, encode(layers, viewA));
        Value zb = project(layers, encode(layers, viewB));
        VicReg.Terms terms = spec.loss.build(ops.scope("loss"), za, zb);

        List<Parameter> trained =
                parameters.all().stream().filter(Parameter::isTrained).toList();
        Map<Parameter, Value> gradients = gradients(terms.total(), trained);
        Map<Parameter, Value> statistics = layers.statistics();

        List<Value> awaited = new ArrayList<>(gradients.values());
        awaited.addAll(statistics.values());
        awaited.add(terms.total());
        Value ready =
                ops.scope("update").node(OpType.GROUP, awaited, Attributes.NONE).output(0);
        List<Value> written = new ArrayList<>();
        gradients.forEach((parameter, gradient) -> written.addAll(update(parameter, gradient, rate, ready)));
        statistics.forEach((statistic, value) -> written.add(ops.atScope("update." + statistic.name())
                .node(OpType.IN_PLACE_ACCUMULATOR, List.of(statistic.value(), value, ready), Attributes.NONE)
                .output(0)));

        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("loss", terms.total());
        outputs.put("invariance", terms.invariance());
        outputs.put("variance", terms.variance());
        outputs.put("covariance", terms.covariance());
        for (int i = 0; i < written.size(); i++) {
            outputs.put("written" + i + NOT_FETCHED, written.get(i));
        }
        List<Value> inputs = new ArrayList<>(List.of(viewA, viewB, rate));
        inputs.addAll(checkpointed());
        inputs.add(reset);
        return new Built(Graph.of("vicreg_training", inputs, outputs), eval(), parameters, gradients, initialState);
    }

    private static Map<Parameter, Value> gradients(Value loss, List<Parameter> trained) {
        Map<Value, Value> byValue =
                Backward.gradients(loss, trained.stream().map(Parameter::value).toList());
        Map<Parameter, Value> gradients = new LinkedHashMap<>();
        for (Parameter parameter : trained) {
            gradients.put(parameter, Objects.requireNonNull(byValue.get(parameter.value())));
        }
        return gradients;
    }

    private Value encode(Layers layers, Value view) {
        return spec.encoder.build(layers.scope("encoder"), spec.input.prepare(ops.scope("input"), view));
    }

    private Value project(Layers layers, Value representation) {
        return spec.projector.build(layers.scope("projector"), representation);
    }

    private List<Value> update(Parameter parameter, Value gradient, Value rate, Value ready) {
        Map<String, Value> own = new LinkedHashMap<>();
        spec.optimizer.initialState(parameter).forEach((name, tensor) -> {
            String key = OPTIMIZER_PREFIX + name + "." + parameter.name();
            Value value = Value.input(key, tensor.type());
            own.put(name, value);
            state.put(key, value);
            initialState.put(key, tensor);
        });
        return spec.optimizer.update(new ParameterUpdate(
                ops.atScope("update." + parameter.name()),
                parameter,
                gradient,
                rate,
                spec.noDecay.decays(parameter),
                ready,
                own));
    }

    /** Inputs that live in the checkpoint, in one order for both graphs, as ONNX Runtime Training demands. */
    private List<Value> checkpointed() {
        List<Value> values = new ArrayList<>();
        parameters.all().forEach(parameter -> values.add(parameter.value()));
        values.addAll(state.values());
        return values;
    }

    private Graph eval() {
        Layers layers = Layers.forInference(parameters);
        Value view = Value.input(spec.input.name(), spec.input.type(Dim.symbol("N")));
        Value representation = encode(layers, view);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("representation", representation);
        outputs.put("projection", project(layers, representation));
        List<Value> inputs = new ArrayList<>(List.of(view));
        inputs.addAll(checkpointed());
        return Graph.of("vicreg_eval", inputs, outputs);
    }
}

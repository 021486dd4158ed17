package dev.vicreg.training.step;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.autodiff.Backward;
import dev.vicreg.training.objective.Heads;
import dev.vicreg.training.objective.Loss;
import dev.vicreg.training.objective.Objective;
import dev.vicreg.training.objective.Projections;
import dev.vicreg.training.objective.TargetMomentum;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.RateFactor;
import dev.vicreg.training.step.lowering.Lowering;
import dev.vicreg.training.step.pass.MixedPrecision;
import dev.vicreg.training.step.pass.StepGraph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One training step as one graph, and the graph that evaluates the same parameters. The two views go through one
 * {@link Branch}, or through two that share nothing.
 *
 * <h2>Inputs and outputs of the training graph</h2>
 *
 * Callers feed {@code view_a}, {@code view_b}, each with all views that go through the branch, and {@code learning_rate}
 * float[1]; where the objective asks for them, {@code target_momentum} float[1], of the average that this step begins with,
 * and {@code directions}. ONNX Runtime Training itself feeds {@code lazy_reset_grad} bool[1], which it wants and nothing
 * reads. All other inputs are parameters, statistics and
 * optimizer state; they live in the checkpoint. Fetched are {@code loss} and the objective's terms, unweighted, under
 * {@link #termOutput}; with {@link LossScaling} then {@code loss_scale}, {@code skipped_in_a_row} and {@code skipped_steps} as
 * they are after the step, float[1] each.
 *
 * <h2>New values</h2>
 *
 * The graph is pure: what parameters, statistics and state hold after the step are rows of one map,
 * {@link StepGraph#next}. Writing them over the old ones is left to a {@link Lowering}.
 */
public final class TrainingGraph {
    /** First view's input. */
    public static final String VIEW_A = "view_a";
    /** Second view's input. */
    public static final String VIEW_B = "view_b";
    /** The rate's input, float[1]. */
    public static final String LEARNING_RATE = "learning_rate";
    /** The input with the momentum of averaged networks, float[1]. */
    public static final String TARGET_MOMENTUM = "target_momentum";
    /** The input with random directions, float [width of a projection, number], its columns of unit length. */
    public static final String DIRECTIONS = "directions";
    /** The input that ONNX Runtime Training wants. */
    public static final String LAZY_RESET_GRAD = "lazy_reset_grad";
    /** The output that is differentiated. */
    public static final String LOSS = "loss";
    /** The output with the representations of the first branch's views, [views,D], of a step that is watched. */
    public static final String REPRESENTATION = "representation";
    /** Names of optimizer state are this, the state's name, a dot and the parameter's name. */
    public static final String OPTIMIZER_PREFIX = "optimizer.";

    /** Names of an encoder's averages ({@link UpdateOptions#ema}) are this and the name of the parameter or statistic. */
    public static final String EMA_PREFIX = "ema.";

    /** Names of the averages that an objective compares with are this and the parameter's name. */
    static final String TARGET_PREFIX = "target.";

    /** VICReg's, which have always been outputs under their names. */
    private static final Set<String> OWN_TERMS = Set.of("invariance", "variance", "covariance");

    private static final String UPDATE = "update";

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

    /**
     * What shapes the graph.
     *
     * @param a the branch of the first views, whose statistics move first
     * @param b that of the others; with the scope of {@code a} the two share weights, and differ in their views at most
     * @param rateFactor which parameters are frozen or learn at another rate than the one fed
     * @param batchSize pairs a step
     * @param options what else an update does
     * @param scaling of the loss, for a network that is computed in float16 ({@link MixedPrecision}); null for float32
     */
    public record Spec(
            Branch a,
            Branch b,
            Objective objective,
            Optimizer optimizer,
            NoDecay noDecay,
            RateFactor rateFactor,
            int batchSize,
            UpdateOptions options,
            @Nullable LossScaling scaling) {
        /** All in float32, and nothing but the optimizer's update. */
        public Spec(
                Branch a,
                Branch b,
                Objective objective,
                Optimizer optimizer,
                NoDecay noDecay,
                RateFactor rateFactor,
                int batchSize) {
            this(a, b, objective, optimizer, noDecay, rateFactor, batchSize, UpdateOptions.NONE, null);
        }

        /** The same with the network in float16. */
        public Spec with(LossScaling scaling) {
            return new Spec(a, b, objective, optimizer, noDecay, rateFactor, batchSize, options, scaling);
        }

        /** The same with other updates. */
        public Spec with(UpdateOptions other) {
            return new Spec(a, b, objective, optimizer, noDecay, rateFactor, batchSize, other, scaling);
        }

        /** Checks that the branches go together, and the batch size. */
        public Spec {
            if (a.scope().equals(b.scope()) && !a.isLike(b)) {
                throw new IllegalArgumentException(
                        "Two different branches need scopes of their own, found \"" + a.scope() + "\" for both");
            }
            if (batchSize < 2) {
                throw new SettingException(
                        "Batch size: expected 2 or more pairs (variance needs two), found " + batchSize);
            }
        }

        /** One branch for both views, everything trained at the rate fed. */
        public static Spec shared(
                Branch branch, Objective objective, Optimizer optimizer, NoDecay noDecay, int batchSize) {
            return new Spec(branch, branch, objective, optimizer, noDecay, RateFactor.ONE, batchSize);
        }

        /** Whether all views go through the same weights. */
        public boolean isShared() {
            return a.scope().equals(b.scope());
        }

        /** Whether the views of b are of another size than those of a, which the same weights see. */
        boolean hasLocalViews() {
            return isShared() && !a.input().equals(b.input());
        }

        /** Whether the optimizer moves this parameter: not a statistic and not frozen. */
        public boolean isTrained(Parameter parameter) {
            return parameter.isTrained() && rateFactor.of(parameter) > 0;
        }
    }

    /**
     * The graphs and what they start from.
     *
     * @param training one step, all in float32 and without side effects; see {@link #step}
     * @param eval views [N,…] → {@code representation}, {@code projection}, with running statistics; of a second branch
     *     with weights of its own likewise, under the names of {@link Side#B}
     * @param parameters the network's parameters and statistics
     * @param loss values of the training graph
     * @param gradients of the loss, by trained parameter; values of the training graph
     * @param optimizerState initial optimizer state by its checkpoint name, that of the loss scaling included
     * @param averages parameters whose averages the checkpoint holds, by the averages' names
     * @param representation of the first branch's views, before the update, float32; a value of the training graph
     * @param projection likewise; without a projector the same
     * @param scaling of the loss; null where the network is computed in float32
     */
    public record Built(
            StepGraph training,
            Graph eval,
            Parameters parameters,
            Loss loss,
            Map<Parameter, Value> gradients,
            Map<String, Tensor> optimizerState,
            Map<String, Parameter> averages,
            Value representation,
            Value projection,
            @Nullable LossScaling scaling,
            @Nullable TargetMomentum target) {
        /** One step in the precision that was asked for, before kernels are chosen by a {@link Lowering}. */
        public StepGraph step() {
            return inPrecision(training);
        }

        /** The same, which gives {@link #REPRESENTATION} too. */
        public StepGraph watchedStep() {
            return stepGiving(Map.of(REPRESENTATION, representation));
        }

        /** The same, which gives other values of the training graph too, by names that are none of its outputs'. */
        public StepGraph stepGiving(Map<String, Value> values) {
            return inPrecision(training.alsoGiving(values));
        }

        private StepGraph inPrecision(StepGraph step) {
            return scaling == null ? step : MixedPrecision.PASS.apply(step);
        }

        /** What the step takes and gives, by name. */
        public StepSignature signature() {
            Set<String> state = stateNames();
            List<String> fed = training.inputs().stream()
                    .map(input -> String.valueOf(input.name()))
                    .filter(name -> !state.contains(name) && !name.equals(LAZY_RESET_GRAD))
                    .toList();
            Shape directions = training.inputs().stream()
                    .filter(input -> DIRECTIONS.equals(input.name()))
                    .map(Value::shape)
                    .findFirst()
                    .orElse(null);
            return new StepSignature(fed, List.copyOf(loss.terms().keySet()), state, directions, target);
        }

        /** Names of everything that a checkpoint holds. */
        public Set<String> stateNames() {
            Set<String> names = new LinkedHashSet<>();
            parameters.all().forEach(parameter -> names.add(parameter.name()));
            names.addAll(optimizerState.keySet());
            names.addAll(averages.keySet());
            return names;
        }

        /** Types of the network's parameters and statistics, by name. */
        public Map<String, TensorType> parameterTypes() {
            Map<String, TensorType> types = new LinkedHashMap<>();
            parameters
                    .all()
                    .forEach(parameter ->
                            types.put(parameter.name(), parameter.value().type()));
            return types;
        }

        /** Everything a checkpoint holds before the first step. */
        public Map<String, Tensor> initialState(long seed) {
            Map<String, Tensor> state = new LinkedHashMap<>(parameters.draw(seed));
            averages.forEach((name, parameter) -> state.put(name, Objects.requireNonNull(state.get(parameter.name()))));
            state.putAll(optimizerState);
            return state;
        }
    }

    /**
     * The name of the output with one of the loss's terms: {@code loss.} and its name, apart from all names of an imported
     * network; VICReg's own are as they always were.
     */
    public static String termOutput(String term) {
        return OWN_TERMS.contains(term) ? term : LOSS + "." + term;
    }

    private final Spec spec;
    private final Parameters parameters = new Parameters();
    private final Map<String, Value> state = new LinkedHashMap<>();
    private final Map<String, Tensor> initialState = new LinkedHashMap<>();
    private final Map<String, Parameter> averages = new LinkedHashMap<>(); // whose they are, by their names
    private final Map<Value, Value> averaged = new LinkedHashMap<>(); // their new values
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
        Value viewA = Value.input(VIEW_A, spec.a.views(spec.batchSize));
        Value viewB = Value.input(VIEW_B, spec.b.views(spec.batchSize));
        Value rate = Value.input(LEARNING_RATE, new TensorType(ElementType.FLOAT, Shape.of(1)));
        Value reset = Value.input(LAZY_RESET_GRAD, new TensorType(ElementType.BOOL, Shape.of(1)));

        // Branch a comes first: running statistics move with a, then with b.
        Layers layers = Layers.forTraining(parameters);
        List<Parameter> encoders = new ArrayList<>();
        Value ya = encoded(spec.a, layers, viewA, encoders);
        Value za = spec.a.project(layers, ya);
        Value zb = spec.b.project(layers, encoded(spec.b, layers, viewB, encoders));
        requireEqualWidths(za, zb);
        List<Value> fed = new ArrayList<>(List.of(viewA, viewB, rate));
        Projections projections = projections(layers, za, zb, fed);
        averageEncoders(encoders);
        Loss loss = spec.objective.build(ops.scope("loss").in(Region.OBJECTIVE), projections);

        LossScaling.InGraph scaler = spec.scaling == null
                ? null
                : new LossScaling.InGraph(spec.scaling, ops.scope(UPDATE).in(Region.OBJECTIVE));
        Map<Parameter, Value> gradients = gradients(loss.total(), trained(), scaler);
        Map<Parameter, Value> statistics = layers.statistics();
        Value finite = scaler == null ? null : scaler.finite(gradients.values(), statistics.values(), loss.total());
        Accumulation accumulation = spec.options.accumulate() == 1
                ? null
                : new Accumulation(accumulating(), spec.options.accumulate(), gradients, finite);

        ParameterUpdates updates =
                new ParameterUpdates(spec.optimizer, spec.noDecay, spec.rateFactor, spec.options.clip());
        Map<Value, Value> updated =
                new LinkedHashMap<>(updates.of(accumulation == null ? gradients : accumulation.means(), rate));
        state.putAll(updates.state());
        initialState.putAll(updates.initialState());
        updated.putAll(averaged);
        Map<Value, Value> moved = new LinkedHashMap<>();
        statistics.forEach((statistic, value) -> moved.put(statistic.value(), value));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(LOSS, loss.total());
        loss.terms().forEach((term, value) -> outputs.put(termOutput(term), value));
        Map<Value, Value> next = new LinkedHashMap<>(updated);
        next.putAll(moved);
        if (scaler != null && finite != null) {
            next.putAll(scaler.next(finite, outputs));
            keep(scaler);
        }
        if (accumulation != null) {
            next.putAll(accumulation.next());
            keep(accumulation);
        }
        Map<Value, Value> guards = new LinkedHashMap<>();
        guard(updated, accumulation == null ? finite : accumulation.updates(), guards);
        guard(moved, finite, guards);

        List<Value> inputs = new ArrayList<>(fed);
        inputs.addAll(checkpointed());
        inputs.add(reset);
        StepGraph step = new StepGraph("vicreg_training", inputs, outputs, next, guards);
        return new Built(
                step,
                eval(),
                parameters,
                loss,
                gradients,
                initialState,
                averages,
                ops.scope("watched").in(Region.OBJECTIVE).identity(ya),
                ops.scope("watched").in(Region.OBJECTIVE).identity(za),
                spec.scaling,
                spec.objective.heads().target());
    }

    /** The representations; what is declared for them joins {@code encoders}. */
    private Value encoded(Branch branch, Layers layers, Value view, List<Parameter> encoders) {
        Set<Parameter> before = new HashSet<>(parameters.all());
        Value representation = encode(branch, layers, view);
        parameters.all().stream().filter(each -> !before.contains(each)).forEach(encoders::add);
        return representation;
    }

    /** Moving averages of what moves of the encoders, for whoever exports them: nothing of a step reads them. */
    private void averageEncoders(List<Parameter> encoders) {
        if (spec.options.ema() == 0) {
            return;
        }
        Ops averaging = ops.scope("ema").in(Region.OBJECTIVE);
        List<Parameter> moving = encoders.stream()
                .filter(each -> each.isTrained() ? spec.isTrained(each) : each.role() != Parameter.Role.COUNTER)
                .toList();
        keep(new AveragedWeights(averaging, EMA_PREFIX, moving, averaging.constant(spec.options.ema())), EMA_PREFIX);
    }

    /** Takes averages among the state of the checkpoint. */
    private void keep(AveragedWeights weights, String prefix) {
        weights.before().forEach((parameter, value) -> {
            averages.put(prefix + parameter.name(), parameter);
            state.put(prefix + parameter.name(), value);
        });
        averaged.putAll(weights.next());
    }

    /**
     * What the objective sees.
     *
     * @param za projections of the views of branch a, one view below the other
     * @param zb likewise of branch b
     * @param fed takes what has to be fed for it
     */
    private Projections projections(Layers layers, Value za, Value zb, List<Value> fed) {
        Heads heads = spec.objective.heads();
        List<Value> targets =
                heads.target() == null ? List.of() : targets(za, zb, fed); // of what there is before predictors
        List<Value> predictions = heads.predictor() == Heads.Predictor.NONE
                ? List.of()
                : views(spec.a.predict(layers, za), spec.b.predict(layers, zb));
        Value directions = null;
        if (heads.directions() > 0) {
            Shape shape = Shape.of(za.shape().size(1), heads.directions());
            directions = Value.input(DIRECTIONS, new TensorType(ElementType.FLOAT, shape));
            fed.add(directions);
        }
        List<Value> views = views(za, zb);
        int full = spec.hasLocalViews() ? spec.a.views() : views.size();
        return new Projections(views, full, predictions, targets, directions);
    }

    private List<Value> targets(Value za, Value zb, List<Value> fed) {
        Value momentum = Value.input(TARGET_MOMENTUM, new TensorType(ElementType.FLOAT, Shape.of(1)));
        fed.add(momentum);
        Ops averaging = ops.scope("target").in(Region.OBJECTIVE);
        List<Parameter> trained =
                parameters.all().stream().filter(spec::isTrained).toList();
        AveragedWeights weights =
                new AveragedWeights(averaging, TARGET_PREFIX, trained, averaging.squeeze(momentum, 0));
        keep(weights, TARGET_PREFIX);
        List<Value> inputs = new ArrayList<>(fed);
        inputs.addAll(checkpointed());
        return views(ops.detach(weights.through(za, inputs)), ops.detach(weights.through(zb, inputs)));
    }

    /** The rows of each view: of those of branch a, then of those of branch b. */
    private List<Value> views(Value a, Value b) {
        List<Value> views = new ArrayList<>(views(spec.a, a));
        views.addAll(views(spec.b, b));
        return views;
    }

    private List<Value> views(Branch branch, Value joined) {
        if (branch.views() == 1) {
            return List.of(joined);
        }
        long[] sizes = new long[branch.views()];
        Arrays.fill(sizes, spec.batchSize);
        return ops.scope("views").in(Region.OBJECTIVE).split(joined, 0, sizes);
    }

    /** The parameters that the optimizer moves. */
    private List<Parameter> trained() {
        Set<String> untrained = new HashSet<>(spec.a.encoder().untrained());
        untrained.addAll(spec.b.encoder().untrained());
        spec.rateFactor.check(parameters.all(), untrained);
        List<Parameter> trained =
                parameters.all().stream().filter(spec::isTrained).toList();
        if (trained.isEmpty()) {
            throw new SettingException("Nothing to train: all "
                    + parameters.all().stream().filter(Parameter::isTrained).count() + " parameters are frozen");
        }
        return trained;
    }

    /** Takes the scaler's state among that of the checkpoint. */
    private void keep(LossScaling.InGraph scaler) {
        scaler.inputs().forEach((name, input) -> state.put(LossScaling.entry(name), input));
        initialState.putAll(scaler.settings().initialState());
    }

    /** Takes gathered gradients among the state of the checkpoint. */
    private void keep(Accumulation accumulation) {
        accumulation.inputs().forEach((name, input) -> {
            state.put(name, input);
            initialState.put(name, Accumulation.initial(input));
        });
    }

    private Ops accumulating() {
        return ops.scope(UPDATE + ".accumulate").in(Region.OBJECTIVE);
    }

    /** Rows change only where {@code condition} holds; null for always. */
    private static void guard(Map<Value, Value> rows, @Nullable Value condition, Map<Value, Value> guards) {
        if (condition != null) {
            rows.keySet().forEach(target -> guards.put(target, condition));
        }
    }

    /** Of the loss, unscaled where {@code scaler} scales it, by parameter. */
    static Map<Parameter, Value> gradients(Value loss, List<Parameter> trained, LossScaling.@Nullable InGraph scaler) {
        Map<Value, Value> byValue = Backward.gradients(
                scaler == null ? loss : scaler.scaled(loss),
                trained.stream().map(Parameter::value).toList());
        Map<Parameter, Value> gradients = new LinkedHashMap<>();
        for (Parameter parameter : trained) {
            Value gradient = Objects.requireNonNull(byValue.get(parameter.value()));
            gradients.put(parameter, scaler == null ? gradient : scaler.unscaled(gradient));
        }
        return gradients;
    }

    /** What a branch's encoder makes of its views; those of another size must fit the weights of the first. */
    private Value encode(Branch branch, Layers layers, Value view) {
        boolean otherSize = spec.isShared() && !branch.input().equals(spec.a.input());
        try {
            return branch.encode(layers, view);
        } catch (SettingException e) {
            throw !otherSize
                    ? e
                    : new SettingException(
                            "`local-views` don't fit this encoder: " + e.getMessage()
                                    + "; give another `local-size`, an encoder that takes any size, such as resnet18, or"
                                    + " no `local-views`",
                            e);
        }
    }

    private static void requireEqualWidths(Value za, Value zb) {
        long widthA = za.shape().size(1);
        long widthB = zb.shape().size(1);
        if (widthA != widthB) {
            throw new SettingException("The loss compares projections of equal width, found " + widthA
                    + " in branch a and " + widthB + " in branch b: end both projectors (`projector`, `projector-b`) in"
                    + " the same width");
        }
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
        List<Value> inputs = new ArrayList<>();
        Map<String, Value> outputs = new LinkedHashMap<>();
        evaluate(spec.a, Side.A, layers, inputs, outputs);
        if (!spec.isShared()) {
            evaluate(spec.b, Side.B, layers, inputs, outputs);
        }
        inputs.addAll(checkpointed());
        return Graph.of("vicreg_eval", inputs, outputs);
    }

    private static void evaluate(
            Branch branch, Side side, Layers layers, List<Value> inputs, Map<String, Value> outputs) {
        Value view = Value.input(
                branch.input().name() + side.suffix(), branch.input().type(Dim.symbol("N")));
        Value representation = branch.encode(layers, view);
        inputs.add(view);
        outputs.put(side.representation(), representation);
        outputs.put(side.projection(), branch.project(layers, representation));
    }
}

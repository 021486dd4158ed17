package dev.vicreg.training.step;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.objective.Criterion;
import dev.vicreg.training.objective.Loss;
import dev.vicreg.training.optim.LayerRates;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.RateFactor;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import dev.vicreg.training.step.pass.StepGraph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One step of supervised training as one graph: an encoder with a linear head behind it, one view of each sample, and what
 * is to be said of it. Its parts are those of {@link TrainingGraph}, and what it gives is as that gives it.
 *
 * <p>Callers feed {@link #VIEW}, {@link #TARGETS} float32 [n,k] and {@link TrainingGraph#LEARNING_RATE} float32 [1], the
 * rate of the head. Fetched is {@link TrainingGraph#LOSS}. The head's parameters are {@link #HEAD_WEIGHT} [k,D] and
 * {@link #HEAD_BIAS} [k]; the encoder's have the names that they have in any other training. The evaluation graph gives
 * representations alone.
 */
public final class SupervisedGraph {
    /** The views' input. */
    public static final String VIEW = "view";
    /** The input with what is to be said of them. */
    public static final String TARGETS = "targets";
    /** The head's weights, [k,D]. */
    public static final String HEAD_WEIGHT = "supervised_head.weight";
    /** The head's biases, [k]. */
    public static final String HEAD_BIAS = "supervised_head.bias";

    private static final String HEAD = "supervised_head";

    /**
     * What shapes the graph.
     *
     * @param branch the encoder and how views enter it; its projector is not used
     * @param outputs k, at least 1
     * @param rates of the encoder's layers
     * @param batchSize samples a step
     */
    public record Spec(
            Branch branch,
            int outputs,
            Criterion criterion,
            Optimizer optimizer,
            NoDecay noDecay,
            LayerRates rates,
            int batchSize) {
        /** Checks the batch size. */
        public Spec {
            if (batchSize < 2) {
                throw new SettingException(
                        "`batch-size`: expected 2 or more samples (batch norms need two), found " + batchSize);
            }
        }
    }

    private SupervisedGraph() {}

    /**
     * Builds both graphs.
     *
     * @throws SettingException if the parts do not fit each other
     */
    public static TrainingGraph.Built build(Spec spec) {
        Parameters parameters = new Parameters();
        Layers layers = Layers.forTraining(parameters);
        Value view = Value.input(VIEW, spec.branch.views(spec.batchSize));
        Value targets = Value.input(TARGETS, new TensorType(ElementType.FLOAT, Shape.of(spec.batchSize, spec.outputs)));
        Value rate = Value.input(TrainingGraph.LEARNING_RATE, new TensorType(ElementType.FLOAT, Shape.of(1)));
        Value reset = Value.input(TrainingGraph.LAZY_RESET_GRAD, new TensorType(ElementType.BOOL, Shape.of(1)));

        Value representation = spec.branch.encode(layers, view);
        RateFactor rates = spec.rates.over(trained(parameters));
        Value outputs = layers.linear(HEAD, representation, spec.outputs, true);
        Loss loss = spec.criterion.build(new Ops().scope("loss").in(Region.OBJECTIVE), outputs, targets);
        Map<Parameter, Value> gradients = TrainingGraph.gradients(loss.total(), trained(parameters), null);
        ParameterUpdates updates = new ParameterUpdates(spec.optimizer, spec.noDecay, rates, 0);
        Map<Value, Value> next = new LinkedHashMap<>(updates.of(gradients, rate));
        layers.statistics().forEach((statistic, value) -> next.put(statistic.value(), value));

        List<Value> state = new ArrayList<>();
        parameters.all().forEach(parameter -> state.add(parameter.value()));
        state.addAll(updates.state().values());
        List<Value> inputs = new ArrayList<>(List.of(view, targets, rate));
        inputs.addAll(state);
        inputs.add(reset);
        return new TrainingGraph.Built(
                new StepGraph("vicreg_supervised", inputs, Map.of(TrainingGraph.LOSS, loss.total()), next, Map.of()),
                eval(spec.branch, parameters, state),
                parameters,
                loss,
                gradients,
                updates.initialState(),
                Map.of(),
                representation,
                representation,
                null,
                null);
    }

    private static List<Parameter> trained(Parameters parameters) {
        return parameters.all().stream().filter(Parameter::isTrained).toList();
    }

    private static Graph eval(Branch branch, Parameters parameters, List<Value> state) {
        Value view = Value.input(branch.input().name(), branch.input().type(Dim.symbol("N")));
        Value representation = branch.encode(Layers.forInference(parameters), view);
        List<Value> inputs = new ArrayList<>(List.of(view));
        inputs.addAll(state);
        return Graph.of("vicreg_eval", inputs, Map.of(Side.A.representation(), representation));
    }
}

package dev.vicreg.training.step;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.ParameterStep;
import dev.vicreg.training.optim.RateFactor;
import dev.vicreg.training.step.TrainingGraph.NoDecay;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a step moves its parameters: gradients, bounded where that is asked for, go through the optimizer at each parameter's
 * own rate. What the optimizer remembers of them is state of the checkpoint. Not thread-safe.
 */
final class ParameterUpdates {
    private static final String UPDATE = "update";

    private final Optimizer optimizer;
    private final NoDecay noDecay;
    private final RateFactor rates;
    private final float clip;
    private final Ops ops = new Ops();
    private final Map<String, Value> state = new LinkedHashMap<>();
    private final Map<String, Tensor> initialState = new LinkedHashMap<>();
    private final Map<Float, Value> scaledRates = new HashMap<>();

    /** @param clip norm of all gradients together above which they are scaled down to it; 0 for no bound */
    ParameterUpdates(Optimizer optimizer, NoDecay noDecay, RateFactor rates, float clip) {
        this.optimizer = optimizer;
        this.noDecay = noDecay;
        this.rates = rates;
        this.clip = clip;
    }

    /**
     * The new values of parameters and of the optimizer's state, by what they replace.
     *
     * @param gradients of the loss, by parameter
     * @param rate that is fed, float[1]
     */
    Map<Value, Value> of(Map<Parameter, Value> gradients, Value rate) {
        Map<Value, Value> updated = new LinkedHashMap<>();
        clipped(gradients).forEach((parameter, gradient) -> updated.putAll(update(parameter, gradient, rate)));
        return updated;
    }

    /** The optimizer's state as inputs of the step, by their names in the checkpoint; of what was updated so far. */
    Map<String, Value> state() {
        return Collections.unmodifiableMap(state);
    }

    /** What that state starts from, by the same names. */
    Map<String, Tensor> initialState() {
        return Collections.unmodifiableMap(initialState);
    }

    /** The gradients scaled down to the norm where theirs together is larger. */
    private Map<Parameter, Value> clipped(Map<Parameter, Value> gradients) {
        if (clip == 0) {
            return gradients;
        }
        Ops clipping = ops.scope(UPDATE + ".clip").in(Region.OBJECTIVE);
        Value norm = clipping.node(OpType.REDUCE_ALL_L2, List.copyOf(gradients.values()), Attributes.NONE)
                .output(0);
        Value share = clipping.div(clipping.constant(clip), clipping.add(norm, clipping.constant(1e-6f)));
        Value factor = clipping.min(share, clipping.constant(1));
        Map<Parameter, Value> clipped = new LinkedHashMap<>();
        gradients.forEach((parameter, gradient) -> clipped.put(parameter, clipping.mul(gradient, factor)));
        return clipped;
    }

    private Map<Value, Value> update(Parameter parameter, Value gradient, Value rate) {
        Map<String, Value> own = new LinkedHashMap<>();
        optimizer.initialState(parameter).forEach((name, tensor) -> {
            String key = TrainingGraph.OPTIMIZER_PREFIX + name + "." + parameter.name();
            Value value = Value.input(key, tensor.type());
            own.put(name, value);
            state.put(key, value);
            initialState.put(key, tensor);
        });
        return optimizer.next(
                ops.atScope(UPDATE + "." + parameter.name()).in(Region.UPDATE),
                new ParameterStep(parameter, gradient, ownRate(parameter, rate), noDecay.decays(parameter), own));
    }

    private Value ownRate(Parameter parameter, Value rate) {
        float factor = rates.of(parameter);
        return factor == 1
                ? rate
                : scaledRates.computeIfAbsent(
                        factor, f -> ops.scope(UPDATE).in(Region.UPDATE).mul(rate, f));
    }
}

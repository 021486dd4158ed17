package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one parameter's new value follows from.
 *
 * @param parameter the parameter
 * @param gradient dL/dparameter
 * @param learningRate of this parameter: the rate fed times its {@link RateFactor}; float[1]
 * @param decayed whether weight decay and, under LARS, the trust ratio apply to this parameter
 * @param state the state's graph inputs by the names of {@link Optimizer#initialState}
 */
public record ParameterStep(
        Parameter parameter, Value gradient, Value learningRate, boolean decayed, Map<String, Value> state) {
    /** The state of that name. */
    Value state(String name) {
        Value value = state.get(name);
        if (value == null) {
            throw new IllegalStateException("No state " + name + " for " + parameter);
        }
        return value;
    }

    /** {@code mu = m·mu + direction; p -= lr·mu}. */
    Map<Value, Value> moveWithMomentum(Ops ops, String momentumState, float momentum, Value direction) {
        Value mu = state(momentumState);
        Value p = parameter.value();
        Value moved = ops.add(ops.mul(mu, momentum), direction);
        Map<Value, Value> next = new LinkedHashMap<>();
        next.put(mu, moved);
        // The rate is a row of one, which would make a row of a number.
        Value rate = p.shape().rank() == 0 ? ops.reshape(learningRate) : learningRate;
        next.put(p, ops.sub(p, ops.mul(moved, rate)));
        return next;
    }
}

package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One parameter's part of an update step.
 *
 * @param ops where to build
 * @param parameter the parameter
 * @param gradient dL/dparameter
 * @param learningRate of this parameter: the rate fed times its {@link RateFactor}; float[1]
 * @param decayed whether weight decay and, under LARS, the trust ratio apply to this parameter
 * @param ready the barrier: a boolean that becomes true once everything that reads parameters or state in the forward
 *     and backward pass has run. What writes in place must wait for it
 * @param sound a boolean scalar: whether this step's gradients can be used. If not, parameter and state must stay as they
 *     are, bit for bit; null where they always can
 * @param mayWrite for a kernel that writes by itself: a boolean that is there once the barrier allows, and says whether the
 *     step is sound; all parameters have the same one
 * @param state the state's graph inputs by the names of {@link Optimizer#initialState}
 */
public record ParameterUpdate(
        Ops ops,
        Parameter parameter,
        Value gradient,
        Value learningRate,
        boolean decayed,
        Value ready,
        @Nullable Value sound,
        Value mayWrite,
        Map<String, Value> state) {

    /** The state of that name. */
    Value state(String name) {
        Value value = state.get(name);
        if (value == null) {
            throw new IllegalStateException("No state " + name + " for " + parameter);
        }
        return value;
    }

    /** Writes {@code newValue} over {@code target}, a parameter or state, once the barrier allows, in a sound step. */
    Value assign(Value target, Value newValue) {
        Value written = sound == null ? newValue : ops.where(sound, newValue, target);
        return ops.node(OpType.IN_PLACE_ACCUMULATOR, List.of(target, written, ready), Attributes.NONE)
                .output(0);
    }

    /** {@code mu = m·mu + direction; p -= lr·mu}, both written in place. */
    List<Value> moveWithMomentum(String momentumState, float momentum, Value direction) {
        Value mu = state(momentumState);
        Value p = parameter.value();
        Value moved = ops.add(ops.mul(mu, momentum), direction);
        return List.of(assign(mu, moved), assign(p, ops.sub(p, ops.mul(moved, learningRate))));
    }
}

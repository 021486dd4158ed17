package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.Map;

/**
 * Stochastic gradient descent with momentum and coupled weight decay, as PyTorch's SGD without dampening:
 * {@code mu = m·mu + g + wd·p; p -= lr·mu}, mu from zero.
 */
public record Sgd(float momentum, float weightDecay) implements Optimizer {
    private static final String MOMENTUM = "momentum";

    @Override
    public Map<String, Tensor> initialState(Parameter parameter) {
        return Map.of(MOMENTUM, Tensor.filled(parameter.shape(), 0));
    }

    @Override
    public Map<Value, Value> next(Ops ops, ParameterStep step) {
        boolean decays = step.decayed() && weightDecay != 0;
        Value decay = ops.mul(step.parameter().value(), weightDecay);
        Value direction = decays ? ops.add(step.gradient(), decay) : step.gradient();
        return step.moveWithMomentum(ops, MOMENTUM, momentum, direction);
    }
}

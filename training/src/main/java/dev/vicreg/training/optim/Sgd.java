package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.List;
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
    public List<Value> update(ParameterUpdate update) {
        Ops ops = update.ops();
        boolean decays = update.decayed() && weightDecay != 0;
        Value decay = ops.mul(update.parameter().value(), weightDecay);
        Value direction = decays ? ops.add(update.gradient(), decay) : update.gradient();
        return update.moveWithMomentum(MOMENTUM, momentum, direction);
    }
}

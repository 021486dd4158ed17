package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Ops;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
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
        Value p = update.parameter().value();
        Value mu = update.state(MOMENTUM);
        boolean decays = update.decayed() && weightDecay != 0;
        Value g = decays ? ops.add(update.gradient(), ops.mul(p, weightDecay)) : update.gradient();
        Value moved = ops.add(ops.mul(mu, momentum), g);
        return List.of(update.assign(mu, moved), update.assign(p, ops.sub(p, ops.mul(moved, update.learningRate()))));
    }
}

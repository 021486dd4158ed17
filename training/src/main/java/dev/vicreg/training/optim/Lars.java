package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.Map;

/**
 * Layer-wise adaptive rate scaling (You, Gitman, Ginsburg 2017) as the two VICReg code bases have it; with momentum mu
 * from zero: {@code mu = m·mu + q·(g + wd·p); p -= lr·mu}. Parameters that are not decayed use q = 1 and wd = 0.
 *
 * @param variant how the trust ratio q is computed
 * @param eta the trust coefficient η
 */
public record Lars(Variant variant, float momentum, float weightDecay, float eta) implements Optimizer {
    private static final String MOMENTUM = "momentum";

    /** The published trust ratios; both are 1 where a norm is zero. */
    public enum Variant {
        /** facebookresearch/vicreg {@code main_vicreg.py}: q = η‖p‖ / ‖g + wd·p‖. */
        OFFICIAL,
        /** solo-learn {@code utils/lars.py}: q = min(η‖p‖ / (‖g‖ + wd‖p‖ + 1e-8) / lr, 1). */
        SOLO
    }

    @Override
    public Map<String, Tensor> initialState(Parameter parameter) {
        return Map.of(MOMENTUM, Tensor.filled(parameter.shape(), 0));
    }

    @Override
    public Map<Value, Value> next(Ops ops, ParameterStep step) {
        Value direction = step.decayed() ? scaled(ops, step) : step.gradient();
        return step.moveWithMomentum(ops, MOMENTUM, momentum, direction);
    }

    /** q·(g + wd·p). */
    private Value scaled(Ops ops, ParameterStep step) {
        Value p = step.parameter().value();
        Value g = step.gradient();
        Value decayed = ops.add(g, ops.mul(p, weightDecay));
        Value weightNorm = norm(ops, p);
        Value ratio;
        if (variant == Variant.OFFICIAL) {
            Value updateNorm = norm(ops, decayed);
            ratio = whereBothPositive(ops, weightNorm, updateNorm, ops.div(ops.mul(weightNorm, eta), updateNorm));
        } else {
            Value gradientNorm = norm(ops, g);
            Value denominator = ops.add(ops.add(gradientNorm, ops.mul(weightNorm, weightDecay)), ops.constant(1e-8f));
            Value raw =
                    whereBothPositive(ops, weightNorm, gradientNorm, ops.div(ops.mul(weightNorm, eta), denominator));
            ratio = ops.min(ops.div(raw, step.learningRate()), ops.constant(1));
        }
        return ops.mul(decayed, ratio);
    }

    private static Value norm(Ops ops, Value x) {
        return ops.sqrt(ops.reduceSum(ops.mul(x, x), false));
    }

    private static Value whereBothPositive(Ops ops, Value a, Value b, Value ratio) {
        Value zero = ops.constant(0);
        return ops.where(ops.and(ops.greater(a, zero), ops.greater(b, zero)), ratio, ops.constant(1));
    }
}

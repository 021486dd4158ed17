package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adam with decoupled weight decay (Loshchilov, Hutter 2019), as PyTorch's AdamW:
 * {@code p -= lr·wd·p; m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; p -= lr·m̂ / (√v̂ + ε)} with bias-corrected m̂ and v̂.
 *
 * <p>One node a parameter, since a lowering may have one kernel for it. It counts steps from 1.
 */
public record AdamW(float beta1, float beta2, float epsilon, float weightDecay) implements Optimizer {
    private static final String STEP = "step";
    private static final String FIRST = "first_moment";
    private static final String SECOND = "second_moment";

    @Override
    public Map<String, Tensor> initialState(Parameter parameter) {
        Map<String, Tensor> state = new LinkedHashMap<>(); // in one order, so that equal settings give equal files
        state.put(STEP, Tensor.ofLongs(1));
        state.put(FIRST, Tensor.filled(parameter.shape(), 0));
        state.put(SECOND, Tensor.filled(parameter.shape(), 0));
        return state;
    }

    @Override
    public Map<Value, Value> next(Ops ops, ParameterStep step) {
        Attributes attributes = Attributes.NONE
                .with("alpha", beta1)
                .with("beta", beta2)
                .with("epsilon", epsilon)
                .with("lambda", step.decayed() ? weightDecay : 0f);
        Value p = step.parameter().value();
        List<Value> targets = List.of(p, step.state(STEP), step.state(FIRST), step.state(SECOND));
        Node adam = ops.node(
                OpType.ADAM,
                List.of(step.learningRate(), targets.get(1), p, step.gradient(), targets.get(2), targets.get(3)),
                attributes);
        Map<Value, Value> next = new LinkedHashMap<>();
        for (int i = 0; i < targets.size(); i++) {
            next.put(targets.get(i), adam.output(i));
        }
        return next;
    }
}

package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.Map;

/** How one parameter moves along its gradient. Immutable. */
public interface Optimizer {
    /** What is remembered for a parameter between steps, by name ({@code momentum}), with its initial data. */
    Map<String, Tensor> initialState(Parameter parameter);

    /**
     * Builds the new values of one parameter and its state.
     *
     * @param ops where to build
     * @return the new value of each target: the parameter's value and those of its state, of their types
     */
    Map<Value, Value> next(Ops ops, ParameterStep step);
}

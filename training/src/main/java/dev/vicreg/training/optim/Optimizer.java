package dev.vicreg.training.optim;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import java.util.List;
import java.util.Map;

/** How one parameter moves along its gradient. Immutable. */
public interface Optimizer {
    /** What is remembered for a parameter between steps, by name ({@code momentum}), with its initial data. */
    Map<String, Tensor> initialState(Parameter parameter);

    /**
     * Builds the update of one parameter and its state.
     *
     * @return values that must be computed for the update to happen
     */
    List<Value> update(ParameterUpdate update);
}

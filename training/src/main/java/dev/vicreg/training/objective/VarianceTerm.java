package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Another objective with VICReg's variance term of the projections, averaged over the views, added to it: "incorporating our
 * new variance term into other methods helps stabilize the training" (Bardes, Ponce, LeCun 2022, abstract; section 6 and table
 * 4, "Var Reg", where it acts on the expander's output rather than on predictions). A batch norm at the projector's end would
 * hold that output's variance at 1 by itself, so the projector ends in a linear layer instead.
 *
 * @param objective what is stabilised
 * @param coefficient μ, above 0
 */
public record VarianceTerm(Objective objective, float coefficient) implements Objective {
    @Override
    public Heads heads() {
        Heads own = objective.heads();
        return own.ending() == Projector.Ending.NORM
                ? new Heads(Projector.Ending.LINEAR, own.predictor(), own.target(), own.directions())
                : own;
    }

    @Override
    public Loss build(Ops ops, Projections projections) {
        Loss loss = objective.build(ops, projections);
        Value variance = Rows.mean(
                ops,
                projections.views().stream()
                        .map(view -> VicReg.variance(ops.scope("variance"), view))
                        .toList());
        Map<String, Value> terms = new LinkedHashMap<>(loss.terms());
        terms.put("variance", variance);
        return new Loss(ops.add(loss.total(), ops.mul(variance, coefficient)), terms);
    }
}

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
 * <p>Where the objective compares directions, the term is of projections divided by their norms, and its target is their
 * deviation where they point everywhere, 1/√d (appendix D.5; figure 4 has the deviations of SimSiam and BYOL at just that). Of
 * the projections themselves it would be met by a large mean with deviations of 1 around it: by one direction. Both are
 * multiplied by √d here, so that μ weighs a share from 0 to 1 as in VICReg.
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
                        .map(view -> VicReg.variance(ops.scope("variance"), compared(ops, view)))
                        .toList());
        Map<String, Value> terms = new LinkedHashMap<>(loss.terms());
        terms.put("variance", variance);
        return new Loss(ops.add(loss.total(), ops.mul(variance, coefficient)), terms);
    }

    private Value compared(Ops ops, Value view) {
        return objective.isOfDirections()
                ? ops.mul(Rows.normalised(ops.scope("variance"), view), Math.sqrt((double)
                        view.shape().size(1)))
                : view;
    }
}

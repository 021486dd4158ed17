package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.List;
import java.util.Map;

/**
 * Predicts one view's projection from the other's, which is taken as given (Chen, He, "Exploring Simple Siamese
 * Representation Learning", CVPR 2021, section 3), as facebookresearch/simsiam computes it: {@code loss = -similarity}, the
 * mean cosine between predictions and projections of another view, over ordered pairs of views.
 *
 * @param stopGradient whether projections are given to the prediction; without it, and without another term, it collapses
 *     (section 4.1)
 */
public record SimSiam(boolean stopGradient) implements Objective {
    @Override
    public Heads heads() {
        return new Heads(Projector.Ending.NORM, Heads.Predictor.BOTTLENECK, null, 0);
    }

    @Override
    public boolean isOfDirections() {
        return true;
    }

    @Override
    public Loss build(Ops ops, Projections projections) {
        List<Value> given =
                stopGradient ? projections.views().stream().map(ops::detach).toList() : projections.views();
        Value similarity = Rows.similarity(ops, projections.predictions(), given);
        return new Loss(ops.neg(similarity), Map.of("similarity", similarity));
    }
}

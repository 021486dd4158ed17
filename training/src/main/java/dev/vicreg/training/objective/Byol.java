package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.Map;

/**
 * Predicts what a slowly moving average of the network gives for the other view (Grill et al., "Bootstrap Your Own Latent",
 * NeurIPS 2020, section 3.1): {@code loss = Σ over both orders of the views of (2 - 2·cosine)}, so {@code 4 - 4·similarity}
 * with the mean cosine over ordered pairs of views.
 *
 * @param momentum what the average's momentum starts from, 0 to 1; see {@link TargetMomentum}. The paper has 0.996 for
 *     1000 epochs, 0.99 for 300
 */
public record Byol(float momentum) implements Objective {
    @Override
    public Heads heads() {
        return new Heads(Projector.Ending.LINEAR, Heads.Predictor.WIDE, new TargetMomentum(momentum), 0);
    }

    @Override
    public boolean isOfDirections() {
        return true;
    }

    @Override
    public Loss build(Ops ops, Projections projections) {
        Value similarity = Rows.similarity(ops, projections.predictions(), projections.targets());
        return new Loss(ops.mul(ops.sub(ops.constant(1), similarity), 4), Map.of("similarity", similarity));
    }
}

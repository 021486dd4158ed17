package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.List;
import java.util.Map;

/**
 * NT-Xent (Chen, Kornblith, Norouzi, Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML
 * 2020, section 2.1): of all other projections in the batch, each has to find those of its own sample.
 *
 * <pre>
 *   loss  mean over all projections z of  log Σ_{z' ≠ z} exp(cos(z, z')/T) - mean over z⁺ of cos(z, z⁺)/T
 * </pre>
 *
 * where z⁺ are the projections of the sample's other views. Of more than two views that is the first form of Khosla et
 * al., "Supervised Contrastive Learning", NeurIPS 2020 (equation 2).
 *
 * @param temperature T, above 0
 */
public record SimClr(float temperature) implements Objective {
    /** What a similarity to itself becomes: it adds nothing to the sum. */
    private static final float NEVER = -1e9f;

    private static final int LEAST_SAMPLES = 4;

    @Override
    public Heads heads() {
        return new Heads(Projector.Ending.LINEAR);
    }

    @Override
    public boolean isOfDirections() {
        return true;
    }

    @Override
    public Loss build(Ops ops, Projections projections) {
        if (projections.samples() < LEAST_SAMPLES) {
            throw new SettingException("Objective simclr tells a sample from the others of its batch: expected a"
                    + " `batch-size` of " + LEAST_SAMPLES + " or more, found " + projections.samples());
        }
        List<Value> views = projections.views().stream()
                .map(view -> Rows.normalised(ops, view))
                .toList();
        Value all = ops.concat(0, views.toArray(Value[]::new)); // [views·n, d]
        long rows = all.shape().size(0);
        double factor = 1 / (double) temperature;
        Value cosines = ops.gemm(all, all, null, false, true);
        Value itself = ops.node(OpType.EYE_LIKE, List.of(ops.zeros(Shape.of(rows, rows))), Attributes.NONE)
                .output(0);
        Value scores = ops.add(ops.mul(cosines, factor), ops.mul(itself, NEVER));
        // The largest score is taken off first, so that exp can't overflow.
        Value largest = ops.detach(reduced(ops, OpType.REDUCE_MAX, scores));
        Value partition =
                ops.add(ops.log(ops.reduceSum(ops.exp(ops.sub(scores, largest)), false, 1)), ops.squeeze(largest, 1));

        Value sum = Rows.sum(ops, views);
        double others = views.size() - 1;
        Value positive = Rows.mean(
                ops,
                views.stream()
                        .map(view -> ops.reduceMean(Rows.products(ops, view, ops.sub(sum, view)), false))
                        .toList());
        Value loss = ops.sub(ops.reduceMean(partition, false), ops.mul(positive, factor / others));
        return new Loss(loss, Map.of("similarity", ops.mul(positive, 1 / others)));
    }

    private static Value reduced(Ops ops, OpType op, Value x) {
        return ops.node(op, List.of(x, ops.longs(1)), Attributes.NONE.with("keepdims", 1L))
                .output(0);
    }
}

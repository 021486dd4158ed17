package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.commons.numbers.gamma.InverseErf;

/**
 * Variance-invariance-sketching regularisation (Wu, Balestriero, Levine, "VISReg: Variance-Invariance-Sketching
 * Regularization for JEPA training", 2026), as HaiyuWu/visreg computes it: VICReg's variance, pulled to 1 from both sides,
 * and in the place of its covariance the sliced Wasserstein distance to a standard normal.
 *
 * <pre>
 *   invariance  mean over views, samples and dimensions of (z - mean of the sample's views of full size)²
 *   scale       mean over dimensions of (σ_j - 1)²,  σ_j² the variance by n
 *   center      mean over dimensions of the squared mean
 *   shape       mean over directions and ranks of (the r-th smallest of aᵀ(z - mean)/σ - the normal's quantile r/(n+1))²,
 *               σ taken as given
 *   loss        (1 - λ) · invariance + λ · (scale + shape + center),  the last three averaged over views
 * </pre>
 *
 * @param lambda λ, 0 to 1; 0.6 in the authors' settings for Imagenette
 * @param directions how many random directions a step takes
 */
public record VisReg(float lambda, int directions) implements Objective {
    private static final float LEAST_DEVIATION = 1e-6f;

    @Override
    public Heads heads() {
        return new Heads(Projector.Ending.LINEAR, Heads.Predictor.NONE, null, directions);
    }

    private record View(Value scale, Value center, Value shape) {}

    @Override
    public Loss build(Ops ops, Projections projections) {
        List<Value> views = projections.views();
        Value along = Objects.requireNonNull(projections.directions());
        Value invariance = Rows.spread(ops, views, Rows.mean(ops, projections.full()));
        List<View> parts = views.stream().map(view -> view(ops, view, along)).toList();
        Map<String, Value> terms = new LinkedHashMap<>();
        terms.put("invariance", invariance);
        terms.put("scale", Rows.mean(ops, parts.stream().map(View::scale).toList()));
        terms.put("center", Rows.mean(ops, parts.stream().map(View::center).toList()));
        terms.put("shape", Rows.mean(ops, parts.stream().map(View::shape).toList()));
        Value distribution = Rows.sum(ops, List.copyOf(terms.values()).subList(1, terms.size()));
        return new Loss(ops.add(ops.mul(invariance, 1 - lambda), ops.mul(distribution, lambda)), terms);
    }

    private static View view(Ops ops, Value z, Value along) {
        Value mean = ops.reduceMean(z, true, 0);
        Value centred = ops.sub(z, mean);
        Value variance = ops.reduceMean(ops.mul(centred, centred), true, 0);
        // Under the root as well, whose gradient at 0 has no end.
        Value least = ops.constant(LEAST_DEVIATION * LEAST_DEVIATION);
        Value deviation = ops.sqrt(ops.max(variance, least));
        Value excess = ops.sub(deviation, ops.constant(1));
        Value projected = ops.matMul(ops.div(centred, ops.detach(deviation)), along); // [n,directions]
        Value missing = ops.sub(projected, ops.detach(quantiles(ops, projected)));
        return new View(
                ops.reduceMean(ops.mul(excess, excess), false),
                ops.reduceMean(ops.mul(mean, mean), false),
                ops.reduceMean(ops.mul(missing, missing), false));
    }

    /**
     * Where each value of a column would lie if the column were distributed as a standard normal, by its rank: [n,m] → [n,m].
     * What the sorted column is compared with in the papers, here in the column's own order.
     */
    private static Value quantiles(Ops ops, Value columns) {
        long n = columns.shape().size(0);
        long m = columns.shape().size(1);
        float[] normal = new float[(int) n];
        for (int i = 0; i < n; i++) {
            normal[i] = (float) (Math.sqrt(2) * InverseErf.value(2.0 * (i + 1) / (n + 1) - 1));
        }
        Value order = sorted(ops, columns, n); // [n,m]: whose value is the i-th smallest
        Value inOrder = ops.expand(ops.constant(Tensor.of(Shape.of(n, 1), normal)), Shape.of(n, m));
        return ops.node(
                        OpType.SCATTER_ELEMENTS,
                        List.of(ops.zeros(Shape.of(n, m)), order, inOrder),
                        Attributes.NONE.with("axis", 0L))
                .output(0);
    }

    private static Value sorted(Ops ops, Value columns, long n) {
        return ops.node(
                        OpType.TOP_K,
                        List.of(ops.detach(columns), ops.longs(n)),
                        Attributes.NONE.with("axis", 0L).with("largest", 0L))
                .output(1);
    }
}

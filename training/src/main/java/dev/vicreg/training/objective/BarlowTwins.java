package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Redundancy reduction (Zbontar, Jing, Misra, LeCun, Deny, "Barlow Twins: Self-Supervised Learning via Redundancy
 * Reduction", ICML 2021, section 2.1), as facebookresearch/barlowtwins computes it.
 *
 * <pre>
 *   C           = Z̃aᵀZ̃b / n,  each column of Z̃ standardised over the batch (variance by n, plus 1e-5)
 *   invariance  Σ_i (1 - C_ii)²
 *   redundancy  Σ_{i≠j} C_ij²
 *   loss        scale · (invariance + λ · redundancy)
 * </pre>
 *
 * Of more than two views it is the mean over the pairs of views.
 *
 * @param lambda λ, 0 or more; 0.0051 in the authors' code
 * @param scale of the whole, above 0
 */
public record BarlowTwins(float lambda, float scale) implements Objective {
    private static final float EPSILON = 1e-5f;
    /** Every pair of views costs a matrix product and [d,d] values. */
    private static final int MOST_VIEWS = 8;

    @Override
    public Heads heads() {
        return new Heads(Projector.Ending.LINEAR);
    }

    @Override
    public Loss build(Ops ops, Projections projections) {
        List<Value> views = projections.views();
        if (views.size() > MOST_VIEWS) {
            throw new SettingException("Objective barlow-twins compares every pair of views: expected at most "
                    + MOST_VIEWS + " `views`, found " + views.size());
        }
        List<Value> standard =
                views.stream().map(view -> standardised(ops, view)).toList();
        List<Value> invariances = new ArrayList<>();
        List<Value> redundancies = new ArrayList<>();
        for (int i = 0; i < standard.size(); i++) {
            for (int j = i + 1; j < standard.size(); j++) {
                compare(ops, standard.get(i), standard.get(j), invariances, redundancies);
            }
        }
        Value invariance = Rows.mean(ops, invariances);
        Value redundancy = Rows.mean(ops, redundancies);
        Map<String, Value> terms = new LinkedHashMap<>();
        terms.put("invariance", invariance);
        terms.put("redundancy", redundancy);
        return new Loss(ops.mul(ops.add(invariance, ops.mul(redundancy, lambda)), scale), terms);
    }

    private static void compare(Ops ops, Value a, Value b, List<Value> invariances, List<Value> redundancies) {
        double share = 1.0 / a.shape().size(0);
        Value matrix = ops.mul(ops.gemm(a, b, null, true, false), share); // [d,d]
        Value diagonal = ops.mul(ops.reduceSum(ops.mul(a, b), false, 0), share); // [d]
        Value missing = ops.sub(ops.constant(1), diagonal);
        Value all = ops.reduceSum(ops.mul(matrix, matrix), false);
        invariances.add(ops.reduceSum(ops.mul(missing, missing), false));
        redundancies.add(ops.sub(all, ops.reduceSum(ops.mul(diagonal, diagonal), false)));
    }

    private static Value standardised(Ops ops, Value z) {
        Value centred = ops.sub(z, ops.reduceMean(z, true, 0));
        Value variance = ops.reduceMean(ops.mul(centred, centred), true, 0);
        return ops.div(centred, ops.sqrt(ops.add(variance, ops.constant(EPSILON))));
    }
}

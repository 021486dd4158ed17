package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Variance-invariance-covariance regularisation (Bardes, Ponce, LeCun, "VICReg: Variance-Invariance-Covariance
 * Regularization for Self-Supervised Learning", ICLR 2022, section 4).
 *
 * <p>For projections Za, Zb [n,d] of the two views of n samples:
 *
 * <pre>
 *   invariance  s = mean squared distance between paired rows
 *   variance    v(Z) = mean over dimensions of max(0, 1 - √(Var(z_j) + 1e-4)),  Var normalised by n-1
 *   covariance  c(Z) = Σ_{i≠j} C(Z)²_ij / d,  C = ZᵀZ/(n-1) of centred Z
 *   loss        λ·s + μ·v + ν·[c(Za) + c(Zb)]
 * </pre>
 *
 * How s averages and how the branches' variances combine differs between publications: see {@link Variant}.
 *
 * @param variant which published definition
 * @param invariance λ, 0 or more
 * @param variance μ, 0 or more
 * @param covariance ν, 0 or more
 */
public record VicReg(Variant variant, float invariance, float variance, float covariance) implements Objective {
    private static final float EPSILON = 1e-4f;
    private static final float GAMMA = 1;

    /** The published definitions. */
    public enum Variant {
        /**
         * facebookresearch/vicreg, {@code main_vicreg.py}; lightly's {@code VICRegLoss} has the same value. Invariance is
         * averaged over n and d, the branches' variances are averaged.
         */
        OFFICIAL,
        /** solo-learn, {@code losses/vicreg.py}: as official, but the variances are added, so that 25 acts as 50. */
        SOLO_LEARN,
        /** The paper's equations 1 to 6: invariance is summed over d and averaged over n; variances are added. */
        PAPER
    }

    /** Checks the coefficients. */
    public VicReg {
        check("invariance", invariance);
        check("variance", variance);
        check("covariance", covariance);
    }

    private static void check(String name, float coefficient) {
        if (!(coefficient >= 0) || Float.isInfinite(coefficient)) {
            throw new SettingException(
                    "Coefficient `" + name + "`: expected a number of 0 or more, found " + coefficient);
        }
    }

    @Override
    public Heads heads() {
        return new Heads(variant == Variant.SOLO_LEARN);
    }

    /**
     * λ·invariance + μ·variance + ν·covariance, and the three.
     *
     * @param za projections of view a, float32 [n,d], n ≥ 2
     * @param zb projections of view b, of the same shape
     */
    @Override
    public Loss build(Ops ops, Value za, Value zb) {
        if (!za.shape().equals(zb.shape())
                || za.shape().rank() != 2
                || za.shape().size(0) < 2) {
            throw new IllegalArgumentException(
                    "VICReg needs two batches of at least 2 projections of equal shape [n,d]," + " found " + za.shape()
                            + " and " + zb.shape());
        }
        Value s = invariance(ops.scope("invariance"), za, zb);
        Branch a = branch(ops.scope("a"), za);
        Branch b = branch(ops.scope("b"), zb);
        Value v = ops.add(a.hinge, b.hinge);
        if (variant == Variant.OFFICIAL) {
            v = ops.mul(v, 0.5);
        }
        Value c = ops.add(a.covariance, b.covariance);
        Value total = ops.add(ops.add(ops.mul(s, invariance), ops.mul(v, variance)), ops.mul(c, covariance));
        Map<String, Value> terms = new LinkedHashMap<>();
        terms.put("invariance", s);
        terms.put("variance", v);
        terms.put("covariance", c);
        return new Loss(total, terms);
    }

    private Value invariance(Ops ops, Value za, Value zb) {
        Value difference = ops.sub(za, zb);
        Value mean = ops.reduceMean(ops.mul(difference, difference), false);
        return variant == Variant.PAPER ? ops.mul(mean, (double) za.shape().size(1)) : mean;
    }

    private record Branch(Value hinge, Value covariance) {}

    private static Branch branch(Ops ops, Value z) {
        long n = z.shape().size(0);
        long d = z.shape().size(1);
        Value centred = ops.sub(z, ops.reduceMean(z, true, 0));
        // [n,d] → [d]: the diagonal of the covariance matrix
        Value variance = ops.mul(ops.reduceSum(ops.mul(centred, centred), false, 0), 1.0 / (n - 1));
        Value deviation = ops.sqrt(ops.add(variance, ops.constant(EPSILON)));
        Value hinge = ops.reduceMean(ops.relu(ops.sub(ops.constant(GAMMA), deviation)), false);

        Value matrix = ops.mul(ops.gemm(centred, centred, null, true, false), 1.0 / (n - 1)); // [d,d]
        Value all = ops.reduceSum(ops.mul(matrix, matrix), false);
        Value diagonal = ops.reduceSum(ops.mul(variance, variance), false);
        return new Branch(hinge, ops.mul(ops.sub(all, diagonal), 1.0 / d));
    }
}

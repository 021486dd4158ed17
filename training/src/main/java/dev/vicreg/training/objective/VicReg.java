package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
 * <p>Of more than two views, s is the mean over all pairs of them, which is the distance to their mean (as EMP-SSL has it:
 * Tong, Chen, Ma, LeCun 2023) but for a factor; variance and covariance are twice their means over the views. So two views are
 * the paper's loss, and the coefficients mean the same for any number of views.
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
        PAPER;

        /** Their names, the usual one first: {@code official}, {@code solo-learn}, {@code paper}. */
        public static List<String> names() {
            return Arrays.stream(values())
                    .map(each -> each.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .toList();
        }

        /**
         * The variant of that name.
         *
         * @throws SettingException if there is none
         */
        public static Variant of(String name) {
            int index = names().indexOf(name);
            if (index < 0) {
                throw new SettingException("Unknown loss " + name + ": expected one of " + String.join(", ", names()));
            }
            return values()[index];
        }
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
        return new Heads(variant == Variant.SOLO_LEARN ? Projector.Ending.LINEAR : Projector.Ending.WITHOUT_BIAS);
    }

    /** λ·invariance + μ·variance + ν·covariance, and the three. */
    @Override
    public Loss build(Ops ops, Projections projections) {
        List<Value> views = projections.views();
        Value s = invariance(ops.scope("invariance"), views);
        List<Value> hinges = new ArrayList<>();
        List<Value> covariances = new ArrayList<>();
        for (int i = 0; i < views.size(); i++) {
            Ops own = ops.scope(scope(i));
            Value centred = centred(own, views.get(i));
            Value variances = variances(own, centred);
            hinges.add(hinge(own, variances));
            covariances.add(covariance(own, centred, variances));
        }
        Value v = shareOfTwo(ops, Rows.sum(ops, hinges), views.size());
        if (variant == Variant.OFFICIAL) {
            v = ops.mul(v, 0.5);
        }
        Value c = shareOfTwo(ops, Rows.sum(ops, covariances), views.size());
        Value total = ops.add(ops.add(ops.mul(s, invariance), ops.mul(v, variance)), ops.mul(c, covariance));
        Map<String, Value> terms = new LinkedHashMap<>();
        terms.put("invariance", s);
        terms.put("variance", v);
        terms.put("covariance", c);
        return new Loss(total, terms);
    }

    /** a, b, …, z, aa, ab, … */
    private static String scope(int view) {
        String last = String.valueOf((char) ('a' + view % 26));
        return view < 26 ? last : scope(view / 26 - 1) + last;
    }

    /** What the sum over many views would be of two. */
    private static Value shareOfTwo(Ops ops, Value sum, int views) {
        return views == 2 ? sum : ops.mul(sum, 2.0 / views);
    }

    private Value invariance(Ops ops, List<Value> views) {
        Value mean;
        if (views.size() == 2) {
            Value difference = ops.sub(views.get(0), views.get(1));
            mean = ops.reduceMean(ops.mul(difference, difference), false);
        } else {
            // The mean over pairs, by way of the views' mean: Σ over pairs of |zᵢ - zⱼ|² = views · Σ|zᵢ - mean|²
            mean = ops.mul(Rows.spread(ops, views, Rows.mean(ops, views)), 2.0 * views.size() / (views.size() - 1));
        }
        return variant == Variant.PAPER
                ? ops.mul(mean, (double) views.get(0).shape().size(1))
                : mean;
    }

    /** v(Z) of one view's projections. */
    static Value variance(Ops ops, Value z) {
        return hinge(ops, variances(ops, centred(ops, z)));
    }

    private static Value centred(Ops ops, Value z) {
        return ops.sub(z, ops.reduceMean(z, true, 0));
    }

    /** [n,d] → [d]: the diagonal of the covariance matrix. */
    private static Value variances(Ops ops, Value centred) {
        return ops.mul(
                ops.reduceSum(ops.mul(centred, centred), false, 0),
                1.0 / (centred.shape().size(0) - 1));
    }

    private static Value hinge(Ops ops, Value variances) {
        Value deviation = ops.sqrt(ops.add(variances, ops.constant(EPSILON)));
        return ops.reduceMean(ops.relu(ops.sub(ops.constant(GAMMA), deviation)), false);
    }

    private static Value covariance(Ops ops, Value centred, Value variances) {
        long n = centred.shape().size(0);
        long d = centred.shape().size(1);
        Value matrix = ops.mul(ops.gemm(centred, centred, null, true, false), 1.0 / (n - 1)); // [d,d]
        Value all = ops.reduceSum(ops.mul(matrix, matrix), false);
        Value diagonal = ops.reduceSum(ops.mul(variances, variances), false);
        return ops.mul(ops.sub(all, diagonal), 1.0 / d);
    }
}

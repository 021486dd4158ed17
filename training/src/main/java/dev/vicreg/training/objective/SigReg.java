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

/**
 * LeJEPA's sketched isotropic Gaussian regularisation (Balestriero, LeCun, "LeJEPA: Provable and Scalable Self-Supervised
 * Learning Without the Heuristics", 2025), as rbalestr-lab/lejepa computes it: along random directions, projections have to
 * be distributed as a standard normal, by the statistic of Epps and Pulley (1983).
 *
 * <pre>
 *   invariance  mean over views, samples and dimensions of (z - mean of the sample's views of full size)²
 *   sigreg      mean over views and directions a of
 *               n · 2 ∫₀³ |1/n Σ_z exp(i·t·aᵀz) - exp(-t²/2)|² exp(-t²/2) dt   (trapezoids at 17 points)
 *   loss        (1 - λ) · invariance + λ · sigreg
 * </pre>
 *
 * @param lambda λ, 0 to 1
 * @param directions how many random directions a step takes
 */
public record SigReg(float lambda, int directions) implements Objective {
    private static final int POINTS = 17;
    private static final double END = 3;

    @Override
    public Heads heads() {
        return new Heads(Projector.Ending.LINEAR, Heads.Predictor.NONE, null, directions);
    }

    @Override
    public Loss build(Ops ops, Projections projections) {
        List<Value> views = projections.views();
        Value invariance = Rows.spread(ops, views, Rows.mean(ops, projections.full()));
        Value along = Objects.requireNonNull(projections.directions());
        Value sigreg = Rows.mean(
                ops,
                views.stream()
                        .map(view -> eppsPulley(ops, ops.matMul(view, along)))
                        .toList());
        Map<String, Value> terms = new LinkedHashMap<>();
        terms.put("invariance", invariance);
        terms.put("sigreg", sigreg);
        return new Loss(ops.add(ops.mul(invariance, 1 - lambda), ops.mul(sigreg, lambda)), terms);
    }

    /**
     * The mean statistic of the columns of x, [n, directions]. The point 0, where both functions are 1, is left out.
     */
    private static Value eppsPulley(Ops ops, Value x) {
        long n = x.shape().size(0);
        double step = END / (POINTS - 1);
        float[] points = new float[POINTS - 1];
        float[] normal = new float[POINTS - 1];
        float[] weights = new float[POINTS - 1];
        for (int i = 0; i < points.length; i++) {
            double t = (i + 1) * step;
            points[i] = (float) t;
            normal[i] = (float) Math.exp(-t * t / 2);
            weights[i] = (float) (normal[i] * step * (i == points.length - 1 ? 1 : 2) * n);
        }
        Shape perPoint = Shape.of(POINTS - 1);
        Value angles = ops.mul(ops.unsqueeze(x, 2), ops.constant(Tensor.of(perPoint, points))); // [n,directions,points]
        Value real = ops.sub(mean(ops, OpType.COS, angles), ops.constant(Tensor.of(perPoint, normal)));
        Value imaginary = mean(ops, OpType.SIN, angles);
        Value distance = ops.add(ops.mul(real, real), ops.mul(imaginary, imaginary)); // [directions,points]
        Value statistics = ops.reduceSum(ops.mul(distance, ops.constant(Tensor.of(perPoint, weights))), false, 1);
        return ops.reduceMean(statistics, false);
    }

    private static Value mean(Ops ops, OpType function, Value angles) {
        return ops.reduceMean(
                ops.node(function, List.of(angles), Attributes.NONE).output(0), false, 0);
    }
}

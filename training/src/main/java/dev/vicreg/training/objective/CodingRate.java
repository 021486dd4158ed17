package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * EMP-SSL's total coding rate (Tong, Chen, Ma, LeCun, "EMP-SSL: Towards Self-Supervised Learning in One Training Epoch", 2023,
 * section 3), as tsb0601/EMP-SSL computes it, of projections ẑ of unit length:
 *
 * <pre>
 *   similarity   mean over views and samples of cos(ẑ, mean of the sample's views)
 *   coding_rate  mean over views of ½ log det(I + d/(n·ε) · ẐᵀẐ)
 *   loss         -s · similarity - coding_rate
 * </pre>
 *
 * @param similarity s, 0 or more
 * @param epsilon ε², the distortion allowed, above 0
 */
public record CodingRate(float similarity, float epsilon) implements Objective {
    /** The determinant is had by elimination, a few nodes of the graph for each row. */
    private static final int MOST_ROWS = 512;

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
        List<Value> views = projections.views().stream()
                .map(view -> Rows.normalised(ops, view))
                .toList();
        Value mean = Rows.normalised(ops, Rows.mean(ops, views));
        Value alike = Rows.mean(
                ops,
                views.stream()
                        .map(view -> ops.reduceMean(Rows.products(ops, view, mean), false))
                        .toList());
        Value rate = rate(ops, projections, views);
        Map<String, Value> terms = new LinkedHashMap<>();
        terms.put("similarity", alike);
        terms.put("coding_rate", rate);
        return new Loss(ops.neg(ops.add(ops.mul(alike, similarity), rate)), terms);
    }

    private Value rate(Ops ops, Projections projections, List<Value> views) {
        long n = projections.samples();
        long d = projections.width();
        long rows = Math.min(n, d);
        if (rows > MOST_ROWS) {
            throw new SettingException("Objective coding-rate takes the determinant of a matrix with as many rows as a"
                    + " batch has samples, or a projection values: expected a `batch-size` or a last width of `projector`"
                    + " of at most " + MOST_ROWS + ", found " + n + " and " + d);
        }
        Value z =
                ops.concat(0, views.stream().map(view -> ops.unsqueeze(view, 0)).toArray(Value[]::new));
        Value turned = ops.transpose(z, 0, 2, 1);
        // det(I + ZᵀZ) = det(I + ZZᵀ): the smaller of the two.
        Value products = n <= d ? ops.matMul(z, turned) : ops.matMul(turned, z); // [views,rows,rows]
        Value matrix = ops.add(ops.mul(products, d / ((double) n * epsilon)), ops.constant(identity((int) rows)));
        return ops.mul(logDeterminant(ops, matrix), 0.5 / views.size());
    }

    /**
     * The sum of the logarithms of the determinants of symmetric matrices whose eigenvalues are 1 or more, [views,k,k] → [].
     * Its gradient is the inverse, so both come of one elimination in place (Gauss and Jordan), and no gradient goes through
     * that.
     */
    static Value logDeterminant(Ops ops, Value matrices) {
        int k = Math.toIntExact(matrices.shape().size(1));
        Value rest = ops.detach(matrices);
        List<Value> pivots = new ArrayList<>();
        for (int i = 0; i < k; i++) {
            Value column = ops.slice(rest, 2, i, i + 1, 1);
            Value row = ops.slice(rest, 1, i, i + 1, 1);
            Value pivot = ops.slice(row, 2, i, i + 1, 1);
            Value unit = ops.constant(unit(k, i));
            Value down = ops.sub(column, ops.reshape(unit, k, 1));
            Value along = ops.div(ops.add(row, unit), pivot);
            rest = ops.sub(rest, ops.mul(down, along));
            pivots.add(pivot);
        }
        Value logarithm = ops.reduceSum(ops.log(ops.concat(1, pivots.toArray(Value[]::new))), false);
        Value slope = ops.reduceSum(ops.mul(matrices, ops.detach(rest)), false); // rest is the inverse now
        return ops.add(ops.detach(logarithm), ops.sub(slope, ops.detach(slope)));
    }

    private static Tensor identity(int k) {
        float[] values = new float[k * k];
        for (int i = 0; i < k; i++) {
            values[i * k + i] = 1;
        }
        return Tensor.of(Shape.of(k, k), values);
    }

    private static Tensor unit(int k, int at) {
        float[] values = new float[k];
        values[at] = 1;
        return Tensor.of(Shape.of(k), values);
    }
}

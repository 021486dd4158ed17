package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.List;

/** What objectives compute of batches of vectors, float32 [n,d]. */
final class Rows {
    /** Keeps the gradient of a row of zeros finite; below what float32 adds to any other. */
    private static final float TINY = 1e-24f;

    private Rows() {}

    /** Each row divided by its Euclidean norm. */
    static Value normalised(Ops ops, Value z) {
        Value squares = ops.reduceSum(ops.mul(z, z), true, 1);
        return ops.div(z, ops.sqrt(ops.add(squares, ops.constant(TINY))));
    }

    /** The products of paired rows, [n]. */
    static Value products(Ops ops, Value a, Value b) {
        return ops.reduceSum(ops.mul(a, b), false, 1);
    }

    /** The sum of values of one shape. */
    static Value sum(Ops ops, List<Value> values) {
        return values.stream().reduce(ops::add).orElseThrow();
    }

    /** The mean of values of one shape. */
    static Value mean(Ops ops, List<Value> values) {
        return ops.mul(sum(ops, values), 1.0 / values.size());
    }

    /**
     * The mean square of the views' distances from a mean, over views, samples and dimensions.
     *
     * @param mean of all of the views, or of some
     */
    static Value spread(Ops ops, List<Value> views, Value mean) {
        return mean(
                ops,
                views.stream()
                        .map(view -> {
                            Value difference = ops.sub(view, mean);
                            return ops.reduceMean(ops.mul(difference, difference), false);
                        })
                        .toList());
    }

    /**
     * The mean cosine between predictions and what other views of their samples give, over ordered pairs of views.
     *
     * @param predictions of each view
     * @param given of each view
     */
    static Value similarity(Ops ops, List<Value> predictions, List<Value> given) {
        List<Value> p = predictions.stream().map(each -> normalised(ops, each)).toList();
        List<Value> z = given.stream().map(each -> normalised(ops, each)).toList();
        int views = p.size();
        Value all = ops.reduceMean(products(ops, sum(ops, p), sum(ops, z)), false);
        Value own = all;
        for (int i = 0; i < views; i++) {
            Value same = ops.reduceMean(products(ops, p.get(i), z.get(i)), false);
            own = i == 0 ? same : ops.add(own, same);
        }
        return ops.mul(ops.sub(all, own), 1.0 / (views * (views - 1.0)));
    }
}

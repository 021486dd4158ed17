package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.ConvolutionGradients.allButChannels;
import static dev.vicreg.training.autodiff.ConvolutionGradients.sumOfChannels;
import static dev.vicreg.training.autodiff.GradientRules.first;
import static dev.vicreg.training.autodiff.GradientRules.listOf;
import static dev.vicreg.training.autodiff.GradientRules.reshapeLike;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of norms. For x̂ = (x - μ)/σ over n elements, with μ and σ computed from them,
 * {@code dx = (dx̂ - mean(dx̂) - x̂·mean(dx̂·x̂)) / σ} (Ioffe and Szegedy, Batch Normalization, section 3).
 *
 * <p>Standard operators, which use all threads. ONNX Runtime's LayerNormalizationGrad uses one on the CPU and
 * is slower; BatchNormalizationGrad in GroupNormalization's place was neither faster nor slower: docs/measured.md,
 * Kernels.
 */
final class NormGradients {
    private NormGradients() {}

    static void register() {
        first(OpType.BATCH_NORMALIZATION, NormGradients::batchNormalization);
        first(OpType.LAYER_NORMALIZATION, NormGradients::layerNormalization);
        first(
                OpType.INSTANCE_NORMALIZATION,
                (ops, node, g) -> grouped(ops, node, g, node.input(0).shape().size(1)));
        first(
                OpType.GROUP_NORMALIZATION,
                (ops, node, g) -> grouped(ops, node, g, node.attributes().integer("num_groups", 1)));
    }

    private static Value reciprocalDeviation(Ops ops, Node node, Value variance) {
        float epsilon = node.attributes().real("epsilon", 1e-5f);
        return ops.div(ops.constant(1), ops.sqrt(ops.add(variance, ops.constant(epsilon))));
    }

    /** dx from dx̂, where the mean and deviation are over {@code axes}. */
    private static Value through(Ops ops, Value dNormalised, Value normalised, Value reciprocal, long... axes) {
        Value mean = ops.reduceMean(dNormalised, true, axes);
        Value slope = ops.reduceMean(ops.mul(dNormalised, normalised), true, axes);
        return ops.mul(ops.sub(ops.sub(dNormalised, mean), ops.mul(normalised, slope)), reciprocal);
    }

    /** Scale and bias fit the last axes, so that Backward sums their gradients. */
    private static List<@Nullable Value> layerNormalization(Ops ops, Node node, Value g) {
        Value x = node.input(0);
        int rank = x.shape().rank();
        long axis = node.attributes().integer("axis", -1);
        long[] axes = LongStream.range(axis < 0 ? axis + rank : axis, rank).toArray();
        Value normalised = ops.mul(ops.sub(x, node.output(1)), node.output(2));
        Value dx = through(ops, ops.mul(g, node.input(1)), normalised, node.output(2), axes);
        Value dScale = ops.mul(g, normalised);
        return node.hasInput(2) ? listOf(dx, dScale, g) : listOf(dx, dScale);
    }

    /** Over each sample's groups of neighbouring channels; scale and bias [C]. x [N,C,…] is seen as [N,groups,rest]. */
    private static List<@Nullable Value> grouped(Ops ops, Node node, Value g, long groups) {
        Value x = node.input(0);
        Value rows = ops.reshape(x, x.shape().size(0), groups, -1);
        Value difference = ops.sub(rows, ops.reduceMean(rows, true, 2));
        Value variance = ops.reduceMean(ops.mul(difference, difference), true, 2);
        Value reciprocal = reciprocalDeviation(ops, node, variance);
        Value normalised = ops.mul(difference, reciprocal);
        Value scaled = ops.mul(g, perChannel(ops, node.input(1), x));
        Value dx = through(ops, reshapeLike(ops, scaled, rows), normalised, reciprocal, 2);
        Value dScale = sumOfChannels(ops, ops.mul(g, reshapeLike(ops, normalised, x)));
        return listOf(reshapeLike(ops, dx, x), dScale, sumOfChannels(ops, g));
    }

    /** [C] → [C,1,…] beside x [N,C,…]. */
    private static Value perChannel(Ops ops, Value vector, Value x) {
        long[] shape = new long[Math.max(1, x.shape().rank() - 1)];
        Arrays.fill(shape, 1);
        shape[0] = -1;
        return shape.length == 1 ? vector : ops.reshape(vector, shape);
    }

    /** With given statistics an affine map per channel; in training form through the batch's own statistics. */
    private static List<@Nullable Value> batchNormalization(Ops ops, Node node, Value g) {
        if (node.attributes().integer("training_mode", 0) != 0) {
            return batchStatistics(ops, node, g);
        }
        Value x = node.input(0);
        Value reciprocal = reciprocalDeviation(ops, node, node.input(4));
        Value dx = ops.mul(g, perChannel(ops, ops.mul(node.input(1), reciprocal), x));
        Value centred = ops.sub(x, perChannel(ops, node.input(3), x));
        Value slope = sumOfChannels(ops, ops.mul(g, centred));
        Value dScale = ops.mul(slope, reciprocal);
        Value dBias = sumOfChannels(ops, g);
        // Statistics may be computed in the graph: of x̂ = (x - μ)/√(v + ε), dμ = -dx̂·1/√(v + ε), dv = -½·dx̂·x̂/(v +
        // ε).
        Value factor = ops.mul(node.input(1), reciprocal);
        Value dMean = ops.neg(ops.mul(dBias, factor));
        Value dVariance = ops.mul(ops.mul(slope, factor), ops.mul(ops.mul(reciprocal, reciprocal), -0.5));
        return listOf(dx, dScale, dBias, dMean, dVariance);
    }

    /** The kernel wants what the forward operator does not give: the batch's mean and reciprocal deviation. */
    private static List<@Nullable Value> batchStatistics(Ops ops, Node node, Value g) {
        Value x = node.input(0);
        long[] axes = allButChannels(x.shape());
        Value mean = ops.reduceMean(x, true, axes);
        Value difference = ops.sub(x, mean);
        Value variance = ops.reduceMean(ops.mul(difference, difference), false, axes);
        Value saved = reshapeLike(ops, mean, node.input(1));
        Node grad = ops.node(
                OpType.BATCH_NORMALIZATION_GRAD,
                List.of(g, x, node.input(1), saved, reciprocalDeviation(ops, node, variance)),
                Attributes.NONE.with("epsilon", node.attributes().real("epsilon", 1e-5f)));
        return listOf(grad.output(0), grad.output(1), grad.output(2), null, null);
    }
}

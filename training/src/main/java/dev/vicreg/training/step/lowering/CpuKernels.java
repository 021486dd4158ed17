package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Kernels of ONNX Runtime's CPU provider for operators of our own.
 *
 * <p>The kernel moves the running variance with the biased batch variance b, wanted is the unbiased one. With c = n/(n-1)
 * and the old value divided by c going in, c·((1-m)·old/c + m·b) = (1-m)·old + m·c·b comes out right. Dividing also makes
 * a copy: the kernel may write its results over its inputs, and the old values are state that a second reader needs. The
 * mean is moved apart from the kernel for the same reason.
 */
final class CpuKernels {
    private CpuKernels() {}

    /** What stands for a batch norm in training or a detached value; others as they are. */
    static List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
        return switch (node.op()) {
            case BATCH_NORM_TRAINING -> batchNorm(ops, node, inputs);
            case DETACH -> List.of(ops.identity(Lowering.input(inputs, 0)));
            default -> Rewriter.copy(ops, node, inputs);
        };
    }

    private static List<Value> batchNorm(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value x = Lowering.input(inputs, 0);
        double n = x.shape().elements() / (double) x.shape().size(1);
        double correction = n / (n - 1);
        Value mean = Lowering.input(inputs, 3);
        Value variance = Lowering.input(inputs, 4);
        List<Value> own = List.of(
                x,
                Lowering.input(inputs, 1),
                Lowering.input(inputs, 2),
                ops.mul(mean, 1 / correction),
                ops.mul(variance, 1 / correction));
        Node norm = ops.node(OpType.BATCH_NORM_INTERNAL, own, attributes(node));
        float kept = node.attributes().real("momentum", 0.9f);
        Value movedMean = ops.add(ops.mul(mean, kept), ops.mul(norm.output(3), 1 - kept));
        Value movedVariance = ops.mul(norm.output(2), correction);
        return List.of(norm.output(0), movedMean, movedVariance, norm.output(3), norm.output(4));
    }

    /** Those of the kernel. */
    static Attributes attributes(Node norm) {
        return norm.attributes().with("training_mode", 1L);
    }
}

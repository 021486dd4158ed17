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
 * <p>The kernel moves the running variance with the biased batch variance, wanted is the unbiased one; it may write what it
 * moves over its inputs, which are state that others read; and what it gives would wait for the other branch, whose running
 * values it goes on from. So it is given something to move that nobody reads, and running values are moved apart from it: the
 * batch's variance follows from the kernel's 1/√(variance + ε).
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
        Value scale = Lowering.input(inputs, 1);
        Value bias = Lowering.input(inputs, 2);
        List<Value> own = List.of(x, scale, bias, ops.mul(scale, 0.5), ops.mul(bias, 0.5)); // copies to write over
        Node norm = ops.node(OpType.BATCH_NORM_INTERNAL, own, attributes(node));
        float kept = node.attributes().real("momentum", 0.9f);
        Value inverse = ops.div(ops.constant(1), ops.mul(norm.output(4), norm.output(4))); // variance + ε
        Value epsilon = ops.constant(node.attributes().real("epsilon", 1e-5f));
        Value batch = ops.relu(ops.sub(inverse, epsilon));
        Value movedMean = ops.add(ops.mul(mean, kept), ops.mul(norm.output(3), 1 - kept));
        Value movedVariance = ops.add(ops.mul(variance, kept), ops.mul(batch, (1 - kept) * correction));
        return List.of(norm.output(0), movedMean, movedVariance, norm.output(3), norm.output(4));
    }

    /** Those of the kernel. */
    static Attributes attributes(Node norm) {
        return norm.attributes().with("training_mode", 1L);
    }
}

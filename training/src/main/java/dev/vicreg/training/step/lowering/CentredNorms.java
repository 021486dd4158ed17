package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Layer and group norms with the mean taken off before the kernel sees the data. ONNX Runtime's kernels get the
 * variance as E[x²] - E[x]² in single precision: where the mean is large next to the deviation, digits are lost, and where
 * all elements are equal it may be negative, and the result no number. With a small mean it is exact enough.
 *
 * <p>Taken off is the nearest multiple of {@value #STEP}, so that data with a small mean stay the same to the last bit, and
 * so do runs that began without this.
 */
final class CentredNorms {
    private static final float STEP = 4;

    private CentredNorms() {}

    /** The multiple of the step that is nearest to the mean over some axes, which are kept. */
    private static Value shift(Ops ops, Value x, long... axes) {
        Value steps = ops.mul(ops.reduceMean(x, true, axes), 1 / STEP);
        return ops.mul(ops.node(OpType.ROUND, List.of(steps), Attributes.NONE).output(0), STEP);
    }

    /** What stands for a layer norm: its result, mean and 1/deviation. */
    static List<Value> layer(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value x = Lowering.input(inputs, 0);
        int rank = x.shape().rank();
        long axis = node.attributes().integer("axis", -1);
        Value shift = shift(
                ops, x, LongStream.range(axis < 0 ? axis + rank : axis, rank).toArray());
        @Nullable Value[] centred = inputs.toArray(new @Nullable Value[0]);
        centred[0] = ops.sub(x, shift);
        Node norm = ops.node(node.op(), Arrays.asList(centred), node.attributes());
        return List.of(norm.output(0), ops.add(shift, norm.output(1)), norm.output(2));
    }

    /** What stands for a group norm: layer norm of each group, [N,C,…] as [N,groups,L], then scale and bias [C]. */
    static List<Value> group(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value x = Lowering.input(inputs, 0);
        long[] sample = new long[x.shape().rank()]; // zero keeps the batch
        for (int i = 1; i < sample.length; i++) {
            if (!x.shape().at(i).isFixed()) {
                return Rewriter.copy(ops, node, inputs);
            }
            sample[i] = x.shape().size(i);
        }
        long groups = node.attributes().integer("num_groups", 1);
        long length = Shape.of(Arrays.copyOfRange(sample, 1, sample.length)).elements() / groups;
        Value rows = ops.reshape(x, 0, groups, length);
        Value normalised = ops.layerNormalization(
                ops.sub(rows, shift(ops, rows, 2)),
                ops.constant(Tensor.filled(Shape.of(length), 1)),
                null,
                -1,
                node.attributes().real("epsilon", 1e-5f));
        long[] channels = new long[sample.length - 1];
        Arrays.fill(channels, 1);
        channels[0] = sample[1];
        Value scaled = ops.mul(ops.reshape(normalised, sample), ops.reshape(Lowering.input(inputs, 1), channels));
        return List.of(ops.add(scaled, ops.reshape(Lowering.input(inputs, 2), channels)));
    }
}

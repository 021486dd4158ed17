package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a network's output, or its tokens, become one vector per sample, [N,D]. */
public enum Pooling {
    /** The class token, which is the first of [N,T,D]. */
    CLS,
    /**
     * Mean over the tokens of [N,T,D] that are no padding, as sentence-transformers' {@code Pooling} has it, or over the
     * pixels of [N,D,H,W]; [N,1,1,D] is one pixel with its channels last. Of a sequence that is padding alone it is 0.
     */
    MEAN,
    /** Mean over all tokens of [N,T,D], padding too, so that it depends on the length: what {@link #MEAN} once was. */
    PADDED_MEAN,
    /** None: it is [N,D] already. */
    NONE;

    private static final Dim ONE = Dim.of(1);

    /**
     * Builds the pooling of an imported network's output; what is [N,D] already stays as it is.
     *
     * @param kept bool [N,T], the tokens that {@link #MEAN} is over; null for all
     * @throws IllegalArgumentException if {@code output} cannot be pooled this way
     */
    Value build(Ops ops, Value output, @Nullable Value kept) {
        int rank = output.shape().rank();
        if (rank == 2) {
            return output;
        }
        boolean means = this == MEAN || this == PADDED_MEAN;
        boolean onePixel = rank == 4
                && output.shape().at(1).equals(ONE)
                && output.shape().at(2).equals(ONE);
        if (rank == 4 && !onePixel && isChannelsLast(output)) {
            throw new SettingException(
                    "output " + output.shape() + " is no vector per sample, and its channels stand last:"
                            + " name what goes into its Transpose with `output`, and pool it with `pool` mean");
        }
        if (means && rank == 4) {
            return ops.flatten(onePixel ? output : ops.globalAveragePool(output), 1);
        }
        if (means && rank == 3) {
            return this == PADDED_MEAN || kept == null ? ops.reduceMean(output, false, 1) : mean(ops, output, kept);
        }
        if (this == CLS && rank == 3) {
            return ops.node(
                            OpType.GATHER,
                            List.of(output, ops.constant(Tensor.ofLong(0))),
                            Attributes.NONE.with("axis", 1L))
                    .output(0);
        }
        throw new SettingException("output " + output.shape() + " is no vector per sample: "
                + switch (rank) {
                    case 3 -> "pool its tokens [N,T,D] with `pool` mean or `pool` cls";
                    case 4 -> "pool its pixels [N,D,H,W] with `pool` mean";
                    default -> "expected [N,D], [N,T,D] or [N,D,H,W]; name another with `output`";
                });
    }

    /** By the Transpose from [N,D,H,W] with which exporters end networks whose maps are [N,H,W,D]. */
    private static boolean isChannelsLast(Value output) {
        Node node = output.producer();
        return node != null
                && node.op() == OpType.TRANSPOSE
                && Arrays.equals(node.attributes().integers("perm"), new long[] {0, 2, 3, 1});
    }

    /** Chosen, not multiplied by 0: what a network makes of padding need not be finite. */
    private static Value mean(Ops ops, Value tokens, Value kept) {
        Value each = ops.unsqueeze(kept, 2); // [N,T] → [N,T,1]
        Value sum = ops.reduceSum(ops.where(each, tokens, ops.constant(0)), false, 1); // [N,D]
        Value count = ops.reduceSum(ops.cast(each, ElementType.FLOAT), false, 1); // [N,1]
        return ops.div(sum, ops.max(count, ops.constant(1)));
    }
}

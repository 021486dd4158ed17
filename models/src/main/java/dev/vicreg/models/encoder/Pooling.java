package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.List;

/** How a network's output, or its tokens, become one vector per sample, [N,D]. */
public enum Pooling {
    /** The class token, which is the first of [N,T,D]. */
    CLS,
    /** Mean over the tokens of [N,T,D] or the pixels of [N,D,H,W]. */
    MEAN,
    /** None: it is [N,D] already. */
    NONE;

    /**
     * Builds the pooling of an imported network's output; what is [N,D] already stays as it is.
     *
     * @throws IllegalArgumentException if {@code output} cannot be pooled this way
     */
    Value build(Ops ops, Value output) {
        int rank = output.shape().rank();
        if (rank == 2) {
            return output;
        }
        if (this == MEAN && rank == 4) {
            return ops.flatten(ops.globalAveragePool(output), 1);
        }
        if (this == MEAN && rank == 3) {
            return ops.reduceMean(output, false, 1);
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
}

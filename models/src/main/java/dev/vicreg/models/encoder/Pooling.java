package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How the output of an imported network becomes one vector per sample, [N,D]. */
public enum Pooling {
    /** It is one already. */
    NONE,
    /** Mean over the pixels of [N,D,H,W] or the tokens of [N,T,D]. */
    MEAN,
    /** The first token of [N,T,D], where such networks put their class token. */
    CLS;

    /**
     * The pooling of that name.
     *
     * @throws IllegalArgumentException for another name than {@code none}, {@code mean} and {@code cls}
     */
    public static Pooling of(String name) {
        return Arrays.stream(values())
                .filter(pooling -> pooling.text().equals(name))
                .findFirst()
                .orElseThrow(() -> new SettingException("Unknown pooling " + name + ": expected none, mean or cls"));
    }

    /** The name as settings have it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Builds the pooling; what is [N,D] already stays as it is.
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
                    case 3 -> "pool its tokens [N,T,D] with --pool mean or --pool cls";
                    case 4 -> "pool its pixels [N,D,H,W] with --pool mean";
                    default -> "expected [N,D], [N,T,D] or [N,D,H,W]; name another with --output";
                });
    }
}

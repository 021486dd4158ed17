package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.List;
import java.util.Map;

/**
 * What supervised training makes small: a loss of what a network says of samples and what was to be said. An {@link
 * Objective} compares a sample's views with each other; this compares one view with a label. Immutable.
 */
public sealed interface Criterion {
    /**
     * Builds the loss, without further terms.
     *
     * @param outputs of the network, float32 [n,k]
     * @param targets what they are to be, float32 [n,k], given: no gradient flows into them
     */
    Loss build(Ops ops, Value outputs, Value targets);

    /**
     * The mean over samples of -Σ t·log softmax(outputs), with targets t that are smoothed: t = (1 - s)·target + s/k
     * (Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7). It is what
     * PyTorch's {@code CrossEntropyLoss} computes of probabilities with {@code label_smoothing = s}.
     *
     * <p>Outputs are logits of k classes; targets are rows of probabilities, most often 1 for the class and 0 for others.
     *
     * @param smoothing s, 0 or more and below 1; 0 takes targets as they are
     */
    record CrossEntropy(float smoothing) implements Criterion {
        /** Checks the range. */
        public CrossEntropy {
            if (!(smoothing >= 0 && smoothing < 1)) {
                throw new SettingException("`label-smoothing`: expected 0 or more and less than 1, found " + smoothing);
            }
        }

        @Override
        public Loss build(Ops ops, Value outputs, Value targets) {
            requireAlike(outputs, targets);
            double classes = outputs.shape().size(1);
            Value logs = ops.node(OpType.LOG_SOFTMAX, List.of(outputs), Attributes.NONE.with("axis", 1L))
                    .output(0);
            Value smoothed = smoothing == 0
                    ? targets
                    : ops.add(ops.mul(targets, 1.0 - smoothing), ops.constant((float) (smoothing / classes)));
            Value mean = ops.reduceMean(ops.mul(ops.detach(smoothed), logs), false);
            return new Loss(ops.mul(mean, -classes), Map.of());
        }
    }

    /** The mean of (output - target)² over samples and values: PyTorch's {@code MSELoss}. */
    record SquaredError() implements Criterion {
        @Override
        public Loss build(Ops ops, Value outputs, Value targets) {
            requireAlike(outputs, targets);
            Value difference = ops.sub(outputs, ops.detach(targets));
            return new Loss(ops.reduceMean(ops.mul(difference, difference), false), Map.of());
        }
    }

    private static void requireAlike(Value outputs, Value targets) {
        Shape shape = outputs.shape();
        if (shape.rank() != 2 || !shape.equals(targets.shape())) {
            throw new IllegalArgumentException(
                    "Expected outputs and targets of equal shape [n,k], found " + shape + " and " + targets.shape());
        }
    }
}

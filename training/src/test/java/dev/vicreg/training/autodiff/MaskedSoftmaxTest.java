package dev.vicreg.training.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * PyTorch exports attention as Softmax behind a mask of -∞, and Where(IsNaN) behind that for rows that are masked wholly.
 * Their gradient is zero, and that of the others what it is without them.
 */
final class MaskedSoftmaxTest {
    private static final float NEVER = Float.NEGATIVE_INFINITY;
    private static final float SMALLEST = -Float.MAX_VALUE;

    /** What is added to scores [3,2]: the second row is masked wholly, the third in part. */
    enum Mask {
        INFINITE(NEVER),
        /** Becomes infinite only when it is added twice. */
        SMALLEST_TWICE(SMALLEST);

        private final float value;

        Mask(float value) {
            this.value = value;
        }

        Tensor tensor() {
            return Tensor.of(Shape.of(3, 2), 0, 0, value, value, 0, value);
        }
    }

    private final Ops ops = new Ops();
    private final Tensor scores = Tensor.of(Shape.of(3, 2), 0.5f, -1, 2, 1, 0.25f, 3);
    private final Value x = Value.input("x", scores.type());

    private float[] gradient(OpType op, Mask mask) {
        Value constant = ops.constant(mask.tensor());
        Value masked = ops.add(ops.add(x, constant), constant);
        Value y =
                ops.node(op, List.of(masked), Attributes.NONE.with("axis", -1L)).output(0);
        Value dead = ops.node(OpType.IS_NAN, List.of(y), Attributes.NONE).output(0);
        Value guarded = ops.where(dead, ops.constant(0), y);
        Value weights = ops.constant(Tensor.of(Shape.of(3, 2), 1, 2, 3, 4, 5, 0));
        Value used = op == OpType.SOFTMAX ? guarded : ops.exp(guarded);
        Value loss = ops.reduceSum(ops.mul(used, weights), false);
        Value gradient =
                Objects.requireNonNull(Backward.gradients(loss, List.of(x)).get(x));
        return Objects.requireNonNull(
                        GraphRunner.run(Graph.of("masked", List.of(x), Map.of("g", gradient)), Map.of("x", scores))
                                .get("g"))
                .floats();
    }

    @ParameterizedTest
    @EnumSource(Mask.class)
    void rowsMaskedWhollyGetNoGradientAndHarmNoOthers(Mask mask) {
        // d of p + 2(1 - p) with p = sigmoid(1.5) is ∓p(1 - p); a row with one place left is constant
        float slope = (float) (Math.exp(-1.5) / Math.pow(1 + Math.exp(-1.5), 2));
        float[] expected = {-slope, slope, 0, 0, 0, 0};
        assertArrayEquals(expected, gradient(OpType.SOFTMAX, mask), 1e-6f);
    }

    @ParameterizedTest
    @EnumSource(Mask.class)
    void logarithmsOfTheRowsDoAlike(Mask mask) {
        float slope = (float) (Math.exp(-1.5) / Math.pow(1 + Math.exp(-1.5), 2));
        float[] expected = {-slope, slope, 0, 0, 0, 0};
        assertArrayEquals(expected, gradient(OpType.LOG_SOFTMAX, mask), 1e-6f);
    }
}

package dev.vicreg.training.step;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Dynamic loss scaling (Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.2) inside the graph, with
 * the rule of PyTorch's {@code torch.amp.GradScaler}: the loss is multiplied by a scale before it is differentiated, so
 * that small gradients don't vanish in float16, and the gradients are divided by it again in float32. A step whose
 * gradients are not all finite changes nothing but the scale, which halves; after so many good steps in a row it doubles.
 * Two things differ from PyTorch: new running statistics count as well, and are left as they were by a skipped step; and
 * the scale doesn't fall below {@value #SMALLEST}.
 *
 * <p>The state is in the checkpoint: float32 [1] each, under the names below. Counts are exact up to 2²⁴.
 *
 * @param initial scale of the first step: {@value #SMALLEST} or more; powers of two cost no digits
 * @param growthInterval good steps in a row after which the scale doubles
 */
public record LossScaling(
        @Option(
                name = "loss-scale",
                help =
                        "of fp16: factor of the loss at the start; it halves where float16 overflows, and doubles in time",
                group = Group.OPTIMIZATION,
                fallback = "65536",
                min = SMALLEST,
                max = 1e38)
        float initial,

        @Option(
                name = "loss-scale-interval",
                help = "of fp16: good steps in a row after which it doubles",
                argument = "STEPS",
                group = Group.OPTIMIZATION,
                fallback = "2000",
                min = 1,
                max = (1 << 24) - 1)
        int growthInterval) {
    /** PyTorch's: 65,536, doubled after 2,000 good steps. */
    public static final LossScaling DEFAULT = new LossScaling(65_536, 2_000);

    /** The state's entry and the training graph's output: the scale; as an output, what the next step will use. */
    public static final String SCALE = "loss_scale";
    /** Good steps since the scale last changed. */
    public static final String GOOD_STEPS = "good_steps";
    /** Steps skipped one after another up to the last one; 0 if that was good. */
    public static final String SKIPPED_IN_A_ROW = "skipped_in_a_row";
    /** Steps skipped in all. */
    public static final String SKIPPED = "skipped_steps";

    private static final List<String> NAMES = List.of(SCALE, GOOD_STEPS, SKIPPED_IN_A_ROW, SKIPPED);

    /** Scale below which it doesn't fall. */
    public static final float SMALLEST = 1;

    /** A power of two whose double is infinite. */
    private static final float LARGEST = 0x1p127f;

    /** Checks the settings. */
    public LossScaling {
        if (!(initial >= SMALLEST && initial <= LARGEST)) {
            throw new SettingException("Loss scale: expected 1 to 2^127, found " + initial);
        }
        if (growthInterval < 1 || growthInterval >= 1 << 24) {
            throw new SettingException(
                    "Steps after which the loss scale doubles: expected 1 to 2^24 - 1, found " + growthInterval);
        }
    }

    /** The checkpoint's entry of one of the names above. */
    public static String entry(String name) {
        return TrainingGraph.OPTIMIZER_PREFIX + name;
    }

    /** Names of all entries of the checkpoint. */
    public static Set<String> entries() {
        return DEFAULT.initialState().keySet();
    }

    /** What the checkpoint holds before the first step. */
    public Map<String, Tensor> initialState() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        NAMES.forEach(name -> state.put(entry(name), Tensor.of(Shape.of(1), name.equals(SCALE) ? initial : 0)));
        return state;
    }

    /** The part of one training graph that scales. */
    static final class InGraph {
        private final LossScaling settings;
        private final Ops ops;
        private final Map<String, Value> inputs = new LinkedHashMap<>();
        private final Value scale; // a scalar
        private final Value inverse;

        InGraph(LossScaling settings, Ops ops) {
            this.settings = settings;
            this.ops = ops;
            for (String name : NAMES) {
                String entry = entry(name);
                inputs.put(name, Value.input(entry, new TensorType(ElementType.FLOAT, Shape.of(1))));
            }
            this.scale = ops.squeeze(input(SCALE), 0);
            this.inverse = ops.div(ops.constant(1), scale);
        }

        LossScaling settings() {
            return settings;
        }

        /** The state's graph inputs by its names without prefix. */
        Map<String, Value> inputs() {
            return inputs;
        }

        private Value input(String name) {
            return Objects.requireNonNull(inputs.get(name));
        }

        /** What is differentiated in the place of a loss. */
        Value scaled(Value loss) {
            return ops.mul(loss, scale);
        }

        /** A gradient of the loss from that of the scaled loss. */
        Value unscaled(Value gradient) {
            return ops.mul(gradient, inverse);
        }

        /**
         * Whether all elements of all values are finite: a boolean scalar. Whether their norm is finite is asked, which one
         * kernel tells on either device; norms beyond float32 are taken for an overflow, which gradients of that size are.
         */
        Value finite(Collection<Value> gradients, Collection<Value> statistics, Value loss) {
            List<Value> values = new ArrayList<>(gradients);
            values.addAll(statistics);
            values.add(loss);
            Value norm = ops.node(OpType.REDUCE_ALL_L2, values, Attributes.NONE).output(0);
            return ops.less(norm, ops.constant(Float.POSITIVE_INFINITY)); // false for NaN as well
        }

        /**
         * The state's new values by its graph inputs.
         *
         * @param outputs takes those that a caller wants to see
         */
        Map<Value, Value> next(Value finite, Map<String, Value> outputs) {
            Value none = ops.constant(Tensor.of(Shape.of(1), 0));
            Value good = plusOne(GOOD_STEPS);
            Value grows = ops.less(ops.constant(settings.growthInterval - 0.5f), good);
            Value grown = ops.min(ops.mul(input(SCALE), 2), ops.constant(LARGEST));
            Value reduced = ops.max(ops.mul(input(SCALE), 0.5), ops.constant(SMALLEST));
            Map<Value, Value> next = new LinkedHashMap<>();
            next.put(input(SCALE), ops.where(finite, ops.where(grows, grown, input(SCALE)), reduced));
            next.put(input(GOOD_STEPS), ops.where(finite, ops.where(grows, none, good), none));
            next.put(input(SKIPPED_IN_A_ROW), ops.where(finite, none, plusOne(SKIPPED_IN_A_ROW)));
            next.put(input(SKIPPED), ops.where(finite, input(SKIPPED), plusOne(SKIPPED)));
            for (String name : List.of(SCALE, SKIPPED_IN_A_ROW, SKIPPED)) {
                outputs.put(name, Objects.requireNonNull(next.get(input(name))));
            }
            return next;
        }

        private Value plusOne(String counter) {
            return ops.add(input(counter), ops.constant(1));
        }
    }
}

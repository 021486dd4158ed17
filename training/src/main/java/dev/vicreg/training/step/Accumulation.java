package dev.vicreg.training.step;

import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.ops.Ops;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of several steps for one update: each step adds its own to what the ones before it left, and each n-th hands on
 * their mean and begins anew. How far that is stands in the checkpoint, so that nobody has to say it.
 *
 * <p>A step whose own gradients are not finite empties what was gathered: the n steps begin again after it, and nothing that
 * isn't finite is ever kept.
 */
final class Accumulation {
    private static final String COUNT = TrainingGraph.OPTIMIZER_PREFIX + "micro_batches";
    private static final String SUM = TrainingGraph.OPTIMIZER_PREFIX + "accumulated.";

    private final Ops ops;
    private final int n;
    private final @Nullable Value finite;
    private final Value isLast;
    private final Map<String, Value> inputs = new LinkedHashMap<>();
    private final Map<Value, Value> next = new LinkedHashMap<>();
    private final Map<Parameter, Value> means = new LinkedHashMap<>();

    /**
     * Gathers gradients.
     *
     * @param n how many steps make an update, 2 or more
     * @param gradients of this step
     * @param finite a boolean scalar: whether they are; null where that isn't asked
     */
    Accumulation(Ops ops, int n, Map<Parameter, Value> gradients, @Nullable Value finite) {
        this.ops = ops;
        this.n = n;
        this.finite = finite;
        Value count = input(COUNT, Shape.of(1));
        Value counted = ops.add(count, ops.constant(1));
        this.isLast = ops.less(ops.constant(n - 0.5f), ops.squeeze(counted, 0));
        next.put(count, kept(counted));
        gradients.forEach(this::gather);
    }

    private void gather(Parameter parameter, Value gradient) {
        Value before = input(SUM + parameter.name(), parameter.shape());
        Value sum = ops.add(before, gradient);
        next.put(before, kept(sum));
        means.put(parameter, ops.mul(sum, 1.0 / n));
    }

    private Value input(String name, Shape shape) {
        Value input = Value.input(name, new TensorType(ElementType.FLOAT, shape));
        inputs.put(name, input);
        return input;
    }

    /** What is left for the next step: nothing after an update or an overflow. */
    private Value kept(Value gathered) {
        Value none = ops.constant(0);
        Value kept = ops.where(isLast, none, gathered);
        return finite == null ? kept : ops.where(finite, kept, none);
    }

    /** Whether this step updates: a boolean scalar. */
    Value updates() {
        return finite == null ? isLast : ops.and(isLast, finite);
    }

    /** What an update goes by. */
    Map<Parameter, Value> means() {
        return means;
    }

    /** What the checkpoint holds, by name: graph inputs, all zero before the first step. */
    Map<String, Value> inputs() {
        return inputs;
    }

    /** The new values of {@link #inputs}. */
    Map<Value, Value> next() {
        return next;
    }

    /** Their data before the first step. */
    static Tensor initial(Value input) {
        return Tensor.filled(input.shape(), 0);
    }
}

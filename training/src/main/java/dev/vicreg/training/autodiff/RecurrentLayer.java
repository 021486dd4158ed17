package dev.vicreg.training.autodiff;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an LSTM or GRU node holds, laid out for its gradient: all values are [D,T,B,…], directions first, each direction
 * in the order in which it reads. So both directions go through one matrix product, and step t follows step t-1.
 */
final class RecurrentLayer {
    private final Ops ops;
    private final Node node;
    private final boolean reverse;
    private final boolean both;
    private final long steps;
    private final long batch;

    /** Number of directions, 1 or 2. */
    final long directions;

    /** Size of the state. */
    final long hidden;

    /**
     * Reads the node.
     *
     * @param defaults the activations of one direction that the gradient knows
     * @throws IllegalArgumentException if the node is of a kind that cannot be differentiated
     */
    RecurrentLayer(Ops ops, Node node, String... defaults) {
        this.ops = ops;
        this.node = node;
        Attributes attributes = node.attributes();
        String direction = attributes.string("direction", "forward");
        this.reverse = direction.equals("reverse");
        this.both = direction.equals("bidirectional");
        require(attributes.integer("layout", 0) == 0, "layout 1, which ONNX Runtime does not run; expected 0");
        Shape x = node.input(0).shape();
        this.steps = x.size(0);
        this.batch = x.size(1);
        this.directions = both ? 2 : 1;
        this.hidden = node.input(2).shape().size(2);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < directions; i++) {
            expected.addAll(Arrays.asList(defaults));
        }
        List<String> found = attributes.strings("activations", expected);
        require(
                lower(found).equals(lower(expected)),
                "activations " + found + "; expected the default ones, " + expected);
        require(!attributes.has("clip"), "the attribute clip; expected none");
        require(attributes.integer("input_forget", 0) == 0, "input_forget 1; expected 0");
        boolean full = !node.hasInput(4)
                || ShapeValues.longs(node.input(4))
                        .filter(lengths -> Arrays.stream(lengths).allMatch(length -> length == steps))
                        .isPresent();
        require(full, "sequence_lens that may differ from the " + steps + " steps; expected none, or this constant");
        require(!node.hasInput(7), "peepholes (input 7); expected none");
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new SettingException("No gradient for " + node + " with " + otherwise);
        }
    }

    private static List<String> lower(List<String> names) {
        return names.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    }

    /** The input x [T,B,I] as [D,T,B,I]. */
    Value input() {
        Value x = node.input(0);
        Value one = ops.reshape(x, 1, steps, batch, x.shape().size(2));
        return both ? ops.concat(0, one, ops.reverse(one, 1)) : reverse ? ops.reverse(one, 1) : one;
    }

    /** A gradient [D,T,B,I] of the input as [T,B,I]. */
    Value inputGradient(Value gradient) {
        return ops.reduceSum(oriented(gradient), false, 0);
    }

    /** All states, or their gradients, [T,D,B,H] as [D,T,B,H]. */
    Value states(Value y) {
        Value directionsFirst = both ? ops.transpose(y, 1, 0, 2, 3) : ops.reshape(y, 1, steps, batch, hidden);
        return oriented(directionsFirst);
    }

    /** Turns the time of a direction that reads backwards; twice is once back. */
    private Value oriented(Value x) {
        return both
                ? ops.concat(0, ops.slice(x, 0, 0, 1, 1), ops.reverse(ops.slice(x, 0, 1, 2, 1), 1))
                : reverse ? ops.reverse(x, 1) : x;
    }

    /** The first state, input {@code index} [D,B,H] or zeros, as [D,1,B,H]. */
    Value initial(int index) {
        return node.hasInput(index) ? state(node.input(index)) : ops.zeros(Shape.of(directions, 1, batch, hidden));
    }

    /** One state [D,B,H] as [D,1,B,H]; null stays null. */
    @Nullable
    Value stateOrNull(@Nullable Value one) {
        return one == null ? null : state(one);
    }

    private Value state(Value one) {
        return ops.reshape(one, directions, 1, batch, hidden);
    }

    /** One state [D,1,B,H] as [D,B,H]. */
    Value single(Value state) {
        return ops.reshape(state, directions, batch, hidden);
    }

    /** The state before each step: the initial one, then all but the last. */
    Value before(Value initial, Value states) {
        return steps == 1 ? initial : ops.concat(1, initial, ops.slice(states, 1, 0, steps - 1, 1));
    }

    /** Step by step: T values [D,1,B,…]. */
    List<Value> split(Value x) {
        long[] ones = new long[(int) steps];
        Arrays.fill(ones, 1);
        return ops.split(x, 1, ones);
    }

    /** All steps in one value again. */
    Value join(List<Value> parts) {
        return ops.concat(1, parts.toArray(Value[]::new));
    }

    /** The gates from {@code first} to before {@code last}: a part of the last axis. */
    Value gates(Value x, int first, int last) {
        return ops.slice(x, -1, first * hidden, last * hidden, 1);
    }

    /** x [D,T,B,K] times w [D,M,K] transposed → [D,T,B,M]. */
    Value timesTransposed(Value x, Value w) {
        return product(x, ops.transpose(w, 0, 2, 1));
    }

    /** x [D,T,B,K] times w [D,K,M] → [D,T,B,M], all steps in one product. */
    Value product(Value x, Value w) {
        Value y = ops.matMul(rows(x), w);
        return ops.reshape(y, directions, -1, batch, w.shape().size(2));
    }

    /** The gradient of weights [D,M,K] in y = x·wᵀ: from dY [D,T,B,M] and x [D,T,B,K]. */
    Value weightGradient(Value dy, Value x) {
        return ops.matMul(ops.transpose(rows(dy), 0, 2, 1), rows(x));
    }

    /** [D,T,B,M] summed over steps and samples: [D,M]. */
    Value biasGradient(Value dy) {
        return ops.reduceSum(dy, false, 1, 2);
    }

    /** [D,T,B,K] → [D,T·B,K]. */
    private Value rows(Value x) {
        return ops.reshape(x, directions, -1, x.shape().size(3));
    }

    /** The weights of the step w [D,K,M] as [D,1,K,M], which a step [D,1,B,K] multiplies. */
    Value stepWeights(Value w) {
        return ops.reshape(w, directions, 1, w.shape().size(1), w.shape().size(2));
    }

    /** One half of the biases [D,2·M] as [D,1,1,M]: 0 that of the input, 1 that of the state. Null if there are none. */
    @Nullable
    Value bias(int half) {
        if (!node.hasInput(3)) {
            return null;
        }
        long size = node.input(3).shape().size(1) / 2;
        return ops.reshape(ops.slice(node.input(3), 1, half * size, (half + 1) * size, 1), directions, 1, 1, size);
    }

    /** x + bias, or x without one. */
    Value plus(Value x, @Nullable Value bias) {
        return bias == null ? x : ops.add(x, bias);
    }

    /** The slope of a sigmoid whose result is s: s·(1 - s). */
    Value sigmoidSlope(Value s) {
        return ops.mul(s, ops.sub(ops.constant(1), s));
    }

    /** The slope of a tanh whose result is t: 1 - t². */
    Value tanhSlope(Value t) {
        return ops.sub(ops.constant(1), ops.mul(t, t));
    }
}

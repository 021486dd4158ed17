package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.listOf;
import static dev.vicreg.training.autodiff.GradientRules.many;

import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of LSTM and GRU by backpropagation through time, in standard operators.
 *
 * <p>The states that the forward node gives are all that its gates depend on, so the gates of all steps are computed
 * again in a few large products. What each step's gradient is multiplied by is computed for all steps at once, too. Left
 * for the loop over time, which is unrolled, are one product with the recurrent weights and a few elementwise operators
 * (and for LSTM, whose cell states aren't given, two of them to compute the cells again). The weights' gradients are
 * large products again.
 *
 * <p>ONNX Runtime's LSTMGrad and GRUGrad aren't used: they exist on the CPU alone, for the forward direction alone, and
 * need other forward operators. How long these take: docs/measured.md, Kernels.
 *
 * <p>Letters: x input, h state, c cell, W and R weights of x and h; see ONNX's LSTM-14 and GRU-14.
 */
final class RecurrentGradients {
    private RecurrentGradients() {}

    static void register() {
        many(OpType.LSTM, (ops, node, upstream) -> lstm(ops, node, upstream));
        many(
                OpType.GRU,
                (ops, node, upstream) -> node.attributes().integer("linear_before_reset", 0) == 0
                        ? gruResetBefore(ops, node, upstream)
                        : gruResetAfter(ops, node, upstream));
    }

    /** Whichever are there, added up; null if none is. */
    private static @Nullable Value sum(Ops ops, @Nullable Value a, @Nullable Value b) {
        return a == null ? b : b == null ? a : ops.add(a, b);
    }

    private static Value orZeros(Ops ops, @Nullable Value x, Value like) {
        return x == null ? ops.zeros(like.shape()) : x;
    }

    /** The gradients of all states step by step; nulls where the loss depends on the last state alone. */
    private static List<@Nullable Value> stepGradients(RecurrentLayer layer, @Nullable Value dy, int steps) {
        return dy == null
                ? Collections.nCopies(steps, null)
                : new ArrayList<@Nullable Value>(layer.split(layer.states(dy)));
    }

    /**
     * i, o, f = σ(x·Wᵀ + h₋·Rᵀ + b), g = tanh(likewise), c = f⊙c₋ + i⊙g, h = o⊙tanh(c); gates lie in the order i o f g.
     */
    private static List<@Nullable Value> lstm(Ops ops, Node node, List<@Nullable Value> upstream) {
        RecurrentLayer layer = new RecurrentLayer(ops, node, "Sigmoid", "Tanh", "Tanh");
        Value x = layer.input();
        Value w = node.input(1);
        Value r = node.input(2);
        Value before = layer.before(layer.initial(5), layer.states(node.output(0)));
        Value sums = ops.add(layer.timesTransposed(x, w), layer.timesTransposed(before, r));
        Value gates = layer.plus(layer.plus(sums, layer.bias(0)), layer.bias(1));
        Value iof = ops.sigmoid(layer.gates(gates, 0, 3));
        Value i = layer.gates(iof, 0, 1);
        Value o = layer.gates(iof, 1, 2);
        Value f = layer.gates(iof, 2, 3);
        Value g = ops.tanh(layer.gates(gates, 3, 4));
        List<Value> forget = layer.split(f);
        Value firstCell = layer.initial(6);
        Value cells = cells(ops, layer, firstCell, forget, ops.mul(i, g));
        Value tanhCell = ops.tanh(cells);

        // dc = dh⊙toCell + what comes from the next cell; the gates' gradients are (dc, dh, dc, dc)⊙toGates.
        List<Value> toCell = layer.split(ops.mul(o, layer.tanhSlope(tanhCell)));
        Value toForget = ops.mul(layer.before(firstCell, cells), layer.sigmoidSlope(f));
        List<Value> toGates = layer.split(ops.concat(
                -1,
                ops.mul(g, layer.sigmoidSlope(i)),
                ops.mul(tanhCell, layer.sigmoidSlope(o)),
                toForget,
                ops.mul(i, layer.tanhSlope(g))));
        List<@Nullable Value> given = stepGradients(layer, upstream.get(0), forget.size());
        Value weights = layer.stepWeights(r);
        Value dh = layer.stateOrNull(upstream.get(1));
        Value dc = layer.stateOrNull(upstream.get(2));
        Value[] steps = new Value[forget.size()];
        for (int t = steps.length - 1; t >= 0; t--) {
            Value state = orZeros(ops, sum(ops, given.get(t), dh), firstCell);
            Value cell = ops.mul(state, toCell.get(t));
            cell = dc == null ? cell : ops.add(cell, dc);
            steps[t] = ops.mul(ops.concat(-1, cell, state, cell, cell), toGates.get(t));
            dh = ops.matMul(steps[t], weights);
            dc = ops.mul(cell, forget.get(t));
        }
        Value dGates = layer.join(Arrays.asList(steps));
        Value dBias = layer.biasGradient(dGates);
        return gradients(
                node,
                layer.inputGradient(layer.product(dGates, w)),
                layer.weightGradient(dGates, x),
                layer.weightGradient(dGates, before),
                ops.concat(1, dBias, dBias),
                layer.single(orZeros(ops, dh, firstCell)),
                layer.single(orZeros(ops, dc, firstCell)));
    }

    /** c = f⊙c₋ + new, step by step. */
    private static Value cells(Ops ops, RecurrentLayer layer, Value first, List<Value> forget, Value added) {
        List<Value> news = layer.split(added);
        List<Value> cells = new ArrayList<>();
        Value cell = first;
        for (int t = 0; t < news.size(); t++) {
            cell = ops.add(ops.mul(forget.get(t), cell), news.get(t));
            cells.add(cell);
        }
        return layer.join(cells);
    }

    /** x, W, R, B, no lengths, first h and first c, as far as the node has them. */
    private static List<@Nullable Value> gradients(
            Node node, Value dx, Value dw, Value dr, Value db, @Nullable Value dh, @Nullable Value dc) {
        return listOf(dx, dw, dr, db, null, dh, dc)
                .subList(0, Math.min(7, node.inputs().size()));
    }

    /** What both kinds of GRU share: gates z and r of all steps, and the state before each. */
    private record Gru(RecurrentLayer layer, Value x, Value fromInput, Value before, Value z, Value r) {
        static Gru of(Ops ops, Node node) {
            RecurrentLayer layer = new RecurrentLayer(ops, node, "Sigmoid", "Tanh");
            Value x = layer.input();
            Value before = layer.before(layer.initial(5), layer.states(node.output(0)));
            Value fromInput = layer.plus(layer.timesTransposed(x, node.input(1)), layer.bias(0));
            Value rzr = ops.slice(node.input(2), 1, 0, 2 * layer.hidden, 1);
            Value fromState = layer.timesTransposed(before, rzr);
            Value bias = layer.bias(1);
            Value biased = layer.plus(fromState, bias == null ? null : layer.gates(bias, 0, 2));
            Value zr = ops.sigmoid(ops.add(layer.gates(fromInput, 0, 2), biased));
            return new Gru(layer, x, fromInput, before, layer.gates(zr, 0, 1), layer.gates(zr, 1, 2));
        }

        /** The rows of the recurrent weights [D,3·H,H] that belong to the new state. */
        Value newRows(Ops ops, Node node) {
            return ops.slice(node.input(2), 1, 2 * layer.hidden, 3 * layer.hidden, 1);
        }

        @Nullable
        Value newBias() {
            Value bias = layer.bias(1);
            return bias == null ? null : layer.gates(bias, 2, 3);
        }

        /** dh of a step times this is the gradient of z: (h₋ - n)⊙z⊙(1 - z). */
        Value toZ(Ops ops, Value n) {
            return ops.mul(ops.sub(before, n), layer.sigmoidSlope(z));
        }

        /** dh of a step times this is the gradient of the new state before its tanh: (1 - z)⊙(1 - n²). */
        Value toNew(Ops ops, Value n) {
            return ops.mul(ops.sub(ops.constant(1), z), layer.tanhSlope(n));
        }
    }

    /**
     * linear_before_reset 1: z, r = σ(…), q = h₋·Rₙᵀ + bₙ, n = tanh(x·Wₙᵀ + b + r⊙q), h = (1 - z)⊙n + z⊙h₋. Every
     * gradient of a step is its dh times something known beforehand.
     */
    private static List<@Nullable Value> gruResetAfter(Ops ops, Node node, List<@Nullable Value> upstream) {
        Gru gru = Gru.of(ops, node);
        RecurrentLayer layer = gru.layer;
        Value q = layer.plus(layer.timesTransposed(gru.before, gru.newRows(ops, node)), gru.newBias());
        Value n = ops.tanh(ops.add(layer.gates(gru.fromInput, 2, 3), ops.mul(gru.r, q)));
        Value toNew = gru.toNew(ops, n);
        Value toReset = ops.mul(ops.mul(toNew, q), layer.sigmoidSlope(gru.r));
        Value toRecurrent = ops.concat(-1, gru.toZ(ops, n), toReset, ops.mul(toNew, gru.r));
        List<Value> factors = layer.split(toRecurrent);
        List<Value> keep = layer.split(gru.z);
        List<@Nullable Value> given = stepGradients(layer, upstream.get(0), keep.size());
        Value weights = layer.stepWeights(node.input(2));
        Value dh = layer.stateOrNull(upstream.get(1));
        Value[] steps = new Value[keep.size()];
        for (int t = steps.length - 1; t >= 0; t--) {
            Value state = orZeros(ops, sum(ops, given.get(t), dh), keep.get(t));
            steps[t] = state;
            Value gates = ops.mul(ops.concat(-1, state, state, state), factors.get(t));
            dh = ops.add(ops.mul(state, keep.get(t)), ops.matMul(gates, weights));
        }
        Value states = layer.join(Arrays.asList(steps));
        Value tripled = ops.concat(-1, states, states, states);
        Value dRecurrent = ops.mul(tripled, toRecurrent);
        Value dInput = ops.concat(-1, layer.gates(dRecurrent, 0, 2), ops.mul(states, toNew));
        return gradients(
                node,
                layer.inputGradient(layer.product(dInput, node.input(1))),
                layer.weightGradient(dInput, gru.x),
                layer.weightGradient(dRecurrent, gru.before),
                ops.concat(1, layer.biasGradient(dInput), layer.biasGradient(dRecurrent)),
                layer.single(orZeros(ops, dh, keep.get(0))),
                null);
    }

    /** linear_before_reset 0: z, r = σ(…), n = tanh(x·Wₙᵀ + (r⊙h₋)·Rₙᵀ + b), h = (1 - z)⊙n + z⊙h₋. */
    private static List<@Nullable Value> gruResetBefore(Ops ops, Node node, List<@Nullable Value> upstream) {
        Gru gru = Gru.of(ops, node);
        RecurrentLayer layer = gru.layer;
        Value newRows = gru.newRows(ops, node);
        Value reset = ops.mul(gru.r, gru.before);
        Value q = layer.plus(layer.timesTransposed(reset, newRows), gru.newBias());
        Value n = ops.tanh(ops.add(layer.gates(gru.fromInput, 2, 3), q));
        List<Value> toZ = layer.split(gru.toZ(ops, n));
        List<Value> toNew = layer.split(gru.toNew(ops, n));
        List<Value> toReset = layer.split(ops.mul(gru.before, layer.sigmoidSlope(gru.r)));
        List<Value> keep = layer.split(gru.z);
        List<Value> resets = layer.split(gru.r);
        List<@Nullable Value> given = stepGradients(layer, upstream.get(0), keep.size());
        Value gateWeights = layer.stepWeights(ops.slice(node.input(2), 1, 0, 2 * layer.hidden, 1));
        Value newWeights = layer.stepWeights(newRows);
        Value dh = layer.stateOrNull(upstream.get(1));
        Value[] steps = new Value[keep.size()];
        for (int t = steps.length - 1; t >= 0; t--) {
            Value state = orZeros(ops, sum(ops, given.get(t), dh), keep.get(t));
            Value dNew = ops.mul(state, toNew.get(t));
            Value dReset = ops.matMul(dNew, newWeights); // of r⊙h₋
            Value dGates = ops.concat(-1, ops.mul(state, toZ.get(t)), ops.mul(dReset, toReset.get(t)));
            steps[t] = ops.concat(-1, dGates, dNew);
            Value direct = ops.add(ops.mul(state, keep.get(t)), ops.mul(dReset, resets.get(t)));
            dh = ops.add(direct, ops.matMul(dGates, gateWeights));
        }
        Value all = layer.join(Arrays.asList(steps));
        Value dGates = layer.weightGradient(layer.gates(all, 0, 2), gru.before);
        Value dNew = layer.weightGradient(layer.gates(all, 2, 3), reset);
        Value dBias = layer.biasGradient(all);
        return gradients(
                node,
                layer.inputGradient(layer.product(all, node.input(1))),
                layer.weightGradient(all, gru.x),
                ops.concat(1, dGates, dNew),
                ops.concat(1, dBias, dBias),
                layer.single(orZeros(ops, dh, keep.get(0))),
                null);
    }
}

package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.onnx.OpsetUpgrade.Call;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Recurrent layers step by step: RNN, and LSTM and GRU in forms of which the nodes' gradients know nothing, such as other
 * activations or sequences of different lengths. The equations are those of ONNX's RNN-14, LSTM-14 and GRU-14.
 */
final class UnrolledRecurrence {
    private static final int MOST_STEPS = 1000;

    /** Gates and activations of the kinds of layers. */
    private static final Map<OpType, List<String>> ACTIVATIONS = Map.of(
            OpType.LSTM, List.of("Sigmoid", "Tanh", "Tanh"),
            OpType.GRU, List.of("Sigmoid", "Tanh"));

    private final Call call;
    private final Ops ops;
    private final String kind;
    private final boolean batchFirst;
    private final long steps;
    private final long hidden;
    private final int directions;
    private int alphas;
    private int betas;

    private UnrolledRecurrence(Call call, String kind) {
        this.call = call;
        this.ops = call.ops();
        this.kind = kind;
        this.batchFirst = call.attributes().integer("layout", 0) != 0;
        this.steps = call.in(0).shape().size(batchFirst ? 1 : 0);
        this.hidden = call.in(2).shape().size(2);
        this.directions = (int) call.in(1).shape().size(0);
        if (steps > MOST_STEPS) {
            throw new IllegalArgumentException(kind + " has " + steps + " steps: expected at most " + MOST_STEPS
                    + " in the form that it has; export it in the default form of LSTM or GRU");
        }
        if (call.attributes().has("clip")) {
            throw new IllegalArgumentException(kind + " with the attribute clip is not supported; expected none");
        }
    }

    /** An RNN. */
    static List<Value> rnn(Call call) {
        return new UnrolledRecurrence(call, "RNN").build(List.of("Tanh"), 1);
    }

    /** An LSTM or GRU: the node itself where its gradient is known, or its number of steps isn't. */
    static List<Value> layer(Call call, OpType op) {
        List<String> usual = ACTIVATIONS.getOrDefault(op, List.of());
        Attributes attributes = call.attributes();
        int time = attributes.integer("layout", 0) != 0 ? 1 : 0;
        boolean plain = time == 0
                && hasUsual(attributes, usual)
                && attributes.integer("input_forget", 0) == 0
                && !call.has(7)
                && isFull(call);
        if (plain || !call.in(0).shape().at(time).isFixed() || attributes.has("clip")) {
            return call.ops().node(op, call.inputs(), attributes).outputs();
        }
        return new UnrolledRecurrence(call, op.onnxName()).build(usual, op == OpType.LSTM ? 4 : 3);
    }

    private static boolean hasUsual(Attributes attributes, List<String> usual) {
        List<String> found = attributes.strings("activations", usual);
        for (int i = 0; i < found.size(); i++) {
            if (!found.get(i).equalsIgnoreCase(usual.get(i % usual.size()))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isFull(Call call) {
        if (!call.has(4)) {
            return true;
        }
        long steps = call.in(0).shape().at(0).isFixed() ? call.in(0).shape().size(0) : 0;
        Optional<long[]> lengths = ShapeValues.longs(call.in(4));
        return lengths.isPresent() && Arrays.stream(lengths.get()).allMatch(length -> length == steps);
    }

    /** All states, the last ones, and for LSTM the last cells, in the node's layout. */
    private List<Value> build(List<String> usual, int gates) {
        List<String> repeated = new ArrayList<>();
        for (int d = 0; d < directions; d++) {
            repeated.addAll(usual);
        }
        List<String> activations = call.attributes().strings("activations", repeated);
        if (activations.size() != repeated.size()) {
            throw new IllegalArgumentException(
                    kind + " has the activations " + activations + ": expected " + repeated.size());
        }
        List<Value> all = new ArrayList<>();
        List<Value> last = new ArrayList<>();
        List<Value> cells = new ArrayList<>();
        for (int d = 0; d < directions; d++) {
            Direction direction = new Direction(d, gates);
            List<String> own = activations.subList(d * usual.size(), (d + 1) * usual.size());
            direction.run(own.stream().map(this::activation).toList());
            all.add(ops.unsqueeze(ops.concat(0, direction.states), 1)); // [T,1,B,H]
            last.add(direction.state());
            if (direction.cell != null) {
                cells.add(direction.cell);
            }
        }
        List<Value> outputs = new ArrayList<>();
        Value y = ops.concat(1, all.toArray(Value[]::new));
        outputs.add(batchFirst ? ops.transpose(y, 2, 0, 1, 3) : y);
        outputs.add(stacked(last));
        if (!cells.isEmpty()) {
            outputs.add(stacked(cells));
        }
        return outputs;
    }

    /** [B,H] of each direction as [D,B,H]. */
    private Value stacked(List<Value> states) {
        return ops.concat(
                batchFirst ? 1 : 0,
                states.stream()
                        .map(state -> ops.unsqueeze(state, batchFirst ? 1 : 0))
                        .toArray(Value[]::new));
    }

    private interface Function {
        Value of(Value x);
    }

    private Function activation(String name) {
        float[] alpha = call.attributes().reals("activation_alpha");
        float[] beta = call.attributes().reals("activation_beta");
        Attributes none = Attributes.NONE;
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "sigmoid" -> ops::sigmoid;
            case "tanh" -> ops::tanh;
            case "relu" -> ops::relu;
            case "softsign" -> x -> node(OpType.SOFTSIGN, none, x);
            case "softplus" -> x -> node(OpType.SOFTPLUS, none, x);
            case "hardsigmoid" -> {
                Attributes slope =
                        none.with("alpha", next(alpha, alphas++, 0.2f)).with("beta", next(beta, betas++, 0.5f));
                yield x -> node(OpType.HARD_SIGMOID, slope, x);
            }
            case "leakyrelu" -> {
                Attributes slope = none.with("alpha", next(alpha, alphas++, 0.01f));
                yield x -> node(OpType.LEAKY_RELU, slope, x);
            }
            case "elu" -> {
                Attributes slope = none.with("alpha", next(alpha, alphas++, 1));
                yield x -> node(OpType.ELU, slope, x);
            }
            case "affine" -> {
                float factor = next(alpha, alphas++, 1);
                float term = next(beta, betas++, 0);
                yield x -> ops.add(ops.mul(x, factor), ops.constant(term));
            }
            case "scaledtanh" -> {
                float outer = next(alpha, alphas++, 1);
                float inner = next(beta, betas++, 1);
                yield x -> ops.mul(ops.tanh(ops.mul(x, inner)), outer);
            }
            default -> throw new IllegalArgumentException(kind + " with the activation " + name + " is not supported");
        };
    }

    private static float next(float[] given, int index, float otherwise) {
        return index < given.length ? given[index] : otherwise;
    }

    private Value node(OpType op, Attributes attributes, Value x) {
        return ops.node(op, List.of(x), attributes).output(0);
    }

    /** One direction; states are [B,H]. A state that is null is zero: the batch's size may be open. */
    private final class Direction {
        private final int index;
        private final int gates;
        private final boolean backwards;
        private final Value fromInput; // [T,B,G·H], biases of both kinds in it where they are added up
        private final Value recurrent; // [H,G·H]
        private final @Nullable Value stateBias; // [G·H], of a GRU that resets behind its product
        private final @Nullable Value peepholes; // [3·H]
        private final Value[] states = new Value[(int) steps]; // [1,B,H]
        private @Nullable Value state;
        private @Nullable Value cell;

        Direction(int index, int gates) {
            this.index = index;
            this.gates = gates;
            String direction = call.attributes().string("direction", "forward");
            this.backwards = direction.equals("reverse") || index == 1;
            Value x = batchFirst ? ops.transpose(call.in(0), 1, 0, 2) : call.in(0);
            Value product = ops.matMul(x, ops.transpose(row(call.in(1)), 1, 0));
            this.recurrent = ops.transpose(row(call.in(2)), 1, 0);
            this.peepholes = call.has(7) ? row(call.in(7)) : null;
            boolean behind = gates == 3 && call.attributes().integer("linear_before_reset", 0) != 0;
            Value bias = call.has(3) ? row(call.in(3)) : null;
            Value ofInput = bias == null ? null : part(bias, 0, gates);
            Value ofState = bias == null ? null : part(bias, gates, 2 * gates);
            this.stateBias = behind ? ofState : null;
            Value added = ofInput == null || ofState == null ? null : behind ? ofInput : ops.add(ofInput, ofState);
            this.fromInput = added == null ? product : ops.add(product, added);
            this.state = initial(5);
            this.cell = gates == 4 ? initial(6) : null;
        }

        /** This direction's part of [D,…]. */
        private Value row(Value x) {
            return ops.squeeze(ops.slice(x, 0, index, index + 1L, 1), 0);
        }

        private @Nullable Value initial(int input) {
            if (!call.has(input)) {
                return null;
            }
            Value given = call.in(input);
            return batchFirst ? ops.squeeze(ops.slice(given, 1, index, index + 1L, 1), 1) : row(given);
        }

        private Value part(Value x, int first, int last) {
            return ops.slice(x, -1, first * hidden, last * hidden, 1);
        }

        Value state() {
            if (state == null) {
                throw new IllegalArgumentException(kind + " has no steps");
            }
            return state;
        }

        void run(List<Function> functions) {
            for (int i = 0; i < steps; i++) {
                int t = backwards ? (int) steps - 1 - i : i;
                Value x = ops.squeeze(ops.slice(fromInput, 0, t, t + 1L, 1), 0);
                Value before = state;
                Value cellBefore = cell;
                Value after = gates == 1 ? simple(x, functions) : gates == 3 ? gru(x, functions) : lstm(x, functions);
                Value shown = after;
                if (call.has(4)) {
                    Value inside = ops.unsqueeze(ops.less(step(t), call.in(4)), 1); // [B,1]
                    shown = ops.where(inside, after, ops.constant(0));
                    after = before == null ? shown : ops.where(inside, after, before);
                    Value newCell = cell;
                    cell = newCell == null
                            ? null
                            : ops.where(inside, newCell, cellBefore == null ? ops.constant(0) : cellBefore);
                }
                state = after;
                states[t] = ops.unsqueeze(shown, 0);
            }
        }

        private Value step(int t) {
            ElementType element = call.in(4).type().element();
            Value number = ops.constant(new Tensor(
                    new TensorType(ElementType.INT64, Shape.SCALAR),
                    Tensor.ofLongs(t).data()));
            return element == ElementType.INT64 ? number : ops.cast(number, element);
        }

        private Value withState(Value x) {
            return state == null ? x : ops.add(x, ops.matMul(state, recurrent));
        }

        /** h = f(x + h₋·Rᵀ). */
        private Value simple(Value x, List<Function> functions) {
            return functions.get(0).of(withState(x));
        }

        /** z, r = f(x + h₋·Rᵀ), h = (1 - z)⊙g(x + (r⊙h₋)·Rᵀ) + z⊙h₋, or with the reset behind the product. */
        private Value gru(Value x, List<Function> functions) {
            Value before = state;
            Value product = before == null ? null : ops.matMul(before, recurrent);
            if (stateBias != null) {
                product = product == null ? stateBias : ops.add(product, stateBias);
            }
            Value sums = product == null ? part(x, 0, 2) : ops.add(part(x, 0, 2), part(product, 0, 2));
            Value zr = functions.get(0).of(sums);
            Value z = part(zr, 0, 1);
            Value r = part(zr, 1, 2);
            Value candidate = part(x, 2, 3);
            boolean behind = call.attributes().integer("linear_before_reset", 0) != 0;
            if (behind && product != null) {
                candidate = ops.add(candidate, ops.mul(r, part(product, 2, 3)));
            } else if (before != null) {
                candidate = ops.add(candidate, ops.matMul(ops.mul(r, before), part(recurrent, 2, 3)));
            }
            Value fresh = ops.mul(ops.sub(ops.constant(1), z), functions.get(1).of(candidate));
            return before == null ? fresh : ops.add(fresh, ops.mul(z, before));
        }

        /** i, o, f = f(x + h₋·Rᵀ + p⊙c₋), c = f⊙c₋ + i⊙g(x + h₋·Rᵀ), h = o⊙h(c); o sees the new cell. */
        private Value lstm(Value x, List<Function> functions) {
            Value sums = withState(x);
            Value before = cell;
            Value i = functions.get(0).of(peeped(part(sums, 0, 1), before, 0));
            Value f = call.attributes().integer("input_forget", 0) != 0
                    ? ops.sub(ops.constant(1), i)
                    : functions.get(0).of(peeped(part(sums, 2, 3), before, 2));
            Value added = ops.mul(i, functions.get(1).of(part(sums, 3, 4)));
            Value now = before == null ? added : ops.add(ops.mul(f, before), added);
            cell = now;
            Value o = functions.get(0).of(peeped(part(sums, 1, 2), now, 1));
            return ops.mul(o, functions.get(2).of(now));
        }

        private Value peeped(Value sum, @Nullable Value seen, int gate) {
            return peepholes == null || seen == null
                    ? sum
                    : ops.add(sum, ops.mul(seen, part(peepholes, gate, gate + 1)));
        }
    }
}

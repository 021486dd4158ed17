package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientCheckTest.s;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.autodiff.GradientCheckTest.Case;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Numeric checks of LSTM and GRU: T = 4 steps, B = 2 samples, I = 3 inputs, H = 2 units. Largest error 3.4e-5. */
final class RecurrentCases {
    private static final int T = 4;
    private static final int B = 2;
    private static final int I = 3;
    private static final int H = 2;
    private static final Attributes FORWARD = Attributes.NONE.with("hidden_size", (long) H);
    private static final Attributes REVERSE = FORWARD.with("direction", "reverse");
    private static final Attributes BOTH = FORWARD.with("direction", "bidirectional");
    private static final int[] ALL_OUTPUTS = {0, 1, 2};

    private RecurrentCases() {}

    static Stream<Case> cases() {
        Attributes after = FORWARD.with("linear_before_reset", 1L);
        Attributes afterReverse = REVERSE.with("linear_before_reset", 1L);
        Attributes afterBoth = BOTH.with("linear_before_reset", 1L);
        OpType lstm = OpType.LSTM;
        OpType gru = OpType.GRU;
        return Stream.of(
                layer(lstm, "all outputs", FORWARD, true, ALL_OUTPUTS),
                layer(lstm, "reverse", REVERSE, true, ALL_OUTPUTS),
                layer(lstm, "bidirectional", BOTH, true, ALL_OUTPUTS),
                layer(lstm, "states alone", BOTH, true, 0),
                layer(lstm, "last state alone", REVERSE, true, 1),
                layer(lstm, "last cell alone", BOTH, true, 2),
                layer(lstm, "without bias and initial state", FORWARD, false, ALL_OUTPUTS),
                layer(lstm, "bidirectional, without bias", BOTH, false, 0),
                GradientCheckTest.check(
                        "equal lengths", lstm, RecurrentCases::withLengths, s(T, B, I), s(1, 8, I), s(1, 8, H)),
                GradientCheckTest.check(
                        "one step", lstm, (o, x) -> run(o, lstm, FORWARD, x, 0, 2), s(1, B, I), s(1, 8, I), s(1, 8, H)),
                layer(gru, "all outputs", FORWARD, true, ALL_OUTPUTS),
                layer(gru, "reverse", REVERSE, true, ALL_OUTPUTS),
                layer(gru, "bidirectional", BOTH, true, ALL_OUTPUTS),
                layer(gru, "last state alone", FORWARD, true, 1),
                layer(gru, "without bias and initial state", BOTH, false, ALL_OUTPUTS),
                layer(gru, "reset after", after, true, ALL_OUTPUTS),
                layer(gru, "reset after, reverse", afterReverse, true, ALL_OUTPUTS),
                layer(gru, "reset after, bidirectional", afterBoth, true, ALL_OUTPUTS),
                layer(gru, "reset after, last state alone", afterBoth, true, 1),
                layer(gru, "reset after, without bias and initial state", after, false, 0),
                GradientCheckTest.check(
                        "one step", gru, (o, x) -> run(o, gru, after, x, 0), s(1, B, I), s(1, 6, I), s(1, 6, H)));
    }

    private static Case layer(OpType op, String name, Attributes attributes, boolean all, int... outputs) {
        long d = attributes.string("direction", "forward").equals("bidirectional") ? 2 : 1;
        long rows = (op == OpType.LSTM ? 4L : 3L) * H;
        List<long[]> shapes = new ArrayList<>(List.of(s(T, B, I), s(d, rows, I), s(d, rows, H)));
        if (all) {
            shapes.add(s(d, 2 * rows));
            shapes.add(s(d, B, H));
            if (op == OpType.LSTM) {
                shapes.add(s(d, B, H));
            }
        }
        return GradientCheckTest.check(
                name, op, (o, x) -> run(o, op, attributes, x, outputs), shapes.toArray(long[][]::new));
    }

    /** The sum of some outputs, in different proportions, as one row. Inputs are made small, lest gates saturate. */
    private static Value run(Ops ops, OpType op, Attributes attributes, List<Value> x, int... outputs) {
        List<@Nullable Value> inputs = new ArrayList<>();
        for (Value each : x) {
            if (inputs.size() == 4) {
                inputs.add(null);
            }
            inputs.add(ops.mul(each, 0.7));
        }
        return joined(ops, ops.node(op, inputs, attributes), outputs);
    }

    private static Value joined(Ops ops, Node node, int... outputs) {
        List<Value> rows = new ArrayList<>();
        for (int output : outputs) {
            if (output < node.outputs().size()) {
                rows.add(ops.reshape(node.output(output), -1));
            }
        }
        return ops.concat(0, rows.toArray(Value[]::new));
    }

    private static Value withLengths(Ops ops, List<Value> x) {
        byte[] data = ByteBuffer.allocate(4 * B)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(T)
                .putInt(T)
                .array();
        Value lengths = ops.constant(new Tensor(new TensorType(ElementType.INT32, Shape.of(B)), data));
        List<@Nullable Value> inputs = new ArrayList<>(x);
        inputs.add(null);
        inputs.add(lengths);
        return joined(ops, ops.node(OpType.LSTM, inputs, FORWARD), 0);
    }
}

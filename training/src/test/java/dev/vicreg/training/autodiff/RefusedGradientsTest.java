package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientCheckTest.s;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Forms of ruled operators that have no gradient here: each is refused in one line that names place and reason. */
final class RefusedGradientsTest {
    /** An application; a null among the shapes leaves that input out. */
    record Case(OpType op, Attributes attributes, String reason, long @Nullable []... shapes) {
        @Override
        public String toString() {
            return op + ": " + reason;
        }
    }

    private static Case lstm(Attributes attributes, String reason) {
        return new Case(OpType.LSTM, attributes.with("hidden_size", 2L), reason, s(4, 2, 3), s(1, 8, 3), s(1, 8, 2));
    }

    static Stream<Case> cases() {
        Attributes none = Attributes.NONE;
        Attributes counted = none.with("kernel_shape", 3L, 1L).with("count_include_pad", 1L);
        Attributes columns = Ops.window(2, 2, 0).with("storage_order", 1L);
        return Stream.of(
                lstm(none.with("layout", 1L), "layout 1"),
                lstm(none.with("clip", 3f), "the attribute clip"),
                lstm(none.with("input_forget", 1L), "input_forget 1"),
                lstm(none.with("activations", List.of("Sigmoid", "Tanh", "Relu")), "expected the default ones"),
                new Case(
                        OpType.LSTM,
                        none,
                        "peepholes",
                        s(4, 2, 3),
                        s(1, 8, 3),
                        s(1, 8, 2),
                        null,
                        null,
                        null,
                        null,
                        s(1, 6)),
                new Case(
                        OpType.GRU,
                        none,
                        "sequence_lens that may differ from the 4 steps",
                        s(4, 2, 3),
                        s(1, 6, 3),
                        s(1, 6, 2),
                        null,
                        s(2)),
                new Case(OpType.MAX_POOL, columns, "storage_order 1", s(1, 1, 4, 4)),
                new Case(
                        OpType.AVERAGE_POOL,
                        counted.with("pads", 1L, 0L, 1L, 0L),
                        "counts the padding [1, 0, 1, 0] wrongly",
                        s(1, 1, 5, 4)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void refusalNamesPlaceAndReason(Case each) {
        Ops ops = new Ops().scope("here");
        List<@Nullable Value> inputs = new ArrayList<>();
        List<Value> sources = new ArrayList<>();
        for (long @Nullable [] shape : each.shapes) {
            if (shape == null) {
                inputs.add(null);
                continue;
            }
            boolean lengths = each.op == OpType.GRU && inputs.size() == 4;
            TensorType type = new TensorType(lengths ? ElementType.INT32 : ElementType.FLOAT, Shape.of(shape));
            Value input = Value.input("x" + inputs.size(), type);
            inputs.add(input);
            sources.add(input);
        }
        Value loss = ops.reduceSum(ops.node(each.op, inputs, each.attributes).output(0), false);
        String message = String.valueOf(assertThrows(
                        IllegalArgumentException.class, () -> Backward.gradients(loss, sources.subList(0, 1)))
                .getMessage());
        assertTrue(message.startsWith("No gradient for " + each.op.onnxName() + " at here"), message);
        assertTrue(message.contains(each.reason), message);
        assertTrue(message.lines().count() == 1, message);
    }

    /** A function of x [4,4] that reads constants too. */
    record Form(String reason, BiFunction<Ops, Value, Value> build) {
        @Override
        public String toString() {
            return reason;
        }
    }

    private static Value resize(Ops ops, Value x, Attributes attributes) {
        Value scales = ops.constant(Tensor.of(Shape.of(2), 2, 2));
        return ops.node(OpType.RESIZE, Arrays.asList(x, null, scales), attributes)
                .output(0);
    }

    private static Value scatter(Ops ops, Value x, OpType op, String reduction) {
        Value places = ops.reshape(ops.longs(1, 0), 1, 2);
        Value updates = ops.constant(Tensor.filled(op == OpType.SCATTER_ND ? Shape.of(1) : Shape.of(1, 2), 3));
        return ops.node(op, List.of(x, places, updates), Attributes.NONE.with("reduction", reduction))
                .output(0);
    }

    static Stream<Form> forms() {
        Attributes linear = Attributes.NONE.with("mode", "linear");
        return Stream.of(
                new Form(
                        "coordinates tf_crop_and_resize",
                        (o, x) -> resize(o, x, linear.with("coordinate_transformation_mode", "tf_crop_and_resize"))),
                new Form("with reduction mul", (o, x) -> scatter(o, x, OpType.SCATTER_ELEMENTS, "mul")),
                new Form("with reduction max", (o, x) -> scatter(o, x, OpType.SCATTER_ND, "max")),
                new Form(
                        "Pad at here with mode mirror",
                        (o, x) -> o.node(
                                        OpType.PAD,
                                        List.of(x, o.longs(1, 1, 1, 1)),
                                        Attributes.NONE.with("mode", "mirror"))
                                .output(0)));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void formsThatMoveElementsAreRefused(Form each) {
        Ops ops = new Ops().scope("here");
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, Shape.of(4, 4)));
        Value y = each.build.apply(ops, x);
        Value loss = ops.reduceSum(y, false);
        String message =
                String.valueOf(assertThrows(IllegalArgumentException.class, () -> Backward.gradients(loss, List.of(x)))
                        .getMessage());
        assertTrue(message.startsWith("No gradient for ") && message.contains(" at here"), message);
        assertTrue(message.contains(each.reason), message);
        assertTrue(message.lines().count() == 1, message);
    }
}

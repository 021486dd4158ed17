package dev.vicreg.models.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MultiplyAddsTest {
    private final Ops ops = new Ops();

    private static Value input(long... shape) {
        return Value.input("x" + shape.length, new TensorType(ElementType.FLOAT, Shape.of(shape)));
    }

    private static Value weights(long... shape) {
        return Value.constant(null, Tensor.filled(Shape.of(shape), 0));
    }

    private static MultiplyAdds count(Value x, Value y) {
        return MultiplyAdds.of(Graph.of("g", List.of(x), Map.of("y", y)));
    }

    /** Every figure is worked out by hand. */
    @Test
    void productsAreCounted() {
        Value x = input(1, 6, 8, 8);
        Attributes grouped = Ops.window(3, 2, 1).with("group", 2L);
        assertEquals(
                4 * 4 * 4 * (3 * 3 * 3),
                count(x, ops.conv(x, weights(4, 3, 3, 3), null, grouped)).total());
        Attributes twice = Attributes.NONE.with("strides", 2L, 2L);
        assertEquals(
                6 * 8 * 8 * (5 * 2 * 2),
                count(x, ops.convTranspose(x, weights(6, 5, 2, 2), null, twice)).total());
        Value rows = input(2, 7);
        assertEquals(
                2 * 7 * 5,
                count(rows, ops.gemm(rows, weights(5, 7), weights(5), false, true))
                        .total());
        assertEquals(
                2 * 7 * 5,
                count(rows, ops.gemm(weights(7, 5), rows, null, true, true)).total());
        Value stack = input(3, 4, 5);
        assertEquals(
                3 * 4 * 5 * 6, count(stack, ops.matMul(stack, weights(5, 6))).total());
        assertEquals(
                3 * 4 * 5 * 6,
                count(stack, ops.einsum("btc,cd->btd", stack, weights(5, 6))).total());
        Value gru = ops.node(
                        OpType.GRU,
                        List.of(stack, weights(2, 3 * 7, 5), weights(2, 3 * 7, 7)),
                        Attributes.NONE.with("hidden_size", 7L).with("direction", "bidirectional"))
                .output(0);
        assertEquals(3 * 4 * 2 * (3 * 7) * (5 + 7), count(stack, gru).total());
    }

    @Test
    void sumsAreByOperatorAndOpenSizesAreNamed() {
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.of(4)))));
        Value open = ops.scope("open").matMul(x, weights(4, 4));
        MultiplyAdds work = count(x, ops.add(open, ops.matMul(weights(1, 4), weights(4, 4))));
        assertEquals(Map.of(OpType.MAT_MUL, 16L), work.byOperator());
        assertEquals("MatMul at open", work.unknown().get(0).toString());
        assertTrue(count(x, ops.relu(x)).byOperator().isEmpty());
    }
}

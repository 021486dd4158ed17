package dev.vicreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.ops.Ops;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@link ShapeValues} tells before the graph runs is what ONNX Runtime computes. */
class ShapeValuesInRuntimeTest {
    private static final Attributes NONE = Attributes.NONE;
    private static final Ops OPS = new Ops();
    private final Map<String, Value> values = new LinkedHashMap<>();

    private Value add(OpType op, Attributes attributes, Value... inputs) {
        Value value = OPS.node(op, Arrays.asList(inputs), attributes).output(0);
        values.put(op + "_" + values.size(), value);
        return value;
    }

    private Value add(OpType op, Value... inputs) {
        return add(op, NONE, inputs);
    }

    @Test
    void elementsAreThoseThatTheRuntimeComputes() {
        Shape of = Shape.of(2, 3, 8, 15);
        Value x = Value.input("x", new TensorType(ElementType.FLOAT, of));
        Value shape = add(OpType.SHAPE, x);
        add(OpType.SHAPE, NONE.with("start", -3L).with("end", 3L), x);
        add(OpType.SIZE, x);
        movements(shape);
        arithmetic(shape);
        reals(shape);
        conditions(shape);

        Map<String, Tensor> found =
                GraphRunner.run(Graph.of("values", List.of(x), values), Map.of("x", Tensor.filled(of, 1)));
        assertEquals(values.keySet(), found.keySet());
        found.forEach((name, tensor) -> {
            Value value = values.get(name);
            assertTrue(value != null && value.shape().equals(tensor.shape()), name + " is of " + tensor.shape());
            switch (tensor.type().element()) {
                case FLOAT ->
                    assertArrayEquals(
                            toDoubles(tensor), ShapeValues.reals(value).orElseThrow(), name);
                case BOOL ->
                    assertArrayEquals(toLongs(tensor), ShapeValues.longs(value).orElseThrow(), name);
                default ->
                    assertArrayEquals(tensor.longs(), ShapeValues.longs(value).orElseThrow(), name);
            }
        });
    }

    private void movements(Value shape) {
        add(OpType.GATHER, shape, OPS.reshape(OPS.longs(3, -4, 0, 1), 2, 2));
        Value table = add(OpType.RESHAPE, OPS.concat(0, shape, OPS.longs(7, -1)), OPS.longs(2, -1));
        add(OpType.GATHER, NONE.with("axis", -1L), table, OPS.longs(2, 0, -1));
        add(OpType.TRANSPOSE, table);
        add(OpType.TRANSPOSE, NONE.with("perm", 1L, 2L, 0L), OPS.unsqueeze(table, 0));
        add(OpType.SLICE, table, OPS.longs(-1, 0), OPS.longs(Long.MIN_VALUE, 3), OPS.longs(0, 1), OPS.longs(-1, 2));
        add(OpType.EXPAND, OPS.slice(table, 1, 0, 1, 1), OPS.longs(2, 2, 3));
        add(OpType.TILE, table, OPS.longs(2, 3));
        add(OpType.FLATTEN, NONE.with("axis", 0L), table);
        values.put("split", OPS.split(table, 1, 1, 2).get(1));
        Value replaced = add(OpType.SCATTER_ND, shape, OPS.reshape(OPS.longs(-1, 0), 2, 1), OPS.longs(9, 8));
        add(OpType.CONSTANT_OF_SHAPE, NONE.with("value", Tensor.ofLongs(-3)), OPS.slice(replaced, 0, 0, 2, 1));
        add(OpType.CONSTANT, NONE.with("value_ints", 4L, -5L));
        add(
                OpType.RANGE,
                OPS.constant(Tensor.ofLong(10)),
                OPS.constant(Tensor.ofLong(0)),
                OPS.constant(Tensor.ofLong(-3)));
    }

    private void arithmetic(Value shape) {
        Value other = OPS.longs(5, -2, 3, 4);
        for (OpType op : List.of(OpType.ADD, OpType.SUB, OpType.MUL, OpType.DIV, OpType.MOD, OpType.MIN, OpType.MAX)) {
            add(op, shape, other);
            add(op, OPS.neg(shape), OPS.longs(4));
        }
        add(OpType.MAX, shape, OPS.longs(3), other);
        add(OpType.ADD, OPS.reshape(shape, 4, 1), OPS.longs(1, 2));
        Value pairs = OPS.reshape(shape, 2, 2);
        for (OpType op : List.of(OpType.REDUCE_PROD, OpType.REDUCE_SUM, OpType.REDUCE_MAX, OpType.REDUCE_MIN)) {
            add(op, shape);
            add(op, NONE.with("keepdims", 0L), pairs, OPS.longs(0, 1));
        }
    }

    private void reals(Value shape) {
        Value real = add(OpType.CAST, NONE.with("to", (long) ElementType.FLOAT.code()), shape);
        Value odd = add(OpType.MUL, real, OPS.constant(0.7f));
        Value signed = add(OpType.SUB, odd, OPS.constant(2.5f));
        add(OpType.DIV, real, OPS.constant(3));
        add(OpType.POW, real, OPS.constant(0.5f));
        add(OpType.SQRT, real);
        add(OpType.NEG, signed);
        for (OpType op : List.of(OpType.FLOOR, OpType.CEIL, OpType.ROUND)) {
            add(op, signed);
        }
        add(OpType.ROUND, OPS.mul(real, 0.5));
        add(OpType.CAST, NONE.with("to", (long) ElementType.INT64.code()), signed);
        add(OpType.CAST, NONE.with("to", (long) ElementType.BOOL.code()), OPS.sub(shape, OPS.longs(3)));
    }

    private void conditions(Value shape) {
        Value three = OPS.longs(3);
        Value equal = add(OpType.EQUAL, shape, three);
        Value less = add(OpType.LESS, shape, three);
        for (OpType op : List.of(OpType.GREATER, OpType.GREATER_OR_EQUAL, OpType.LESS_OR_EQUAL)) {
            add(op, shape, three);
        }
        add(OpType.AND, equal, less);
        add(OpType.OR, equal, less);
        add(OpType.NOT, less);
        add(OpType.WHERE, equal, OPS.longs(-1), shape);
    }

    private static double[] toDoubles(Tensor tensor) {
        double[] doubles = new double[tensor.floats().length];
        Arrays.setAll(doubles, i -> tensor.floats()[i]);
        return doubles;
    }

    private static long[] toLongs(Tensor tensor) {
        long[] longs = new long[tensor.data().length];
        Arrays.setAll(longs, i -> tensor.data()[i]);
        return longs;
    }
}

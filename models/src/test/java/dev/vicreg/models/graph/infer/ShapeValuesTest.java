package dev.vicreg.models.graph.infer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.KnownElement;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shapes from chains as PyTorch's exporter writes them, with a fixed batch and a symbolic one. */
class ShapeValuesTest {
    private static final Attributes NONE = Attributes.NONE;
    private static final Ops OPS = new Ops();

    private static Value one(OpType op, Attributes attributes, Value... inputs) {
        return OPS.node(op, Arrays.asList(inputs), attributes).output(0);
    }

    private static Value one(OpType op, Value... inputs) {
        return one(op, NONE, inputs);
    }

    private static Value input(String batch, long... rest) {
        Dim first = batch.matches("[0-9]+") ? Dim.of(Long.parseLong(batch)) : Dim.symbol(batch);
        List<Dim> dims = new ArrayList<>(List.of(first));
        Arrays.stream(rest).mapToObj(Dim::of).forEach(dims::add);
        return Value.input("x", new TensorType(ElementType.FLOAT, new Shape(dims)));
    }

    private static Value number(long value) {
        return one(OpType.CONSTANT, NONE.with("value", Tensor.ofLong(value)));
    }

    /** {@code x.size(axis)}: a scalar. */
    private static Value size(Value x, long axis) {
        return OPS.gather(one(OpType.SHAPE, x), number(axis), 0);
    }

    /** Scalars as a row. */
    private static Value row(Value... scalars) {
        return OPS.concat(
                0,
                Arrays.stream(scalars).map(scalar -> OPS.unsqueeze(scalar, 0)).toArray(Value[]::new));
    }

    private static Value reshape(Value x, Value... sizes) {
        return one(OpType.RESHAPE, x, row(sizes));
    }

    private static String dims(Value value) {
        return value.shape().toString().replaceAll("\\?[0-9]+", "?");
    }

    @ParameterizedTest
    @CsvSource({"4, '[4,24]'", "N, '[N,24]'"})
    void view(String batch, String expected) {
        Value x = input(batch, 2, 3, 4);
        assertEquals(expected, dims(reshape(x, size(x, 0), number(-1))));
    }

    /** {@code x.flatten(2).transpose(1, 2)}: patches as tokens. */
    @ParameterizedTest
    @CsvSource({"4, '[4,12,2]'", "N, '[N,12,2]'"})
    void flatten(String batch, String expected) {
        Value x = input(batch, 2, 3, 4);
        Value kept = OPS.slice(one(OpType.SHAPE, x), 0, 0, 2, 1);
        Value flat = one(OpType.RESHAPE, x, OPS.concat(0, kept, OPS.longs(-1)));
        assertEquals(expected, dims(OPS.transpose(flat, 0, 2, 1)));
    }

    /** {@code torch.cat((cls.expand(x.size(0), -1, -1), x), 1)}. */
    @ParameterizedTest
    @CsvSource({"4, '[4,6,8]'", "N, '[N,6,8]'"})
    void expand(String batch, String expected) {
        Value x = input(batch, 5, 8);
        Value target = one(OpType.RESHAPE, row(size(x, 0), number(-1), number(-1)), OPS.longs(-1));
        Value ones = one(OpType.CONSTANT_OF_SHAPE, NONE.with("value", Tensor.ofLongs(1)), one(OpType.SHAPE, target));
        Value minus = OPS.mul(ones, number(-1));
        Value sizes = OPS.where(one(OpType.EQUAL, target, minus), ones, target);
        Value token = Value.input("cls", new TensorType(ElementType.FLOAT, Shape.of(1, 1, 8)));
        assertEquals(expected, dims(OPS.concat(1, one(OpType.EXPAND, token, sizes), x)));
    }

    /** {@code F.interpolate(x, scale_factor=1.5)}. */
    @ParameterizedTest
    @CsvSource({"4, '[4,3,7,10]'", "N, '[N,3,7,10]'"})
    void interpolate(String batch, String expected) {
        Value x = input(batch, 3, 5, 7);
        Value[] sizes = {size(x, 0), size(x, 1), scaled(size(x, 2), 1.5f), scaled(size(x, 3), 1.5f)};
        Value resized = OPS.node(OpType.RESIZE, Arrays.asList(x, null, null, row(sizes)), NONE)
                .output(0);
        assertEquals(expected, dims(resized));
    }

    private static Value scaled(Value size, float factor) {
        Value real = OPS.mul(OPS.cast(size, ElementType.FLOAT), OPS.constant(factor));
        return OPS.cast(one(OpType.FLOOR, real), ElementType.INT64);
    }

    @Test
    void interpolateWithSymbolicSizes() {
        Value x = Value.input(
                "x",
                new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.of(1), Dim.symbol("H"), Dim.symbol("W")))));
        Value[] sizes = {size(x, 0), scaled(size(x, 1), 2), scaled(size(x, 2), 0.5f)};
        Value resized = OPS.node(OpType.RESIZE, Arrays.asList(x, null, null, row(sizes)), NONE)
                .output(0);
        assertEquals("[1,2*H,?]", dims(resized));
    }

    /** Swin: into windows of 4×4 and back, with the batch recovered as {@code windows.size(0) / (H * W / 4 / 4)}. */
    @ParameterizedTest
    @CsvSource({"4, '[24,4,4,5]', '[4,8,12,5]'", "N, '[6*N,4,4,5]', '[N,8,12,5]'"})
    void windows(String batch, String expectedWindows, String expected) {
        Value x = input(batch, 8, 12, 5);
        Value high = OPS.div(size(x, 1), number(4));
        Value wide = OPS.div(size(x, 2), number(4));
        Value apart = reshape(x, size(x, 0), high, number(4), wide, number(4), size(x, 3));
        Value windows = reshape(OPS.transpose(apart, 0, 1, 3, 2, 4, 5), number(-1), number(4), number(4), size(x, 3));
        assertEquals(expectedWindows, dims(windows));

        Value area = OPS.div(OPS.div(OPS.mul(size(x, 1), size(x, 2)), number(4)), number(4));
        Value count = OPS.div(OPS.cast(size(windows, 0), ElementType.FLOAT), OPS.cast(area, ElementType.FLOAT));
        Value first = OPS.cast(OPS.cast(count, ElementType.INT64), ElementType.INT64);
        Value together = reshape(windows, first, high, wide, number(4), number(4), number(-1));
        Value back = reshape(OPS.transpose(together, 0, 1, 3, 2, 4, 5), first, size(x, 1), size(x, 2), number(-1));
        assertEquals(expected, dims(back));
    }

    /** {@code F.pad(x, (0, 0, 0, (4 - W % 4) % 4, 0, (4 - H % 4) % 4))}: the list of pads, filled up and reordered. */
    @ParameterizedTest
    @CsvSource({"4, '[4,8,12,5]'", "N, '[N,8,12,5]'"})
    void padding(String batch, String expected) {
        Value x = input(batch, 7, 12, 5);
        Value given = row(number(0), number(0), number(0), missing(size(x, 2)), number(0), missing(size(x, 1)));
        Value rank = OPS.constant(Tensor.ofLongs(4));
        Value count = OPS.sub(OPS.mul(rank, OPS.longs(2)), OPS.longs(6));
        Value zeros = one(OpType.CONSTANT_OF_SHAPE, NONE.with("value", Tensor.ofLongs(0)), count);
        Value pairs = OPS.reshape(OPS.concat(0, given, zeros), -1, 2);
        Value ordered = OPS.reshape(OPS.transpose(OPS.reverse(pairs, 0), 1, 0), -1);
        assertEquals(expected, dims(one(OpType.PAD, x, OPS.cast(ordered, ElementType.INT64))));
    }

    private static Value missing(Value size) {
        return one(OpType.MOD, OPS.sub(number(4), one(OpType.MOD, size, number(4))), number(4));
    }

    /** {@code torch.arange(x.size(1)).unsqueeze(0).expand(x.size(0), -1)} and a table of positions. */
    @Test
    void positions() {
        Value x = Value.input(
                "x", new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.symbol("T")))));
        Value places = OPS.unsqueeze(one(OpType.RANGE, number(0), size(x, 1), number(1)), 0);
        Value all = one(OpType.EXPAND, places, row(size(x, 0), size(x, 1)));
        Value table = Value.input("table", new TensorType(ElementType.FLOAT, Shape.of(100, 16)));
        assertEquals("[N,T,16]", dims(OPS.gather(table, all, 0)));
    }

    /** A shape cut in parts, changed in one place, multiplied up and put together again. */
    @ParameterizedTest
    @CsvSource({"4, '[4,1,60]'", "N, '[N,1,60]'"})
    void partsOfShapes(String batch, String expected) {
        Value x = input(batch, 3, 4, 5);
        List<Value> parts = OPS.split(one(OpType.SHAPE, x), 0, 1, 3);
        Value rest = one(OpType.REDUCE_PROD, NONE.with("keepdims", 0L), parts.get(1));
        Value changed = one(
                OpType.SCATTER_ND,
                OPS.longs(0, 1, 0),
                OPS.reshape(OPS.longs(0, 2), 2, 1),
                OPS.concat(0, parts.get(0), OPS.unsqueeze(rest, 0)));
        assertEquals(expected, dims(one(OpType.RESHAPE, x, changed)));
    }

    @ParameterizedTest
    @CsvSource({"4, '[4,8,5]'", "N, '[N,8,5]'"})
    void repeats(String batch, String expected) {
        Value x = input(batch, 3);
        Value larger = one(OpType.MAX, size(x, 1), number(8));
        Value smaller = one(OpType.MIN, number(5), number(9), larger);
        Value same = one(OpType.WHERE, one(OpType.GREATER, size(x, 1), number(2)), size(x, 0), number(7));
        Value row = Value.input("row", new TensorType(ElementType.FLOAT, Shape.of(1, 1, 1)));
        assertEquals(expected, dims(one(OpType.TILE, row, row(same, larger, smaller))));
    }

    @Test
    void elementsOfConstantNodes() {
        assertArrayEquals(
                new long[] {7},
                ShapeValues.longs(one(OpType.CONSTANT, NONE.with("value_int", 7L)))
                        .orElseThrow());
        assertArrayEquals(
                new long[] {},
                ShapeValues.longs(one(OpType.CONSTANT, NONE.with("value_ints", new long[0])))
                        .orElseThrow());
        Value real = one(OpType.CONSTANT, NONE.with("value_floats", 0.5f, 2f));
        assertArrayEquals(new double[] {0.5, 2}, ShapeValues.reals(real).orElseThrow());
        assertEquals(Tensor.of(Shape.of(2), 0.5f, 2), real.constant());
        assertTrue(!real.isInput());
    }

    /** What isn't a whole multiple of a symbol is a symbol of its own, and nothing follows from it. */
    @Test
    void expressionsOfSymbolsAreUnknown() {
        Value x = input("N", 6);
        Value sum = OPS.add(size(x, 0), number(1));
        assertEquals("[?,6]", dims(one(OpType.CONSTANT_OF_SHAPE, row(sum, number(6)))));
        assertEquals("[?]", dims(one(OpType.CONSTANT_OF_SHAPE, row(OPS.div(size(x, 0), number(2))))));
        assertEquals("[?]", dims(one(OpType.CONSTANT_OF_SHAPE, row(scaled(size(x, 0), 0.5f)))));
        assertEquals("[?]", dims(one(OpType.CONSTANT_OF_SHAPE, row(one(OpType.MOD, size(x, 0), number(2))))));
        assertEquals("[?]", dims(one(OpType.CONSTANT_OF_SHAPE, row(OPS.mul(size(x, 0), size(x, 0))))));
        Value maybe = OPS.where(one(OpType.EQUAL, OPS.sub(size(x, 0), number(3)), number(-1)), number(4), number(5));
        assertEquals("[?]", dims(one(OpType.CONSTANT_OF_SHAPE, row(maybe))));
        assertEquals("[0]", dims(one(OpType.CONSTANT_OF_SHAPE, row(OPS.sub(size(x, 0), size(x, 0))))));
    }

    /** What the exporter's Where in an expansion asks of every size. */
    @Test
    void sizesAreNotNegative() {
        Value x = Value.input(
                "x", new TensorType(ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), Dim.symbol("T")))));
        Value product = OPS.mul(size(x, 0), size(x, 1));
        Value half = OPS.div(size(x, 1), number(2));
        for (Value size : List.of(size(x, 0), product, half, OPS.add(product, half))) {
            assertArrayEquals(
                    new long[] {0},
                    ShapeValues.longs(one(OpType.EQUAL, size, number(-1))).orElseThrow());
        }
        assertTrue(ShapeValues.longs(one(OpType.EQUAL, OPS.sub(half, number(1)), number(-1)))
                .isEmpty());
    }

    /** One unknown size stays the same wherever it is read, and differs from another. */
    @Test
    void anUnknownIsItself() {
        Value x = input("N", 6);
        Value sum = OPS.add(size(x, 0), number(1));
        Shape first = one(OpType.CONSTANT_OF_SHAPE, row(sum)).shape();
        assertEquals(first, one(OpType.CONSTANT_OF_SHAPE, row(sum)).shape());
        assertNotEquals(
                first,
                one(OpType.CONSTANT_OF_SHAPE, row(OPS.add(size(x, 0), number(1))))
                        .shape());
    }

    @Test
    void largeTensorsAreNotLookedInto() {
        Value zeros =
                one(OpType.CONSTANT_OF_SHAPE, NONE.with("value", Tensor.ofLongs(0)), OPS.longs(KnownElement.LIMIT + 1));
        assertTrue(ShapeValues.longs(zeros).isEmpty());
        assertEquals(2000, ShapeValues.longs(OPS.longs(new long[2000])).orElseThrow().length);
    }

    @Test
    void multiplesOfSymbols() {
        Dim n = Dim.symbol("N");
        assertEquals(Dim.symbol("12*N"), n.times(4).times(3));
        assertEquals(Dim.symbol("3*N"), n.times(12).over(Dim.of(4)).orElseThrow());
        assertEquals(Dim.of(4), n.times(12).over(n.times(3)).orElseThrow());
        assertTrue(n.times(6).over(Dim.of(4)).isEmpty());
        assertTrue(n.over(Dim.symbol("M")).isEmpty());
        assertTrue(Dim.of(4).over(Dim.of(0)).isEmpty());
        assertTrue(Dim.symbol("N + 1").times(2).isUnknown());
        assertTrue(Dim.symbol("2*N + 1").over(Dim.of(2)).isEmpty());
        assertEquals(Dim.of(0), n.times(0));
    }
}

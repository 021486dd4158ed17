package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRulesTest.shaped;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRulesTest.Case;
import dev.vicreg.models.ops.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Applications of operators that move elements for {@link ShapeRulesTest}. */
final class StructureShapeCases {
    private static final Attributes NONE = Attributes.NONE;
    private static final Ops OPS = ShapeRulesTest.OPS;

    private StructureShapeCases() {}

    static Stream<Case> cases() {
        return Stream.of(reshapes(), expands(), joins(), gathers(), pads(), resizes(), slices(), counts())
                .flatMap(List::stream);
    }

    private static Value one(OpType op, Attributes attributes, @Nullable Value... inputs) {
        return OPS.node(op, Arrays.asList(inputs), attributes).output(0);
    }

    private static Attributes axis(long axis) {
        return NONE.with("axis", axis);
    }

    private static Value row(Value... parts) {
        return OPS.concat(0, parts);
    }

    /** The size of x along an axis as exporters write it, [1]. */
    private static Value size(Value x, int axis) {
        Value scalar = OPS.gather(one(OpType.SHAPE, NONE, x), OPS.constant(Tensor.ofLong(axis)), 0);
        return OPS.unsqueeze(scalar, 0);
    }

    private static List<Case> reshapes() {
        return List.of(
                shaped("reshape keeping N", "float[N,12]", v -> OPS.reshape(v.get(0), 0, -1), "float[N,3,4]"),
                shaped("reshape inferring N", "float[N,2,6]", v -> OPS.reshape(v.get(0), -1, 2, 6), "float[N,3,4]"),
                shaped("reshape, fixed", "float[2,12]", v -> OPS.reshape(v.get(0), 2, -1), "float[4,6]"),
                shaped("reshape to a row", "float[24]", v -> OPS.reshape(v.get(0), -1), "float[4,6]"),
                shaped(
                        "reshape to a multiple of N",
                        "float[12*N,2]",
                        v -> OPS.reshape(v.get(0), -1, 2),
                        "float[N,6,4]"),
                shaped(
                        "reshape of a multiple of N",
                        "float[N,6,4]",
                        v -> OPS.reshape(v.get(0), -1, 6, 4),
                        "float[12*N,2]"),
                shaped("reshape of two symbols", "float[?,4]", v -> OPS.reshape(v.get(0), -1, 4), "float[N,T,4]"),
                shaped(
                        "reshape by a chain",
                        "float[N,12]",
                        v -> one(OpType.RESHAPE, NONE, v.get(0), row(size(v.get(0), 0), OPS.longs(-1))),
                        "float[N,3,4]"),
                shaped(
                        "reshape to zero",
                        "float[0,3]",
                        v -> one(OpType.RESHAPE, NONE.with("allowzero", 1L), v.get(0), OPS.longs(0, 3)),
                        "float[3,0]"),
                shaped(
                        "reshape to what is fed",
                        "float[?,?]",
                        v -> one(OpType.RESHAPE, NONE, v.get(0), v.get(1)),
                        "float[3,4]",
                        "int64[2]"),
                shaped("flatten", "float[N,12]", v -> OPS.flatten(v.get(0), 1), "float[N,3,2,2]"),
                shaped("flatten late", "float[6,4]", v -> OPS.flatten(v.get(0), 2), "float[2,3,4]"),
                shaped("flatten all", "float[1,24]", v -> OPS.flatten(v.get(0), 0), "float[2,3,4]"),
                shaped("flatten nothing", "float[24,1]", v -> OPS.flatten(v.get(0), 3), "float[2,3,4]"),
                shaped("flatten from the back", "float[3*N,4]", v -> OPS.flatten(v.get(0), -1), "float[N,3,4]"),
                shaped("squeeze", "float[N,4]", v -> OPS.squeeze(v.get(0), -2, 1), "float[N,1,1,4]"),
                shaped("squeeze all", "float[N,4]", v -> one(OpType.SQUEEZE, NONE, v.get(0)), "float[N,1,1,4]"),
                shaped("unsqueeze", "float[1,N,3,1]", v -> OPS.unsqueeze(v.get(0), -1, 0), "float[N,3]"),
                shaped("transpose", "float[N,3,8,9]", v -> OPS.transpose(v.get(0), 0, 3, 1, 2), "float[N,8,9,3]"),
                shaped(
                        "transpose by default",
                        "float[3,2,N]",
                        v -> one(OpType.TRANSPOSE, NONE, v.get(0)),
                        "float[N,2,3]"),
                shaped("trilu", "float[N,3,4]", v -> one(OpType.TRILU, NONE, v.get(0)), "float[N,3,4]"),
                shaped(
                        "depthToSpace",
                        "float[N,2,6,10]",
                        v -> one(OpType.DEPTH_TO_SPACE, NONE.with("blocksize", 2L), v.get(0)),
                        "float[N,8,3,5]"),
                shaped(
                        "spaceToDepth",
                        "float[N,8,3,5]",
                        v -> one(OpType.SPACE_TO_DEPTH, NONE.with("blocksize", 2L), v.get(0)),
                        "float[N,2,6,10]"));
    }

    private static List<Case> expands() {
        return List.of(
                shaped("expand", "float[2,3]", v -> OPS.expand(v.get(0), Shape.of(2, 3)), "float[2,1]"),
                shaped("expand by ones", "float[2,3,4]", v -> OPS.expand(v.get(0), Shape.of(1, 4)), "float[2,3,1]"),
                shaped(
                        "expand to N",
                        "float[N,1,4]",
                        v -> one(OpType.EXPAND, NONE, v.get(0), row(size(v.get(1), 0), OPS.longs(1, 1))),
                        "float[1,1,4]",
                        "float[N,3]"),
                shaped("expand N", "float[N,7]", v -> OPS.expand(v.get(0), Shape.of(1, 7)), "float[N,1]"),
                shaped(
                        "expand to what is fed",
                        "float[?,?,4]",
                        v -> one(OpType.EXPAND, NONE, v.get(0), v.get(1)),
                        "float[1,4]",
                        "int64[3]"),
                shaped("tile", "float[2*N,3]", v -> OPS.tile(v.get(0), 2, 3), "float[N,1]"),
                shaped(
                        "tile by N",
                        "float[N,3]",
                        v -> one(OpType.TILE, NONE, v.get(0), row(size(v.get(1), 0), OPS.longs(1))),
                        "float[1,3]",
                        "float[N,2]"),
                shaped(
                        "tile by what is fed",
                        "float[2*?,3*?]",
                        v -> one(OpType.TILE, NONE, v.get(0), v.get(1)),
                        "float[2,3]",
                        "int64[2]"));
    }

    private static List<Case> joins() {
        return List.of(
                shaped("concat", "float[N,5]", v -> OPS.concat(1, v.get(0), v.get(1)), "float[N,2]", "float[N,3]"),
                shaped(
                        "concat from the back",
                        "float[2,5]",
                        v -> OPS.concat(-1, v.get(0), v.get(1)),
                        "float[2,2]",
                        "float[2,3]"),
                shaped(
                        "concat of symbols",
                        "float[?,3]",
                        v -> OPS.concat(0, v.get(0), v.get(1)),
                        "float[N,3]",
                        "float[1,3]"),
                shaped(
                        "concat of a symbol and nothing",
                        "float[N,3]",
                        v -> OPS.concat(0, v.get(0), v.get(1)),
                        "float[N,3]",
                        "float[0,3]"),
                shaped(
                        "concat beside a size",
                        "float[4,5]",
                        v -> OPS.concat(1, v.get(0), v.get(1)),
                        "float[N,2]",
                        "float[4,3]"),
                shaped(
                        "split",
                        "float[N,2]",
                        v -> OPS.split(v.get(0), 1, 1, 2, 3).get(1),
                        "float[N,6]"),
                shaped(
                        "split in equal parts",
                        "float[N,3]",
                        v -> parts(v.get(0), -1, 2).get(1),
                        "float[N,6]"),
                shaped(
                        "split, the last smaller",
                        "float[N,1]",
                        v -> parts(v.get(0), 1, 3).get(2),
                        "float[N,7]"),
                shaped(
                        "split of a multiple",
                        "float[N,6]",
                        v -> parts(v.get(0), 0, 2).get(1),
                        "float[2*N,6]"),
                shaped(
                        "split of a symbol",
                        "float[?,6]",
                        v -> parts(v.get(0), 0, 2).get(0),
                        "float[N,6]"));
    }

    private static List<Value> parts(Value x, long axis, long count) {
        return OPS.node(OpType.SPLIT, List.of(x), axis(axis).with("num_outputs", count))
                .outputs();
    }

    private static List<Case> gathers() {
        return List.of(
                shaped(
                        "gather",
                        "float[N,2,5,4]",
                        v -> OPS.gather(v.get(0), v.get(1), 1),
                        "float[N,3,4]",
                        "int64[2,5]"),
                shaped("gather one", "float[N,4]", v -> OPS.gather(v.get(0), v.get(1), -2), "float[N,3,4]", "int64[]"),
                shaped(
                        "gather by N",
                        "float[N,T,4]",
                        v -> OPS.gather(v.get(0), v.get(1), 0),
                        "float[100,4]",
                        "int64[N,T]"),
                shaped(
                        "gatherElements",
                        "float[2,4]",
                        v -> one(OpType.GATHER_ELEMENTS, axis(1), v.get(0), v.get(1)),
                        "float[2,3]",
                        "int64[2,4]"),
                shaped(
                        "gatherND",
                        "float[5,4]",
                        v -> one(OpType.GATHER_ND, NONE, v.get(0), v.get(1)),
                        "float[2,3,4]",
                        "int64[5,2]"),
                shaped(
                        "gatherND, batched",
                        "float[N,4]",
                        v -> one(OpType.GATHER_ND, NONE.with("batch_dims", 1L), v.get(0), v.get(1)),
                        "float[N,3,4]",
                        "int64[N,1]"),
                shaped(
                        "scatter",
                        "float[9]",
                        v -> OPS.scatterAdd(v.get(0), v.get(1), v.get(2)),
                        "float[9]",
                        "int64[4]",
                        "float[4]"),
                shaped(
                        "scatter along an axis",
                        "float[N,9]",
                        v -> OPS.scatterAdd(v.get(0), v.get(1), v.get(2), 1),
                        "float[N,9]",
                        "int64[N,4]",
                        "float[N,4]"),
                shaped(
                        "scatterND",
                        "float[N,9]",
                        v -> one(OpType.SCATTER_ND, NONE, v.get(0), v.get(1), v.get(2)),
                        "float[N,9]",
                        "int64[2,1]",
                        "float[2,9]"),
                shaped(
                        "oneHot",
                        "float[N,5]",
                        v -> one(OpType.ONE_HOT, NONE, v.get(0), OPS.longs(5), v.get(1)),
                        "int64[N]",
                        "float[2]"),
                shaped(
                        "oneHot, first axis",
                        "int64[5,N,3]",
                        v -> one(OpType.ONE_HOT, axis(0), v.get(0), OPS.longs(5), v.get(1)),
                        "int64[N,3]",
                        "int64[2]"),
                shaped("nonZero", "int64[2,?]", v -> one(OpType.NON_ZERO, NONE, v.get(0)), "float[N,3]"));
    }

    private static List<Case> pads() {
        return List.of(
                shaped("pad", "float[N,3,7,6]", v -> OPS.pad(v.get(0), 0, 0, 1, 0, 0, 0, 2, 2), "float[N,3,4,4]"),
                shaped("pad off", "float[2,5]", v -> OPS.pad(v.get(0), -1, 0, 0, 2), "float[3,3]"),
                shaped("pad N", "float[?,3]", v -> OPS.pad(v.get(0), 1, 0, 0, 0), "float[N,3]"),
                shaped(
                        "pad axes",
                        "float[N,6]",
                        v -> one(OpType.PAD, NONE, v.get(0), OPS.longs(1, 2), null, OPS.longs(-1)),
                        "float[N,3]"),
                shaped(
                        "pad by what is fed",
                        "float[?,?]",
                        v -> one(OpType.PAD, NONE, v.get(0), v.get(1)),
                        "float[2,3]",
                        "int64[4]"));
    }

    private static Case resize(String name, String expected, Attributes attributes, float[] scales, String input) {
        return shaped(
                name,
                expected,
                v -> one(
                        OpType.RESIZE,
                        attributes,
                        v.get(0),
                        null,
                        OPS.constant(Tensor.of(Shape.of(scales.length), scales))),
                input);
    }

    private static List<Case> resizes() {
        float[] odd = {1, 1, 1.6f, 0.5f};
        Function<List<Value>, Value> doubled = v -> {
            Value twice = OPS.mul(row(size(v.get(0), 2), size(v.get(0), 3)), OPS.longs(2));
            return one(OpType.RESIZE, NONE, v.get(0), null, null, row(size(v.get(0), 0), size(v.get(0), 1), twice));
        };
        return List.of(
                resize("resize by scales", "float[N,3,6,3]", NONE, odd, "float[N,3,4,7]"),
                resize(
                        "resize of given axes",
                        "float[N,3,8,7]",
                        NONE.with("axes", new long[] {2}),
                        new float[] {2},
                        "float[N,3,4,7]"),
                resize("resize of a symbol", "float[N,3,2*H,?]", NONE, new float[] {1, 1, 2, 1.5f}, "float[N,3,H,W]"),
                shaped("resize to sizes", "float[N,3,8,14]", doubled, "float[N,3,4,7]"),
                shaped(
                        "resize to what is fed",
                        "float[?,?,?,?]",
                        v -> one(OpType.RESIZE, NONE, v.get(0), null, null, v.get(1)),
                        "float[1,3,4,4]",
                        "int64[4]"));
    }

    private static List<Case> slices() {
        return List.of(
                shaped("slice", "float[N,3]", v -> OPS.slice(v.get(0), 1, 2, 8, 2), "float[N,9]"),
                shaped(
                        "slice beyond the end",
                        "float[4]",
                        v -> OPS.slice(v.get(0), 0, 5, Long.MAX_VALUE, 1),
                        "float[9]"),
                shaped("slice backwards", "float[9]", v -> OPS.slice(v.get(0), 0, -1, Long.MIN_VALUE, -1), "float[9]"),
                shaped("slice backwards in steps", "float[3]", v -> OPS.slice(v.get(0), 0, 7, 1, -2), "float[9]"),
                shaped("slice of nothing", "float[0]", v -> OPS.slice(v.get(0), 0, 5, 2, 1), "float[9]"),
                shaped(
                        "slice of two axes",
                        "float[2,N,3]",
                        v -> OPS.slice(
                                v.get(0), new long[] {2, 0}, new long[] {1, -2}, new long[] {4, 9}, new long[] {1, 1}),
                        "float[5,N,7]"),
                shaped(
                        "slice by default axes",
                        "float[2,1]",
                        v -> one(OpType.SLICE, NONE, v.get(0), OPS.longs(1, 0), OPS.longs(3, 1)),
                        "float[4,4]"),
                shaped(
                        "slice of all of N",
                        "float[N,3]",
                        v -> OPS.slice(v.get(0), 0, 0, Integer.MAX_VALUE, 1),
                        "float[N,3]"),
                shaped("slice of N reversed", "float[N,3]", v -> OPS.reverse(v.get(0), 0), "float[N,3]"),
                shaped("slice of N", "float[?,3]", v -> OPS.slice(v.get(0), 0, 1, Long.MAX_VALUE, 1), "float[N,3]"),
                shaped(
                        "slice up to N",
                        "float[?,3]",
                        v -> one(OpType.SLICE, NONE, v.get(0), OPS.longs(0), size(v.get(1), 0)),
                        "float[9,3]",
                        "float[N]"),
                shaped(
                        "slice up to its own N",
                        "float[N,3]",
                        v -> one(OpType.SLICE, NONE, v.get(0), OPS.longs(0), size(v.get(0), 0)),
                        "float[N,3]"));
    }

    private static Case range(String expected, Value start, Value limit, Value step) {
        return shaped(
                "range",
                expected,
                v -> OPS.add(one(OpType.RANGE, NONE, start, limit, step), v.get(0)),
                expected.startsWith("int64") ? "int64[]" : "float[]");
    }

    private static Value number(long value) {
        return OPS.constant(Tensor.ofLong(value));
    }

    private static List<Case> counts() {
        Function<List<Value>, Value> upToN =
                v -> one(OpType.RANGE, NONE, number(0), OPS.squeeze(size(v.get(0), 0), 0), number(1));
        Attributes ints = NONE.with("value_ints", 3L, 4L);
        return List.of(
                range("int64[4]", number(1), number(9), number(2)),
                range("int64[3]", number(7), number(1), number(-2)),
                range("int64[0]", number(7), number(7), number(1)),
                range("float[4]", OPS.constant(0), OPS.constant(1), OPS.constant(0.3f)),
                shaped("range to N", "int64[N]", upToN, "float[N,3]"),
                shaped("shape", "int64[3]", v -> one(OpType.SHAPE, NONE, v.get(0)), "float[N,3,4]"),
                shaped(
                        "part of a shape",
                        "int64[1]",
                        v -> one(OpType.SHAPE, NONE.with("start", -2L).with("end", -1L), v.get(0)),
                        "float[N,3,4]"),
                shaped(
                        "nothing of a shape",
                        "int64[0]",
                        v -> one(OpType.SHAPE, NONE.with("start", 2L).with("end", 1L), v.get(0)),
                        "float[N,3,4]"),
                shaped("size", "int64[]", v -> one(OpType.SIZE, NONE, v.get(0)), "float[N,3,4]"),
                shaped(
                        "eyeLike",
                        "double[3,N]",
                        v -> one(OpType.EYE_LIKE, NONE.with("dtype", 11L), v.get(0)),
                        "float[3,N]"),
                shaped("constant", "int64[2]", v -> OPS.add(one(OpType.CONSTANT, ints), v.get(0)), "int64[2]"),
                shaped(
                        "constant as target",
                        "float[3,4]",
                        v -> one(OpType.RESHAPE, NONE, v.get(0), one(OpType.CONSTANT, ints)),
                        "float[12]"),
                shaped("zeros", "float[2,3]", v -> OPS.add(OPS.zeros(Shape.of(2, 3)), v.get(0)), "float[]"),
                shaped(
                        "ones",
                        "int64[N,2]",
                        v -> one(
                                OpType.CONSTANT_OF_SHAPE,
                                NONE.with("value", Tensor.ofLongs(1)),
                                row(size(v.get(0), 0), OPS.longs(2))),
                        "float[N,3]"));
    }

    static Stream<Case> mistakes() {
        return Stream.of(
                shaped("reshape", "24 elements do not fit", v -> OPS.reshape(v.get(0), 5, 5), "float[4,6]"),
                shaped("reshape", "24*N elements do not fit", v -> OPS.reshape(v.get(0), 0, 5, 5), "float[N,4,6]"),
                shaped("reshape", "-1 cannot be told", v -> OPS.reshape(v.get(0), 5, -1), "float[4,6]"),
                shaped("reshape", "a size is 0 or more, found -2", v -> OPS.reshape(v.get(0), -2, 3), "float[4,6]"),
                shaped(
                        "reshape",
                        "the rank of the result cannot be told",
                        v -> one(OpType.RESHAPE, NONE, v.get(0), v.get(1)),
                        "float[4]",
                        "int64[K]"),
                shaped(
                        "concat",
                        "shapes differ outside axis 0",
                        v -> OPS.concat(0, v.get(0), v.get(1)),
                        "float[2,3]",
                        "float[2,4]"),
                shaped("concat", "ranks differ", v -> OPS.concat(0, v.get(0), v.get(1)), "float[2,3]", "float[2]"),
                shaped(
                        "concat",
                        "element types differ",
                        v -> OPS.concat(0, v.get(0), v.get(1)),
                        "float[2]",
                        "int64[2]"),
                shaped("slice", "a step is not 0", v -> OPS.slice(v.get(0), 0, 0, 1, 0), "float[4]"),
                shaped("slice", "axis 2 is outside", v -> OPS.slice(v.get(0), 2, 0, 1, 1), "float[4,4]"),
                shaped(
                        "expand",
                        "cannot be expanded: 2 is not 3",
                        v -> OPS.expand(v.get(0), Shape.of(3, 3)),
                        "float[2,3]"),
                shaped(
                        "gather",
                        "index 3 is outside axis 0 of [3,2]",
                        v -> OPS.gather(v.get(0), OPS.longs(1, 3), 0),
                        "float[3,2]"),
                shaped(
                        "gatherND",
                        "indices [2,3] do not address [4,4]",
                        v -> one(OpType.GATHER_ND, NONE, v.get(0), v.get(1)),
                        "float[4,4]",
                        "int64[2,3]"),
                shaped(
                        "scatter",
                        "indices and updates differ",
                        v -> OPS.scatterAdd(v.get(0), v.get(1), v.get(2)),
                        "float[9]",
                        "int64[4]",
                        "float[3]"),
                shaped("pad", "3 pads for 2 axes", v -> OPS.pad(v.get(0), 1, 2, 3), "float[2,3]"),
                shaped("pad", "found -1", v -> OPS.pad(v.get(0), -2, -1), "float[2]"),
                shaped(
                        "resize",
                        "1 scales for 2 axes",
                        v -> one(OpType.RESIZE, NONE, v.get(0), null, OPS.constant(Tensor.of(Shape.of(1), 2))),
                        "float[2,3]"),
                shaped(
                        "resize",
                        "keep_aspect_ratio_policy not_larger",
                        v -> one(
                                OpType.RESIZE,
                                NONE.with("keep_aspect_ratio_policy", "not_larger"),
                                v.get(0),
                                null,
                                null,
                                OPS.longs(2, 2)),
                        "float[2,3]"),
                shaped(
                        "split",
                        "do not add up to 6",
                        v -> OPS.split(v.get(0), 0, 2, 3).get(0),
                        "float[6]"),
                shaped("split", "expected sizes or num_outputs", v -> one(OpType.SPLIT, NONE, v.get(0)), "float[6]"),
                shaped("squeeze", "axis 1 of [2,3] is not of size 1", v -> OPS.squeeze(v.get(0), 1), "float[2,3]"),
                shaped("unsqueeze", "are not distinct", v -> OPS.unsqueeze(v.get(0), 0, -3), "float[3]"),
                shaped("tile", "1 repeats for a rank of 2", v -> OPS.tile(v.get(0), 2), "float[2,3]"),
                shaped(
                        "transpose",
                        "perm does not order 3 axes",
                        v -> OPS.transpose(v.get(0), 0, 1, 1),
                        "float[2,3,4]"),
                shaped(
                        "depthToSpace",
                        "6 cannot be divided into parts of 4",
                        v -> one(OpType.DEPTH_TO_SPACE, NONE.with("blocksize", 2L), v.get(0)),
                        "float[1,6,2,2]"),
                shaped("constant", "expected one of value", v -> one(OpType.CONSTANT, NONE), "float[1]"));
    }
}

package dev.vicreg.models.graph.infer;

import static dev.vicreg.models.graph.infer.ShapeRulesTest.OPS;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRulesTest.Case;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Applications of matrix products, convolutions, pooling, norms and recurrent layers for {@link ShapeRulesTest}. */
final class NeuralShapeCases {
    private static final Attributes NONE = Attributes.NONE;

    private NeuralShapeCases() {}

    private static Case output(
            int index, OpType op, String expected, String name, Attributes attributes, String... inputs) {
        String title = op.onnxName() + (name.isEmpty() ? "" : ", " + name);
        return ShapeRulesTest.shaped(
                title, expected, v -> apply(op, v, attributes).output(index), inputs);
    }

    private static Case first(OpType op, String expected, String name, Attributes attributes, String... inputs) {
        return output(0, op, expected, name, attributes, inputs);
    }

    private static Node apply(OpType op, List<Value> values, Attributes attributes) {
        return OPS.node(op, values, attributes);
    }

    private static Case einsum(String equation, String expected, String... inputs) {
        return first(OpType.EINSUM, expected, equation, NONE.with("equation", equation), inputs);
    }

    private static Attributes kernel(long... sizes) {
        return NONE.with("kernel_shape", sizes);
    }

    private static Attributes strided(long stride) {
        return NONE.with("strides", stride, stride);
    }

    static Stream<Case> cases() {
        return Stream.of(matrices(), convolutions(), pools(), norms(), recurrent())
                .flatMap(each -> each);
    }

    private static Stream<Case> matrices() {
        return Stream.of(
                first(OpType.MAT_MUL, "float[]", "vectors", NONE, "float[3]", "float[3]"),
                first(OpType.MAT_MUL, "float[5]", "vector on the left", NONE, "float[3]", "float[3,5]"),
                first(OpType.MAT_MUL, "float[2,N]", "vector on the right", NONE, "float[2,N,3]", "float[3]"),
                first(OpType.MAT_MUL, "float[2,4,N,5]", "batches", NONE, "float[4,N,3]", "float[2,1,3,5]"),
                first(OpType.QUANTIZE_LINEAR, "uint8[N,4]", "", NONE, "float[N,4]", "float[]", "uint8[]"),
                first(OpType.DEQUANTIZE_LINEAR, "float[3,4]", "", NONE.with("axis", 0), "int8[3,4]", "float[3]"),
                einsum("bij,bjk->bik", "float[N,2,4]", "float[N,2,3]", "float[N,3,4]"),
                einsum("ij,jk", "float[2,4]", "float[2,3]", "float[3,4]"),
                einsum("bn,anm,bm->ba", "float[2,5]", "float[2,3]", "float[5,3,4]", "float[2,4]"),
                einsum("...ij,...jk->...ik", "float[7,N,2,4]", "float[7,N,2,3]", "float[1,N,3,4]"),
                einsum("...ii->...i", "float[4,3]", "float[4,3,3]"),
                einsum("i->", "float[]", "float[3]"),
                einsum("ba", "float[3,2]", "float[2,3]"),
                einsum("b h i , b h j -> b h i j", "float[2,3,4,5]", "float[2,3,4]", "float[2,3,5]"));
    }

    private static Stream<Case> convolutions() {
        Attributes upper = strided(2).with("auto_pad", "SAME_UPPER");
        Attributes grown = strided(2).with("output_padding", 1L, 1L).with("pads", 1L, 1L, 1L, 1L);
        return Stream.of(
                first(OpType.CONV, "float[N,8,10]", "1-D", NONE, "float[N,3,12]", "float[8,3,3]"),
                first(OpType.CONV, "float[1,8,4,5,6]", "3-D", NONE, "float[1,3,6,7,8]", "float[8,3,3,3,3]"),
                first(OpType.CONV, "float[N,8,5,4]", "same", upper, "float[N,3,9,8]", "float[8,3,3,3]"),
                first(
                        OpType.CONV,
                        "float[N,8,7,6]",
                        "valid",
                        NONE.with("auto_pad", "VALID"),
                        "float[N,3,9,8]",
                        "float[8,3,3,3]"),
                first(
                        OpType.CONV,
                        "float[N,8,8,9]",
                        "uneven pads",
                        NONE.with("pads", 0L, 1L, 1L, 2L),
                        "float[N,3,9,8]",
                        "float[8,3,3,3]"),
                first(
                        OpType.CONV,
                        "float[N,6,9]",
                        "depthwise",
                        NONE.with("group", 6L).with("pads", 1L, 1L),
                        "float[N,6,9]",
                        "float[6,1,3]"),
                first(
                        OpType.CONV,
                        "float[N,8,H,W]",
                        "of any size",
                        NONE.with("pads", 1L, 1L, 1L, 1L),
                        "float[N,3,H,W]",
                        "float[8,3,3,3]"),
                first(OpType.CONV_TRANSPOSE, "float[N,4,9]", "1-D", NONE, "float[N,3,7]", "float[3,4,3]"),
                first(OpType.CONV_TRANSPOSE, "float[N,8,10,8]", "", grown, "float[N,4,5,4]", "float[4,8,3,3]"),
                first(
                        OpType.CONV_TRANSPOSE,
                        "float[N,8,11,9]",
                        "groups",
                        strided(2).with("group", 2L),
                        "float[N,4,5,4]",
                        "float[4,4,3,3]",
                        "float[8]"),
                first(
                        OpType.CONV_TRANSPOSE,
                        "float[1,8,10,9]",
                        "to a shape",
                        strided(2).with("output_shape", 10L, 9L),
                        "float[1,4,5,4]",
                        "float[4,8,3,3]"),
                first(OpType.CONV_TRANSPOSE, "float[N,8,10,8]", "same", upper, "float[N,4,5,4]", "float[4,8,3,3]"));
    }

    private static Stream<Case> pools() {
        Attributes ceil = kernel(3, 3).with("strides", 2L, 2L).with("ceil_mode", 1L);
        return Stream.of(
                first(OpType.AVERAGE_POOL, "float[N,3,4,4]", "ceil", ceil, "float[N,3,8,9]"),
                first(
                        OpType.AVERAGE_POOL,
                        "float[N,3,3]",
                        "1-D",
                        kernel(2).with("strides", new long[] {2}),
                        "float[N,3,7]"),
                first(
                        OpType.AVERAGE_POOL,
                        "float[2,3,5,6]",
                        "dilated",
                        kernel(3, 2).with("dilations", 2L, 2L),
                        "float[2,3,9,8]"),
                first(
                        OpType.AVERAGE_POOL,
                        "float[2,3,4,4]",
                        "same",
                        kernel(2, 3).with("strides", 2L, 2L).with("auto_pad", "SAME_LOWER"),
                        "float[2,3,7,8]"),
                first(OpType.MAX_POOL, "float[N,3,4,4]", "ceil", ceil, "float[N,3,8,9]"),
                output(1, OpType.MAX_POOL, "int64[N,3,6]", "1-D", kernel(2), "float[N,3,7]"),
                first(OpType.GLOBAL_MAX_POOL, "float[N,3,1]", "", NONE, "float[N,3,7]"),
                first(OpType.GLOBAL_AVERAGE_POOL, "float[N,3,1,1,1]", "", NONE, "float[N,3,H,W,7]"));
    }

    private static Stream<Case> norms() {
        Attributes training = NONE.with("training_mode", 1L);
        String[] norm = {"float[N,3,8]", "float[3]", "float[3]", "float[3]", "float[3]"};
        return Stream.of(
                first(OpType.BATCH_NORMALIZATION, "float[N,3,8]", "", NONE, norm),
                first(OpType.BATCH_NORMALIZATION, "float[N,3,8]", "training", training, norm),
                output(2, OpType.BATCH_NORMALIZATION, "float[3]", "training", training, norm),
                first(OpType.INSTANCE_NORMALIZATION, "float[N,3,8]", "", NONE, Arrays.copyOf(norm, 3)),
                first(
                        OpType.GROUP_NORMALIZATION,
                        "float[N,6,8]",
                        "",
                        NONE.with("num_groups", 2L),
                        "float[N,6,8]",
                        "float[6]",
                        "float[6]"),
                first(OpType.LAYER_NORMALIZATION, "float[N,3,8]", "", NONE, "float[N,3,8]", "float[8]"),
                output(
                        2,
                        OpType.LAYER_NORMALIZATION,
                        "float[N,1,1]",
                        "statistics",
                        NONE.with("axis", 1L),
                        "float[N,3,8]",
                        "float[3,8]",
                        "float[3,8]"));
    }

    private static Stream<Case> recurrent() {
        Attributes hidden = NONE.with("hidden_size", 4L);
        Attributes both = hidden.with("direction", "bidirectional");
        String[] lstm = {"float[T,N,3]", "float[1,16,3]", "float[1,16,4]"};
        String[] gru = {"float[T,N,3]", "float[2,12,3]", "float[2,12,4]", "float[2,24]"};
        return Stream.of(
                first(OpType.LSTM, "float[T,1,N,4]", "", hidden, lstm),
                output(2, OpType.LSTM, "float[1,N,4]", "cell", hidden.with("direction", "reverse"), lstm),
                first(OpType.LSTM, "float[T,N,1,4]", "batch first", hidden.with("layout", 1L), lstm),
                first(OpType.GRU, "float[T,2,N,4]", "both ways", both, gru),
                output(1, OpType.GRU, "float[2,N,4]", "state", both, gru));
    }

    private static Case mistake(OpType op, String expected, Attributes attributes, String... inputs) {
        return first(op, expected, "", attributes, inputs);
    }

    static Stream<Case> mistakes() {
        Attributes ij = NONE.with("equation", "ij,jk->ik");
        return Stream.of(
                mistake(OpType.MAT_MUL, "[3] and [4,5] cannot be multiplied", NONE, "float[3]", "float[4,5]"),
                mistake(OpType.EINSUM, "does not fit an input of [2,3,4]", ij, "float[2,3,4]", "float[3,4]"),
                mistake(OpType.EINSUM, "axis 0 of [4,5] must be 3", ij, "float[2,3]", "float[4,5]"),
                mistake(
                        OpType.EINSUM,
                        "1 axes in one term and for 0 in another",
                        NONE.with("equation", "...i,...i->..."),
                        "float[2,3]",
                        "float[3]"),
                mistake(OpType.EINSUM, "has 2 terms for 1 inputs", ij, "float[2,3]"),
                mistake(OpType.EINSUM, "no input has the output's k", NONE.with("equation", "ij->ik"), "float[2,3]"),
                mistake(OpType.CONV, "kernel of [5, 5] does not fit", kernel(5, 5), "float[1,3,9,9]", "float[8,3,3,3]"),
                mistake(OpType.CONV, "bias of [7] does not fit 8", NONE, "float[1,3,9]", "float[8,3,3]", "float[7]"),
                mistake(
                        OpType.CONV,
                        "strides must have 1 elements",
                        NONE.with("strides", 1L, 1L),
                        "float[1,3,9]",
                        "float[8,3,3]"),
                mistake(OpType.CONV_TRANSPOSE, "input channels 3 do not fit", NONE, "float[1,3,9]", "float[8,3,3]"),
                mistake(OpType.MAX_POOL, "a window of 9 does not fit into 8", kernel(9), "float[1,3,8]"),
                mistake(
                        OpType.GROUP_NORMALIZATION,
                        "6 channels cannot be divided into 4 groups",
                        NONE.with("num_groups", 4L),
                        "float[1,6,8]",
                        "float[6]",
                        "float[6]"),
                mistake(OpType.LAYER_NORMALIZATION, "do not broadcast", NONE, "float[2,3,8]", "float[7]"),
                mistake(
                        OpType.LSTM,
                        "do not fit 1 direction(s) of 4 gates",
                        NONE,
                        "float[5,2,3]",
                        "float[1,12,3]",
                        "float[1,12,4]"));
    }
}

package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRules;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Builds operators of older and newer operator sets, and a few of ONNX Runtime's, from those of opset
 * {@value OpType#ONNX_OPSET}: a table of what changed its meaning between opset {@value #OLDEST} and {@value #NEWEST} or is
 * composed of others, then the rules by name. What is not in the table means the same in all of them. Source: ONNX's Changelog.md and Operators.md, ONNX Runtime's ContribOperators.md.
 */
final class OpsetUpgrade {
    /** The oldest operator set that is read. */
    static final int OLDEST = 9;
    /** The newest: what it changed since the one that graphs are built with is in the table, too. */
    static final int NEWEST = 24;

    private static final int ALWAYS = Integer.MAX_VALUE;
    private static final String MICROSOFT = OpType.Domain.MICROSOFT.onnxName();

    /**
     * An operator as a file has it.
     *
     * @param ops builds in the node's scope
     * @param domain the operator's domain; empty for the standard one
     * @param opset the version of that domain's operator set
     * @param inputs null where one is left out
     * @param outputs how many outputs the file's node names, up to its last
     */
    record Call(
            Ops ops,
            String domain,
            String operator,
            int opset,
            List<@Nullable Value> inputs,
            Attributes attributes,
            int outputs) {
        boolean has(int index) {
            return index < inputs.size() && inputs.get(index) != null;
        }

        Value in(int index) {
            Value value = index < inputs.size() ? inputs.get(index) : null;
            if (value == null) {
                throw new IllegalArgumentException(operator + " has no input " + index);
            }
            return value;
        }

        List<Value> node(OpType op, Attributes with, @Nullable Value... from) {
            return ops.node(op, Arrays.asList(from), with).outputs();
        }
    }

    private interface Rule {
        List<Value> build(Call call);
    }

    /** @param below the first opset in which the operator is as we have it */
    private record Row(int below, Rule rule) {}

    private static final Map<String, Row> TABLE = new HashMap<>();

    static {
        row(13, "Squeeze", call -> axesAsInput(call, OpType.SQUEEZE));
        row(13, "Unsqueeze", call -> axesAsInput(call, OpType.UNSQUEEZE));
        row(13, "ReduceSum", call -> axesAsInput(call, OpType.REDUCE_SUM));
        for (OpType op : List.of(
                OpType.REDUCE_L1,
                OpType.REDUCE_L2,
                OpType.REDUCE_LOG_SUM,
                OpType.REDUCE_LOG_SUM_EXP,
                OpType.REDUCE_MAX,
                OpType.REDUCE_MEAN,
                OpType.REDUCE_MIN,
                OpType.REDUCE_PROD,
                OpType.REDUCE_SUM_SQUARE)) {
            row(18, op.onnxName(), call -> axesAsInput(call, op));
        }
        row(11, "Clip", OpsetUpgrade::clip);
        row(11, "Pad", OpsetUpgrade::pad);
        row(10, "Slice", OpsetUpgrade::slice);
        row(ALWAYS, "TopK", OpsetUpgrade::topK);
        row(13, "Softmax", call -> flattened(call, OpType.SOFTMAX));
        row(13, "LogSoftmax", call -> flattened(call, OpType.LOG_SOFTMAX));
        row(18, "Split", OpsetUpgrade::split);
        row(12, "Dropout", OpsetUpgrade::dropout);
        row(14, "BatchNormalization", OpsetUpgrade::batchNormalization);
        row(21, "GroupNormalization", OpsetUpgrade::groupNormalization);
        row(ALWAYS, "Resize", OpsetUpgrade::resize);
        row(ALWAYS, "Upsample", OpsetUpgrade::upsample);
        row(
                ALWAYS,
                "Scatter",
                call -> call.node(
                        OpType.SCATTER_ELEMENTS, call.attributes, call.inputs.toArray(new @Nullable Value[0])));
        row(
                ALWAYS,
                "CastLike",
                call -> List.of(call.ops.cast(call.in(0), call.in(1).type().element())));
        row(ALWAYS, MICROSOFT, "Gelu", call -> call.node(OpType.GELU, Attributes.NONE, call.in(0)));
        row(ALWAYS, MICROSOFT, "BiasGelu", call -> call.node(OpType.GELU, Attributes.NONE, biased(call)));
        row(
                ALWAYS,
                MICROSOFT,
                "FastGelu",
                call -> call.node(OpType.GELU, Attributes.NONE.with("approximate", "tanh"), biased(call)));
        row(ALWAYS, MICROSOFT, "QuickGelu", OpsetUpgrade::quickGelu);
        row(ALWAYS, MICROSOFT, "FusedMatMul", OpsetUpgrade::fusedMatMul);
        row(ALWAYS, MICROSOFT, "FusedConv", call -> Compositions.fused(call, OpType.CONV));
        row(ALWAYS, MICROSOFT, "FusedGemm", call -> Compositions.fused(call, OpType.GEMM));
        row(ALWAYS, MICROSOFT, "SkipLayerNormalization", Compositions::skipLayerNormalization);
        row(ALWAYS, MICROSOFT, "SkipSimplifiedLayerNormalization", Compositions::skipRms);
        row(ALWAYS, "SimplifiedLayerNormalization", Compositions::rms); // ONNX Runtime's, in the standard domain
        row(ALWAYS, "RMSNormalization", Compositions::rms);
        row(ALWAYS, "LpNormalization", Compositions::lpNormalization);
        row(ALWAYS, "MeanVarianceNormalization", Compositions::meanVarianceNormalization);
        row(ALWAYS, "LRN", Compositions::localResponse);
        row(ALWAYS, "Celu", Compositions::celu);
        row(ALWAYS, "ThresholdedRelu", Compositions::thresholdedRelu);
        row(ALWAYS, "Shrink", Compositions::shrink);
        row(ALWAYS, "Swish", Compositions::swish);
        row(ALWAYS, "GridSample", Compositions::gridSample);
        row(ALWAYS, "ai.onnx.ml", "Scaler", Compositions::scaler);
        row(ALWAYS, "Attention", AttentionCompositions::attention);
        row(ALWAYS, "RotaryEmbedding", AttentionCompositions::rotary);
        row(ALWAYS, "RNN", UnrolledRecurrence::rnn);
        row(ALWAYS, "LSTM", call -> UnrolledRecurrence.layer(call, OpType.LSTM));
        row(ALWAYS, "GRU", call -> UnrolledRecurrence.layer(call, OpType.GRU));
        row(ALWAYS, "QuantizeLinear", call -> {
            throw QuantisedWeights.unsupported(call);
        });
        row(ALWAYS, "DequantizeLinear", QuantisedWeights::dequantised);
        row(ALWAYS, MICROSOFT, "DequantizeLinear", QuantisedWeights::dequantised);
        row(ALWAYS, "Conv", ExplicitWindows::convolution);
        row(ALWAYS, "ConvTranspose", ExplicitWindows::transposed);
        row(ALWAYS, "AveragePool", ExplicitWindows::average);
        row(ALWAYS, "MaxPool", ExplicitWindows::maximum);
    }

    private OpsetUpgrade() {}

    private static void row(int below, String operator, Rule rule) {
        row(below, "", operator, rule);
    }

    private static void row(int below, String domain, String operator, Rule rule) {
        TABLE.put(domain + "/" + operator, new Row(below, rule));
    }

    /** Whether operators of that name can be built; {@link #build} may still refuse inputs or attributes. */
    static boolean knows(String domain, String operator) {
        return TABLE.containsKey(domain + "/" + operator)
                || OpType.of(domain, operator).isPresent();
    }

    /**
     * The outputs of the operator in terms of those that this project has.
     *
     * @throws IllegalArgumentException if the operator is not {@linkplain #knows known}, or does not take its inputs
     */
    static List<Value> build(Call call) {
        Row row = TABLE.get(call.domain + "/" + call.operator);
        if (row != null && call.opset < row.below) {
            return row.rule.build(call);
        }
        Optional<OpType> op = OpType.of(call.domain, call.operator);
        if (op.isEmpty()) {
            throw new IllegalArgumentException("operator " + call.operator + " is not supported");
        }
        List<Value> outputs =
                call.ops.node(op.get(), call.inputs, call.attributes).outputs();
        if (call.outputs > outputs.size()) {
            throw new IllegalArgumentException(
                    call.operator + " has " + call.outputs + " outputs: expected at most " + outputs.size());
        }
        return outputs;
    }

    private static List<Value> axesAsInput(Call call, OpType op) {
        Attributes rest = call.attributes.without("axes");
        return call.attributes.has("axes")
                ? call.node(op, rest, call.in(0), call.ops.longs(call.attributes.integers("axes")))
                : call.node(op, rest, call.in(0));
    }

    /** Bounds were attributes. */
    private static List<Value> clip(Call call) {
        Attributes bounds = call.attributes;
        return call.node(
                OpType.CLIP,
                Attributes.NONE,
                call.in(0),
                bounds.has("min") ? call.ops.constant(bounds.real("min", 0)) : null,
                bounds.has("max") ? call.ops.constant(bounds.real("max", 0)) : null);
    }

    /** Widths and the border's value were attributes. */
    private static List<Value> pad(Call call) {
        Attributes mode = Attributes.NONE.with("mode", call.attributes.string("mode", "constant"));
        Value border = call.ops.constant(call.attributes.real("value", 0));
        return call.node(OpType.PAD, mode, call.in(0), call.ops.longs(call.attributes.integers("pads")), border);
    }

    /** Places were attributes. */
    private static List<Value> slice(Call call) {
        long[] starts = call.attributes.integers("starts");
        long[] all = new long[starts.length];
        Arrays.setAll(all, i -> i);
        return call.node(
                OpType.SLICE,
                Attributes.NONE,
                call.in(0),
                call.ops.longs(starts),
                call.ops.longs(call.attributes.integers("ends")),
                call.ops.longs(call.attributes.integers("axes", all)));
    }

    /** How many was an attribute up to opset 9. Without {@code sorted} the order is left open, and devices differ: sorted. */
    private static List<Value> topK(Call call) {
        Attributes rest = call.attributes.without("sorted").without("k");
        Value k = call.opset < 10 ? call.ops.longs(call.attributes.integer("k", 1)) : call.in(1);
        return call.node(OpType.TOP_K, rest, call.in(0), k);
    }

    /** Up to opset 12 a softmax went over all axes from {@code axis} (1 if not given) on, taken as one. */
    private static List<Value> flattened(Call call, OpType op) {
        Value x = call.in(0);
        int rank = x.shape().rank();
        int axis = ShapeRules.axis(call.attributes.integer("axis", 1), Math.max(rank, 1));
        List<Dim> inner = x.shape().dims().subList(Math.min(axis + 1, rank), rank);
        if (inner.stream().allMatch(dim -> dim.size() == 1)) {
            return call.node(op, Attributes.NONE.with("axis", (long) axis), x);
        }
        long[] target = new long[axis + 1]; // zeros keep the outer sizes
        target[axis] = -1;
        Value rows = call.ops.reshape(x, target); // [D₀,…,Dₐ,…] → [D₀,…,Dₐ·…]
        Value y = call.node(op, Attributes.NONE.with("axis", -1L), rows).get(0);
        return call.node(OpType.RESHAPE, Attributes.NONE, y, innerShape(call, x, axis));
    }

    /** What restores the axes from {@code axis} on: numbers where they are known, else the shape when the graph runs. */
    private static Value innerShape(Call call, Value x, int axis) {
        long[] target = new long[x.shape().rank()];
        for (int i = axis; i < target.length; i++) {
            if (!x.shape().at(i).isFixed()) {
                return call.node(OpType.SHAPE, Attributes.NONE, x).get(0);
            }
            target[i] = x.shape().size(i);
        }
        return call.ops.longs(target);
    }

    /** Sizes were an attribute up to opset 12; equal parts were counted by the outputs up to 17. */
    private static List<Value> split(Call call) {
        Attributes rest = call.attributes.without("split");
        if (call.attributes.has("split")) {
            return call.node(OpType.SPLIT, rest, call.in(0), call.ops.longs(call.attributes.integers("split")));
        }
        return call.has(1)
                ? call.node(OpType.SPLIT, rest, call.in(0), call.in(1))
                : call.node(OpType.SPLIT, rest.with("num_outputs", (long) call.outputs), call.in(0));
    }

    /** The ratio was an attribute, and training was none of the operator's business. */
    private static List<Value> dropout(Call call) {
        Value ratio = call.ops.constant(call.attributes.real("ratio", 0.5f));
        return call.node(OpType.DROPOUT, call.attributes.without("ratio"), call.in(0), ratio);
    }

    /** Training was told by there being more outputs than one; the last two of five were for the backward pass. */
    private static List<Value> batchNormalization(Call call) {
        Attributes attributes = call.outputs > 1 ? call.attributes.with("training_mode", 1L) : call.attributes;
        return call.node(
                OpType.BATCH_NORMALIZATION, attributes, call.in(0), call.in(1), call.in(2), call.in(3), call.in(4));
    }

    /** Scale and bias were per group. */
    private static List<Value> groupNormalization(Call call) {
        long channels = call.in(0).shape().size(1);
        return call.node(
                OpType.GROUP_NORMALIZATION,
                call.attributes,
                call.in(0),
                perChannel(call, call.in(1), channels),
                perChannel(call, call.in(2), channels));
    }

    private static Value perChannel(Call call, Value perGroup, long channels) {
        long groups = perGroup.shape().elements();
        if (groups == 0 || channels % groups != 0) {
            throw new IllegalArgumentException(channels + " channels do not fall into " + groups + " groups");
        }
        Value column = call.ops.reshape(perGroup, groups, 1);
        return call.ops.reshape(
                call.ops.expand(column, Shape.of(groups, channels / groups)), channels); // [G,1] → [G,C/G] → [C]
    }

    /**
     * Up to opset 10 there were only scales, and places as Upsample's. Up to opset 12 an input that isn't given was an empty
     * constant; some exporters still write these.
     */
    private static List<Value> resize(Call call) {
        if (call.opset < 11) {
            return upsample(call);
        }
        if (call.attributes.string("coordinate_transformation_mode", "").equals("tf_half_pixel_for_nn")) {
            throw new IllegalArgumentException("Resize with tf_half_pixel_for_nn, which opset 13 removed, is not"
                    + " supported: export with opset 13 or later");
        }
        List<@Nullable Value> inputs = new ArrayList<>();
        for (@Nullable Value input : call.inputs) {
            boolean empty = input == null
                    || (input.constant() != null && input.constant().data().length == 0);
            inputs.add(empty ? null : input);
        }
        while (inputs.size() > 1 && inputs.get(inputs.size() - 1) == null) {
            inputs.remove(inputs.size() - 1);
        }
        Attributes attributes = call.attributes;
        String policy = attributes.string("keep_aspect_ratio_policy", "stretch");
        if (!policy.equals("stretch") && inputs.size() > 3) {
            inputs.set(3, call.ops.longs(keptRatio(call, policy)));
            attributes = attributes.without("keep_aspect_ratio_policy");
        }
        return call.ops.node(OpType.RESIZE, inputs, attributes).outputs();
    }

    /** The sizes that are asked for, all but one made smaller or larger so that all axes are scaled alike. */
    private static long[] keptRatio(Call call, String policy) {
        long[] sizes = ShapeValues.longs(call.in(3))
                .orElseThrow(() -> new IllegalArgumentException("sizes must be constant with " + policy));
        long[] all = new long[sizes.length];
        Arrays.setAll(all, i -> i);
        long[] axes = call.attributes.integers("axes", all);
        boolean larger = policy.equals("not_smaller");
        double scale = larger ? 0 : Double.MAX_VALUE;
        for (int i = 0; i < sizes.length; i++) {
            double own = sizes[i] / (double) call.in(0).shape().size((int) axes[i]);
            scale = larger ? Math.max(scale, own) : Math.min(scale, own);
        }
        for (int i = 0; i < sizes.length; i++) {
            double exact = scale * call.in(0).shape().size((int) axes[i]);
            sizes[i] = Math.round(exact);
            if (Math.abs(sizes[i] - exact) > 1e-6) {
                throw new IllegalArgumentException("with " + policy + " axis " + axes[i] + " would have " + exact
                        + " elements: expected a whole number; give sizes of the input's ratio");
            }
        }
        return sizes;
    }

    /** The predecessor of Resize, in files that declare a newer opset than they follow. */
    private static List<Value> upsample(Call call) {
        Attributes attributes = call.attributes
                .with("coordinate_transformation_mode", "asymmetric")
                .with("nearest_mode", "floor");
        return call.node(OpType.RESIZE, attributes, call.in(0), null, call.in(1));
    }

    private static Value biased(Call call) {
        return call.has(1) ? call.ops.add(call.in(0), call.in(1)) : call.in(0);
    }

    /** x·σ(αx) */
    private static List<Value> quickGelu(Call call) {
        Value scaled = call.ops.mul(call.in(0), call.attributes.real("alpha", 1.702f));
        Value gate = call.node(OpType.SIGMOID, Attributes.NONE, scaled).get(0);
        return List.of(call.ops.mul(call.in(0), gate));
    }

    /** α·op(A)·op(B), where op may exchange the last two axes. */
    private static List<Value> fusedMatMul(Call call) {
        if (call.attributes.integer("transBatchA", 0) != 0 || call.attributes.integer("transBatchB", 0) != 0) {
            throw new IllegalArgumentException("FusedMatMul with a transposed batch is not supported");
        }
        Value a = call.attributes.integer("transA", 0) == 0 ? call.in(0) : matricesTransposed(call, call.in(0));
        Value b = call.attributes.integer("transB", 0) == 0 ? call.in(1) : matricesTransposed(call, call.in(1));
        Value product = call.ops.matMul(a, b);
        float alpha = call.attributes.real("alpha", 1);
        return List.of(alpha == 1 ? product : call.ops.mul(product, alpha));
    }

    private static Value matricesTransposed(Call call, Value x) {
        int rank = x.shape().rank();
        if (rank < 2) { // as ONNX Runtime has it: a vector stays one
            return x;
        }
        long[] axes = new long[rank];
        Arrays.setAll(axes, i -> i);
        axes[rank - 2] = rank - 1L;
        axes[rank - 1] = rank - 2L;
        return call.node(OpType.TRANSPOSE, Attributes.NONE.with("perm", axes), x)
                .get(0);
    }
}

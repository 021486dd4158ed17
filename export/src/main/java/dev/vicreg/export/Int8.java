package dev.vicreg.export;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.models.setting.SettingException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An encoder whose convolutions and matrix products with constant weights run on 8-bit integers, as QuantizeLinear and
 * DequantizeLinear around them say (QDQ form): activations uint8 with one scale and zero point a tensor, weights int8 with a
 * scale for each output channel, biases int32. What is not between such pairs stays float32.
 *
 * <p>Weights use {@value #WEIGHT_STEPS} steps on either side of zero and not 127: processors without VNNI add products in
 * pairs into 16 bits, 2 · 255 · 127 of which would be cut off, and the file would give other vectors there.
 */
final class Int8 implements Rewriter.Rule {
    private static final int WEIGHT_STEPS = 64;
    private static final int ACTIVATION_STEPS = 255;
    /** Keeps a bias in int32 where the weights of its channel are next to nothing. */
    private static final double MOST_BIAS = 0x1p30;

    /**
     * What a value's elements lie between; 0 is among them.
     *
     * @param low at most 0
     * @param high at least 0
     */
    record Range(float low, float high) {
        Range {
            low = Math.min(low, 0);
            high = Math.max(high, 0);
        }

        float scale() {
            float scale = (high - low) / ACTIVATION_STEPS;
            return scale > 0 ? scale : 1;
        }

        int zeroPoint() {
            return Math.max(0, Math.min(ACTIVATION_STEPS, Math.round(-low / scale())));
        }
    }

    private final Map<Value, Range> ranges;
    private final Map<Value, Value> inputs = new HashMap<>();
    private final Map<Value, List<Node>> readers;
    private final Map<Weight, Value> weights = new HashMap<>();

    /** A weight whose channels lie on this axis. */
    private record Weight(Value constant, int axis) {}

    private Int8(Map<Value, Range> ranges, Map<Value, List<Node>> readers) {
        this.ranges = ranges;
        this.readers = readers;
    }

    /** @param ranges of each of {@link #quantised} */
    static Graph of(Graph encoder, Map<Value, Range> ranges) {
        return Rewriter.rewrite(encoder, Map.of(), new Int8(ranges, encoder.readers()));
    }

    /**
     * The values of a graph that become uint8: what its products read, and what its convolutions give, behind an activation
     * that follows.
     *
     * @throws SettingException if it has no such products
     */
    static Set<Value> quantised(Graph encoder) {
        Map<Value, List<Node>> readers = encoder.readers();
        Set<Value> quantised = new LinkedHashSet<>();
        for (Node node : encoder.nodes()) {
            if (!isProduct(node)) {
                continue;
            }
            quantised.add(node.input(0));
            if (node.op() == OpType.CONV) {
                List<Node> behind = readers.getOrDefault(node.output(0), List.of());
                boolean activated = behind.size() == 1 && behind.get(0).op() == OpType.RELU;
                Value given = activated ? behind.get(0).output(0) : node.output(0);
                if (!encoder.outputs().containsValue(given)) {
                    quantised.add(given);
                }
            }
        }
        if (quantised.isEmpty()) {
            throw new SettingException(
                    "`precision` int8: the encoder has neither convolutions nor matrix products with constant weights, so that"
                            + " nothing of it would be int8");
        }
        return quantised;
    }

    private static boolean isProduct(Node node) {
        boolean weights = node.inputs().size() > 1
                && node.input(1).constant() != null
                && node.input(1).type().element() == ElementType.FLOAT
                && node.input(0).constant() == null;
        return weights
                && switch (node.op()) {
                    case CONV -> true;
                    case GEMM ->
                        node.attributes().integer("transA", 0) == 0
                                && node.attributes().real("alpha", 1) == 1
                                && node.attributes().real("beta", 1) == 1;
                    case MAT_MUL -> node.input(1).shape().rank() == 2;
                    default -> false;
                };
    }

    @Override
    public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> read) {
        List<@Nullable Value> from = new ArrayList<>(read);
        for (int i = 0; i < from.size(); i++) {
            Value old = node.inputs().get(i);
            Range range = old == null || !old.isInput() ? null : ranges.get(old);
            if (range != null && old != null) { // the encoder's own input; what nodes give is done below
                from.set(i, inputs.computeIfAbsent(old, input -> rounded(ops, input, range)));
            }
        }
        List<Value> given = isProduct(node) ? product(ops, node, from) : Rewriter.copy(ops, node, from);
        Range range = ranges.get(node.output(0));
        if (range == null) {
            return given;
        }
        List<Value> outputs = new ArrayList<>(given);
        outputs.set(0, rounded(ops, given.get(0), range));
        return outputs;
    }

    private List<Value> product(Ops ops, Node node, List<@Nullable Value> from) {
        boolean lastAxis = node.op() == OpType.MAT_MUL
                || (node.op() == OpType.GEMM && node.attributes().integer("transB", 0) == 0);
        Value weight = node.input(1);
        int axis = lastAxis ? weight.shape().rank() - 1 : 0;
        long channels = weight.shape().size(axis);
        Value bias = node.hasInput(2) ? node.input(2) : null;
        Tensor offsets = bias == null ? null : bias.constant();
        float step = stepOf(from.get(0));
        if (bias != null
                && offsets != null
                && offsets.shape().rank() == 1
                && offsets.shape().elements() == channels
                && step > 0) {
            float[] scales = scales(weight, axis, offsets, step);
            from.set(1, integers(ops, weight, scales, axis));
            from.set(2, bias(ops, bias, offsets.floats(), scales, step));
        } else {
            from.set(1, weights.computeIfAbsent(new Weight(weight, axis), shared -> {
                return integers(ops, weight, scales(weight, axis, null, 0), axis);
            }));
        }
        return ops.node(node.op(), from, node.attributes()).outputs();
    }

    /** The name of a constant whose integers take its place; none where others read it too, for which they may differ. */
    private @Nullable String nameOf(Value constant) {
        return readers.getOrDefault(constant, List.of()).size() == 1 ? constant.name() : null;
    }

    /** The scale with which a value was rounded; 0 if it wasn't. */
    private static float stepOf(@Nullable Value read) {
        Node producer = read == null ? null : read.producer();
        Tensor scale = producer == null || producer.op() != OpType.DEQUANTIZE_LINEAR
                ? null
                : producer.input(1).constant();
        return scale == null ? 0 : scale.floats()[0];
    }

    private static float[] scales(Value weight, int axis, @Nullable Tensor bias, float step) {
        float[] values = data(weight);
        float[] scales = new float[(int) weight.shape().size(axis)];
        int inner = values.length / scales.length;
        for (int i = 0; i < values.length; i++) {
            int channel = axis == 0 ? i / inner : i % scales.length;
            scales[channel] = Math.max(scales[channel], Math.abs(values[i]) / WEIGHT_STEPS);
        }
        float[] offsets = bias == null ? new float[0] : bias.floats();
        for (int c = 0; c < scales.length; c++) {
            if (offsets.length > 0) {
                scales[c] = Math.max(scales[c], (float) (Math.abs(offsets[c]) / (step * MOST_BIAS)));
            }
            scales[c] = scales[c] > 0 ? scales[c] : 1;
        }
        return scales;
    }

    private Value integers(Ops ops, Value weight, float[] scales, int axis) {
        float[] values = data(weight);
        byte[] integers = new byte[values.length];
        int inner = values.length / scales.length;
        for (int i = 0; i < values.length; i++) {
            float scale = scales[axis == 0 ? i / inner : i % scales.length];
            integers[i] = (byte) Math.max(-WEIGHT_STEPS, Math.min(WEIGHT_STEPS, (int) Math.rint(values[i] / scale)));
        }
        Tensor stored = new Tensor(new TensorType(ElementType.INT8, weight.shape()), integers);
        Tensor zeros = new Tensor(new TensorType(ElementType.INT8, Shape.of(scales.length)), new byte[scales.length]);
        return ops.node(
                        OpType.DEQUANTIZE_LINEAR,
                        List.of(
                                Value.constant(nameOf(weight), stored),
                                ops.constant(Tensor.of(Shape.of(scales.length), scales)),
                                ops.constant(zeros)),
                        Attributes.NONE.with("axis", axis))
                .output(0);
    }

    private Value bias(Ops ops, Value constant, float[] bias, float[] scales, float step) {
        ByteBuffer integers = ByteBuffer.allocate(bias.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        float[] steps = new float[bias.length];
        for (int c = 0; c < bias.length; c++) {
            steps[c] = scales[c] * step;
            integers.putInt((int) Math.rint((double) bias[c] / steps[c]));
        }
        Tensor stored = new Tensor(new TensorType(ElementType.INT32, Shape.of(bias.length)), integers.array());
        return ops.node(
                        OpType.DEQUANTIZE_LINEAR,
                        List.of(
                                Value.constant(nameOf(constant), stored),
                                ops.constant(Tensor.of(Shape.of(bias.length), steps))),
                        Attributes.NONE.with("axis", 0))
                .output(0);
    }

    private static float[] data(Value constant) {
        Tensor data = constant.constant();
        if (data == null) {
            throw new IllegalStateException("Integers are made of constant weights, found " + constant);
        }
        return data.floats();
    }

    /** The value as 8 bits hold it. */
    private static Value rounded(Ops ops, Value value, Range range) {
        Value scale = ops.constant(Tensor.scalar(range.scale()));
        Value zero = ops.constant(
                new Tensor(new TensorType(ElementType.UINT8, Shape.SCALAR), new byte[] {(byte) range.zeroPoint()}));
        Value integers = ops.node(OpType.QUANTIZE_LINEAR, Arrays.asList(value, scale, zero), Attributes.NONE)
                .output(0);
        return ops.node(OpType.DEQUANTIZE_LINEAR, List.of(integers, scale, zero), Attributes.NONE)
                .output(0);
    }
}

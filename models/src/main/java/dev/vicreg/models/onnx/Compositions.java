package dev.vicreg.models.onnx;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRules;
import dev.vicreg.models.onnx.OpsetUpgrade.Call;
import dev.vicreg.models.ops.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Operators that are composed of those that this project has: activations, norms, scalings and samplings. Sources: ONNX's
 * Operators.md, ONNX Runtime's ContribOperators.md.
 */
final class Compositions {
    private static final float RMS_EPSILON = 1e-5f;
    private static final float SKIP_EPSILON = 1e-12f;

    private Compositions() {}

    /** x above zero, α·(exp(x/α) - 1) below: α·Elu(x/α). */
    static List<Value> celu(Call call) {
        float alpha = call.attributes().real("alpha", 1);
        Value scaled = call.ops().mul(call.in(0), 1 / alpha);
        Value elu =
                call.node(OpType.ELU, Attributes.NONE.with("alpha", 1f), scaled).get(0);
        return List.of(call.ops().mul(elu, alpha));
    }

    /** x above α, zero elsewhere. */
    static List<Value> thresholdedRelu(Call call) {
        Ops ops = call.ops();
        Value above = ops.greater(call.in(0), ops.constant(call.attributes().real("alpha", 1)));
        return List.of(ops.where(above, call.in(0), ops.constant(0)));
    }

    /** x moved by the bias towards zero outside [-λ, λ], zero inside. */
    static List<Value> shrink(Call call) {
        Ops ops = call.ops();
        Value x = call.in(0);
        float bias = call.attributes().real("bias", 0);
        float lambda = call.attributes().real("lambd", 0.5f);
        Value above = ops.where(ops.greater(x, ops.constant(lambda)), ops.sub(x, ops.constant(bias)), ops.constant(0));
        return List.of(ops.where(ops.less(x, ops.constant(-lambda)), ops.add(x, ops.constant(bias)), above));
    }

    /** x·σ(αx). */
    static List<Value> swish(Call call) {
        float alpha = call.attributes().real("alpha", 1);
        Value scaled = alpha == 1 ? call.in(0) : call.ops().mul(call.in(0), alpha);
        return List.of(call.ops().mul(call.in(0), call.ops().sigmoid(scaled)));
    }

    /** x/‖x‖ along an axis, zero where all of x is. */
    static List<Value> lpNormalization(Call call) {
        Ops ops = call.ops();
        Value x = call.in(0);
        long axis = call.attributes().integer("axis", -1);
        OpType norm = call.attributes().integer("p", 2) == 1 ? OpType.REDUCE_L1 : OpType.REDUCE_L2;
        Value length = call.node(norm, Attributes.NONE.with("keepdims", 1L), x, ops.longs(axis))
                .get(0);
        Value one = ops.where(ops.equal(length, ops.constant(0)), ops.constant(1), length);
        return List.of(ops.div(x, one));
    }

    /** (x - μ)/σ over given axes. */
    static List<Value> meanVarianceNormalization(Call call) {
        Ops ops = call.ops();
        long[] axes = call.attributes().integers("axes", 0, 2, 3);
        Value centred = ops.sub(call.in(0), ops.reduceMean(call.in(0), true, axes));
        Value deviation = ops.sqrt(ops.reduceMean(ops.mul(centred, centred), true, axes));
        return List.of(ops.div(centred, ops.add(deviation, ops.constant(1e-9f))));
    }

    /** x/(bias + α/size·Σx²)^β, the sum over {@code size} neighbouring channels. */
    static List<Value> localResponse(Call call) {
        Ops ops = call.ops();
        Value x = call.in(0);
        long size = call.attributes().integer("size", 1);
        long channels = x.shape().size(1);
        long before = (size - 1) / 2;
        long[] pads = new long[2 * x.shape().rank()];
        pads[1] = before;
        pads[1 + x.shape().rank()] = size - 1 - before;
        Value squares = ops.pad(ops.mul(x, x), pads);
        Value sum = ops.slice(squares, 1, 0, channels, 1);
        for (long place = 1; place < size; place++) {
            sum = ops.add(sum, ops.slice(squares, 1, place, place + channels, 1));
        }
        float alpha = call.attributes().real("alpha", 1e-4f);
        Value base = ops.add(
                ops.mul(sum, alpha / size), ops.constant(call.attributes().real("bias", 1)));
        return List.of(ops.div(x, ops.pow(base, ops.constant(call.attributes().real("beta", 0.75f)))));
    }

    /** x/√(mean x² + ε)·scale over the axes from {@code axis} on. */
    static List<Value> rms(Call call) {
        Ops ops = call.ops();
        Value x = call.in(0);
        float epsilon = call.attributes().real("epsilon", RMS_EPSILON);
        int rank = x.shape().rank();
        int axis = ShapeRules.axis(call.attributes().integer("axis", -1), rank);
        Value square =
                ops.reduceMean(ops.mul(x, x), true, LongStream.range(axis, rank).toArray());
        return List.of(ops.mul(ops.div(x, ops.sqrt(ops.add(square, ops.constant(epsilon)))), call.in(1)));
    }

    /** The sum of input, skip and bias, normalised; its mean, 1/deviation, and the sum. */
    static List<Value> skipLayerNormalization(Call call) {
        Value sum = skipped(call, 4);
        Attributes attributes = Attributes.NONE
                .with("axis", -1L)
                .with("epsilon", call.attributes().real("epsilon", SKIP_EPSILON));
        Value beta = call.has(3) ? call.in(3) : null;
        List<Value> norm = call.node(OpType.LAYER_NORMALIZATION, attributes, sum, call.in(2), beta);
        return List.of(norm.get(0), norm.get(1), norm.get(2), sum);
    }

    /** The same without taking off the mean. */
    static List<Value> skipRms(Call call) {
        Ops ops = call.ops();
        Value sum = skipped(call, 3);
        float epsilon = call.attributes().real("epsilon", SKIP_EPSILON);
        Value square = ops.reduceMean(ops.mul(sum, sum), true, -1);
        Value reciprocal = ops.div(ops.constant(1), ops.sqrt(ops.add(square, ops.constant(epsilon))));
        Value y = ops.mul(ops.mul(sum, reciprocal), call.in(2));
        return List.of(y, ops.reduceMean(sum, true, -1), reciprocal, sum);
    }

    private static Value skipped(Call call, int bias) {
        Value sum = call.ops().add(call.in(0), call.in(1));
        return call.has(bias) ? call.ops().add(sum, call.in(bias)) : sum;
    }

    /** (x - offset)·scale, one number for all features or one for each. */
    static List<Value> scaler(Call call) {
        Ops ops = call.ops();
        float[] offset = call.attributes().reals("offset");
        float[] scale = call.attributes().reals("scale");
        Value centred = ops.sub(call.in(0), ops.constant(Tensor.of(Shape.of(offset.length), offset)));
        return List.of(ops.mul(centred, ops.constant(Tensor.of(Shape.of(scale.length), scale))));
    }

    /**
     * Where the grid [N,H',W',2] says, x [N,C,H,W] is read: of the four elements around each place, weighted by nearness.
     * Gradients flow to both.
     */
    static List<Value> gridSample(Call call) {
        Attributes attributes = call.attributes();
        String mode = attributes.string("mode", "linear");
        String padding = attributes.string("padding_mode", "zeros");
        boolean nearest = mode.equals("nearest");
        boolean border = padding.equals("border");
        if (call.in(0).shape().rank() != 4
                || !(nearest || mode.equals("linear") || mode.equals("bilinear"))
                || !(border || padding.equals("zeros"))) {
            throw new IllegalArgumentException("GridSample with mode " + mode + " and padding_mode " + padding
                    + " is not supported: expected pictures, linear or nearest, zeros or border");
        }
        boolean aligned = attributes.integer("align_corners", 0) != 0;
        Ops ops = call.ops();
        Value grid = call.in(1);
        long width = call.in(0).shape().size(3);
        long height = call.in(0).shape().size(2);
        Value x = place(ops, ops.slice(grid, 3, 0, 1, 1), width, aligned, border);
        Value y = place(ops, ops.slice(grid, 3, 1, 2, 1), height, aligned, border);
        if (nearest) {
            Value column = call.node(OpType.ROUND, Attributes.NONE, x).get(0);
            Value row = call.node(OpType.ROUND, Attributes.NONE, y).get(0);
            return List.of(corner(call, row, column, null));
        }
        Value left = call.node(OpType.FLOOR, Attributes.NONE, x).get(0);
        Value top = call.node(OpType.FLOOR, Attributes.NONE, y).get(0);
        Value one = ops.constant(1);
        Value toRight = ops.sub(x, left);
        Value toBottom = ops.sub(y, top);
        Value right = ops.add(left, one);
        Value bottom = ops.add(top, one);
        Value upper = ops.add(
                corner(call, top, left, ops.mul(ops.sub(one, toBottom), ops.sub(one, toRight))),
                corner(call, top, right, ops.mul(ops.sub(one, toBottom), toRight)));
        Value lower = ops.add(
                corner(call, bottom, left, ops.mul(toBottom, ops.sub(one, toRight))),
                corner(call, bottom, right, ops.mul(toBottom, toRight)));
        return List.of(ops.add(upper, lower));
    }

    /** From -1 … 1 to places among {@code size} elements. */
    private static Value place(Ops ops, Value grid, long size, boolean aligned, boolean border) {
        double half = aligned ? (size - 1) / 2.0 : size / 2.0;
        Value place = ops.add(ops.mul(grid, half), ops.constant((float) ((size - 1) / 2.0)));
        return border ? ops.max(ops.min(place, ops.constant((float) (size - 1))), ops.constant(0)) : place;
    }

    /** Elements of x [N,C,H,W] at rows and columns [N,H',W',1] times weights, zero outside: [N,C,H',W']. */
    private static Value corner(Call call, Value row, Value column, @Nullable Value weight) {
        Ops ops = call.ops();
        long[] x = call.in(0).shape().with(0, Dim.of(1)).toArray();
        Value safeRow = ops.max(ops.min(row, ops.constant((float) (x[2] - 1))), ops.constant(0));
        Value safeColumn = ops.max(ops.min(column, ops.constant((float) (x[3] - 1))), ops.constant(0));
        Value inside = ops.cast(
                ops.and(ops.equal(row, safeRow), ops.equal(column, safeColumn)),
                call.in(0).type().element());
        Value factor = weight == null ? inside : ops.mul(weight, inside);
        Value flat = ops.cast(ops.add(ops.mul(safeRow, (double) x[3]), safeColumn), ElementType.INT64);
        long rows = row.shape().size(1);
        long columns = row.shape().size(2);
        Value places = ops.expand(ops.reshape(flat, -1, 1, rows * columns), Shape.of(1, x[1], 1)); // [N,C,H'·W']
        Value found = call.node(
                        OpType.GATHER_ELEMENTS,
                        Attributes.NONE.with("axis", 2L),
                        ops.reshape(call.in(0), 0, x[1], x[2] * x[3]),
                        places)
                .get(0);
        return ops.reshape(ops.mul(found, ops.reshape(factor, -1, 1, rows * columns)), 0, x[1], rows, columns);
    }

    /** Convolutions and products with an activation behind them, as ONNX Runtime fuses them. */
    static List<Value> fused(Call call, OpType op) {
        Attributes own = call.attributes();
        for (String name : List.copyOf(own.names())) {
            own = name.startsWith("activation") ? own.without(name) : own;
        }
        List<Value> inputs = new ArrayList<>();
        for (int i = 0; i < Math.min(3, call.inputs().size()) && call.has(i); i++) {
            inputs.add(call.in(i));
        }
        Call plain = new Call(call.ops(), "", op.onnxName(), OpType.ONNX_OPSET, inputs, own, 1);
        Value y = OpsetUpgrade.build(plain).get(0);
        Value added = call.has(3) ? call.ops().add(y, call.in(3)) : y;
        return List.of(activated(call, added));
    }

    private static Value activated(Call call, Value y) {
        String activation = call.attributes().string("activation", "");
        float[] params = call.attributes().reals("activation_params");
        float[] numbers = Arrays.copyOf(params, 2);
        Attributes none = Attributes.NONE;
        return switch (activation) {
            case "" -> y;
            case "Relu" -> call.ops().relu(y);
            case "Tanh" -> call.ops().tanh(y);
            case "Sigmoid" -> call.ops().sigmoid(y);
            case "LeakyRelu" ->
                call.node(OpType.LEAKY_RELU, none.with("alpha", numbers[0]), y).get(0);
            case "HardSigmoid" ->
                call.node(OpType.HARD_SIGMOID, none.with("alpha", numbers[0]).with("beta", numbers[1]), y)
                        .get(0);
            case "Clip" ->
                call.node(
                                OpType.CLIP,
                                none,
                                y,
                                call.ops().constant(numbers[0]),
                                call.ops().constant(numbers[1]))
                        .get(0);
            default -> throw new IllegalArgumentException("its activation " + activation + " is not supported");
        };
    }
}

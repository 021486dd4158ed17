package dev.vicreg.models.ops;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Region;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeRules;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Builds nodes: one typed method per operator, each returning the value that it computes. Arity, types and shapes are
 * checked at the call, so a mistake is reported where it was made. Everything is row-major and pictures are NCHW.
 *
 * <p>An instance carries only scope and region in which nodes are created; values of different instances mix freely.
 * Instances are immutable and thread-safe.
 *
 * <p>All methods throw {@link IllegalArgumentException} for inputs that the operator does not take.
 */
public final class Ops {
    private final String scope;
    private final Region region;

    /** Builds at the top level, in the network. */
    public Ops() {
        this("", Region.NETWORK);
    }

    private Ops(String scope, Region region) {
        this.scope = scope;
        this.region = region;
    }

    /** A builder of nodes below {@code name}: {@code scope("layer1").scope("conv")} is {@code layer1.conv}. */
    public Ops scope(String name) {
        return new Ops(scope.isEmpty() ? name : scope + "." + name, region);
    }

    /** A builder of nodes at exactly that dotted scope. */
    public Ops atScope(String absolute) {
        return new Ops(absolute, region);
    }

    /** A builder of nodes in another region. */
    public Ops in(Region other) {
        return new Ops(scope, other);
    }

    /** A builder of nodes where {@code node} is. */
    public static Ops at(Node node) {
        return new Ops(node.scope(), node.region());
    }

    /** The dotted scope. */
    public String scope() {
        return scope;
    }

    /** A node of any operator, with as many outputs as its shape rule gives. */
    public Node node(OpType op, List<? extends @Nullable Value> inputs, Attributes attributes) {
        try {
            op.checkArity(inputs.size());
            return new Node(op, scope, region, inputs, attributes, ShapeRules.outputs(op, inputs, attributes));
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException | ArithmeticException e) {
            String place = scope.isEmpty() ? "" : " at " + scope;
            throw new IllegalArgumentException(
                    op.onnxName() + place + " with inputs " + inputs + " " + attributes + ": " + e.getMessage(), e);
        }
    }

    private Value one(OpType op, Attributes attributes, @Nullable Value... inputs) {
        return node(op, Arrays.asList(inputs), attributes).output(0);
    }

    private Value one(OpType op, Value... inputs) {
        return one(op, Attributes.NONE, inputs);
    }

    /** A float constant of rank 0. */
    public Value constant(float value) {
        return Value.constant(null, Tensor.scalar(value));
    }

    /** A constant. */
    public Value constant(Tensor tensor) {
        return Value.constant(null, tensor);
    }

    /** A one-dimensional int64 constant. */
    public Value longs(long... values) {
        return Value.constant(null, Tensor.ofLongs(values));
    }

    /** a + b, broadcast. */
    public Value add(Value a, Value b) {
        return one(OpType.ADD, a, b);
    }

    /** a - b, broadcast. */
    public Value sub(Value a, Value b) {
        return one(OpType.SUB, a, b);
    }

    /** a * b, broadcast. */
    public Value mul(Value a, Value b) {
        return one(OpType.MUL, a, b);
    }

    /** a * factor. */
    public Value mul(Value a, double factor) {
        return mul(a, constant((float) factor));
    }

    /** a / b, broadcast. */
    public Value div(Value a, Value b) {
        return one(OpType.DIV, a, b);
    }

    /** base raised to exponent, broadcast. */
    public Value pow(Value base, Value exponent) {
        return one(OpType.POW, base, exponent);
    }

    /** The smaller of a and b, broadcast. */
    public Value min(Value a, Value b) {
        return one(OpType.MIN, a, b);
    }

    /** The larger of a and b, broadcast. */
    public Value max(Value a, Value b) {
        return one(OpType.MAX, a, b);
    }

    /** a = b as booleans, broadcast. */
    public Value equal(Value a, Value b) {
        return one(OpType.EQUAL, a, b);
    }

    /** a &lt; b as booleans, broadcast. */
    public Value less(Value a, Value b) {
        return one(OpType.LESS, a, b);
    }

    /** a &gt; b as booleans, broadcast. */
    public Value greater(Value a, Value b) {
        return one(OpType.GREATER, a, b);
    }

    /** Both booleans, broadcast. */
    public Value and(Value a, Value b) {
        return one(OpType.AND, a, b);
    }

    /** a where the condition holds, b elsewhere, broadcast. */
    public Value where(Value condition, Value a, Value b) {
        return one(OpType.WHERE, condition, a, b);
    }

    /** |x|. */
    public Value abs(Value x) {
        return one(OpType.ABS, x);
    }

    /** The sign of x: -1, 0 or 1. */
    public Value sign(Value x) {
        return one(OpType.SIGN, x);
    }

    /** e to the power of x. */
    public Value exp(Value x) {
        return one(OpType.EXP, x);
    }

    /** The natural logarithm. */
    public Value log(Value x) {
        return one(OpType.LOG, x);
    }

    /** Square root. */
    public Value sqrt(Value x) {
        return one(OpType.SQRT, x);
    }

    /** max(x, 0). */
    public Value relu(Value x) {
        return one(OpType.RELU, x);
    }

    /** The logistic function, 1 / (1 + exp(-x)). */
    public Value sigmoid(Value x) {
        return one(OpType.SIGMOID, x);
    }

    /** Hyperbolic tangent. */
    public Value tanh(Value x) {
        return one(OpType.TANH, x);
    }

    /** The error function. */
    public Value erf(Value x) {
        return one(OpType.ERF, x);
    }

    /** x·Φ(x) with the normal distribution function Φ, without approximation. */
    public Value gelu(Value x) {
        return one(OpType.GELU, x);
    }

    /** exp(x) / Σ exp(x), the sum along {@code axis} (negative counts from the back). */
    public Value softmax(Value x, int axis) {
        return one(OpType.SOFTMAX, Attributes.NONE.with("axis", (long) axis), x);
    }

    /** -x. */
    public Value neg(Value x) {
        return one(OpType.NEG, x);
    }

    /** x converted to another element type. */
    public Value cast(Value x, ElementType to) {
        return one(OpType.CAST, Attributes.NONE.with("to", (long) to.code()), x);
    }

    /** x under another name. */
    public Value identity(Value x) {
        return one(OpType.IDENTITY, x);
    }

    /** x, but no gradient flows back through it: the loss takes it as given. */
    public Value detach(Value x) {
        return one(OpType.DETACH, x);
    }

    /** Sum over {@code axes}; over all where none are given. */
    public Value reduceSum(Value x, boolean keepDims, long... axes) {
        return reduce(OpType.REDUCE_SUM, x, keepDims, axes);
    }

    /** Mean over {@code axes}; over all where none are given. */
    public Value reduceMean(Value x, boolean keepDims, long... axes) {
        return reduce(OpType.REDUCE_MEAN, x, keepDims, axes);
    }

    private Value reduce(OpType op, Value x, boolean keepDims, long... axes) {
        long[] all = new long[x.shape().rank()];
        Arrays.setAll(all, i -> i);
        return one(op, Attributes.NONE.with("keepdims", keepDims ? 1L : 0L), x, longs(axes.length == 0 ? all : axes));
    }

    /** x with the same elements in another shape; -1 once for the rest, 0 to keep a dimension. */
    public Value reshape(Value x, long... shape) {
        return one(OpType.RESHAPE, x, longs(shape));
    }

    /** x as a matrix: the dimensions before {@code axis}, those from it on. */
    public Value flatten(Value x, int axis) {
        return one(OpType.FLATTEN, Attributes.NONE.with("axis", (long) axis), x);
    }

    /** x with its axes in the order {@code permutation}. */
    public Value transpose(Value x, long... permutation) {
        return one(OpType.TRANSPOSE, Attributes.NONE.with("perm", permutation), x);
    }

    /** x broadcast to {@code shape}. */
    public Value expand(Value x, Shape shape) {
        return one(OpType.EXPAND, x, longs(shape.toArray()));
    }

    /** The parts one after another along {@code axis}. */
    public Value concat(int axis, Value... parts) {
        return one(OpType.CONCAT, Attributes.NONE.with("axis", (long) axis), parts);
    }

    /** x from {@code start} (inclusive) to {@code end} (exclusive) in steps of {@code step} along {@code axis}. */
    public Value slice(Value x, int axis, long start, long end, long step) {
        return one(OpType.SLICE, x, longs(start), longs(end), longs(axis), longs(step));
    }

    /**
     * x cut along several axes at once, each from its start (inclusive) to its end (exclusive) in its step; negative
     * places count from the back, and places outside are moved to the nearest end.
     */
    public Value slice(Value x, long[] axes, long[] starts, long[] ends, long[] steps) {
        return one(OpType.SLICE, x, longs(starts), longs(ends), longs(axes), longs(steps));
    }

    /** x in reverse order along {@code axis}. */
    public Value reverse(Value x, int axis) {
        return slice(x, axis, -1, Long.MIN_VALUE, -1);
    }

    /** x with zeros around it; {@code pads} as ONNX has them: all beginnings, then all ends. */
    public Value pad(Value x, long... pads) {
        return one(OpType.PAD, x, longs(pads));
    }

    /** x divided along {@code axis} into parts of these sizes, which add up to the whole. */
    public List<Value> split(Value x, int axis, long... sizes) {
        return node(OpType.SPLIT, List.of(x, longs(sizes)), Attributes.NONE.with("axis", (long) axis))
                .outputs();
    }

    /** x with each index in place of {@code axis}: [a,n,b] and [i,j] → [a,i,j,b]. Negative indices count from the back. */
    public Value gather(Value x, Value indices, int axis) {
        return one(OpType.GATHER, Attributes.NONE.with("axis", (long) axis), x, indices);
    }

    /** x without {@code axes}, which are of size 1. */
    public Value squeeze(Value x, long... axes) {
        return one(OpType.SQUEEZE, x, longs(axes));
    }

    /** x with axes of size 1 added; {@code axes} count in the result. */
    public Value unsqueeze(Value x, long... axes) {
        return one(OpType.UNSQUEEZE, x, longs(axes));
    }

    /** x repeated along every axis as often as {@code repeats} says. */
    public Value tile(Value x, long... repeats) {
        return one(OpType.TILE, x, longs(repeats));
    }

    /** Zeros of type float. */
    public Value zeros(Shape shape) {
        return one(OpType.CONSTANT_OF_SHAPE, longs(shape.toArray()));
    }

    /** data with each of {@code updates} added at its place: {@code data[indices[i]] += updates[i]} along axis 0. */
    public Value scatterAdd(Value data, Value indices, Value updates) {
        return scatterAdd(data, indices, updates, 0);
    }

    /**
     * data with each of {@code updates} added at its place along {@code axis}; indices and updates are of one shape.
     * On the CPU updates of one place are added in their order, so the sum is the same in every run.
     */
    public Value scatterAdd(Value data, Value indices, Value updates, int axis) {
        Attributes attributes = Attributes.NONE.with("axis", (long) axis).with("reduction", "add");
        return one(OpType.SCATTER_ELEMENTS, attributes, data, indices, updates);
    }

    /** The matrix product, batched and broadcast over leading axes. */
    public Value matMul(Value a, Value b) {
        return one(OpType.MAT_MUL, a, b);
    }

    /** a·b + c for matrices, either transposed first. */
    public Value gemm(Value a, Value b, @Nullable Value c, boolean transposeA, boolean transposeB) {
        Attributes attributes =
                Attributes.NONE.with("transA", transposeA ? 1L : 0L).with("transB", transposeB ? 1L : 0L);
        return c == null ? one(OpType.GEMM, attributes, a, b) : one(OpType.GEMM, attributes, a, b, c);
    }

    /** Convolution of x [N,C,H,W] with w [O,C/groups,kH,kW]; see {@link #window} for the attributes. */
    public Value conv(Value x, Value w, @Nullable Value bias, Attributes attributes) {
        return bias == null ? one(OpType.CONV, attributes, x, w) : one(OpType.CONV, attributes, x, w, bias);
    }

    /** Attributes of a square window over two spatial axes, padded by the same number on every side. */
    public static Attributes window(long kernel, long stride, long padding) {
        return window(2, kernel, stride, padding);
    }

    /** Attributes of a window that is alike along {@code axes} spatial axes, as {@link #window(long, long, long)}. */
    public static Attributes window(int axes, long kernel, long stride, long padding) {
        return Attributes.NONE
                .with("kernel_shape", repeat(kernel, axes))
                .with("strides", repeat(stride, axes))
                .with("pads", repeat(padding, 2 * axes));
    }

    private static long[] repeat(long value, int count) {
        long[] values = new long[count];
        Arrays.fill(values, value);
        return values;
    }

    /** Max pooling: the maxima and their int64 indices into the whole input, seen as one row. */
    public Node maxPool(Value x, Attributes attributes) {
        return node(OpType.MAX_POOL, List.of(x), attributes);
    }

    /** Transposed convolution of x [N,C,…] with w [C,O/groups,…] → [N,O,…]. */
    public Value convTranspose(Value x, Value w, @Nullable Value bias, Attributes attributes) {
        return bias == null
                ? one(OpType.CONV_TRANSPOSE, attributes, x, w)
                : one(OpType.CONV_TRANSPOSE, attributes, x, w, bias);
    }

    /** The sum of products that {@code equation} describes, such as {@code bij,bjk->bik}. */
    public Value einsum(String equation, Value... operands) {
        return one(OpType.EINSUM, Attributes.NONE.with("equation", equation), operands);
    }

    /** Mean over a window; see {@link #window} for the attributes. */
    public Value averagePool(Value x, Attributes attributes) {
        return one(OpType.AVERAGE_POOL, attributes, x);
    }

    /** Maximum over all spatial axes: [N,C,H,W] → [N,C,1,1]. */
    public Value globalMaxPool(Value x) {
        return one(OpType.GLOBAL_MAX_POOL, x);
    }

    /** Mean over all spatial axes: [N,C,H,W] → [N,C,1,1]. */
    public Value globalAveragePool(Value x) {
        return one(OpType.GLOBAL_AVERAGE_POOL, x);
    }

    /** Batch normalisation with given statistics: (x - mean) / sqrt(variance + epsilon) * scale + bias. */
    public Value batchNormalization(Value x, Value scale, Value bias, Value mean, Value variance, float epsilon) {
        return one(
                OpType.BATCH_NORMALIZATION, Attributes.NONE.with("epsilon", epsilon), x, scale, bias, mean, variance);
    }

    /** Normalised over the axes from {@code axis} (from the back if negative) on, then times scale plus bias. */
    public Value layerNormalization(Value x, Value scale, @Nullable Value bias, int axis, float epsilon) {
        Attributes attributes = Attributes.NONE.with("axis", (long) axis).with("epsilon", epsilon);
        return bias == null
                ? one(OpType.LAYER_NORMALIZATION, attributes, x, scale)
                : one(OpType.LAYER_NORMALIZATION, attributes, x, scale, bias);
    }

    /** x [N,C,…] normalised over groups of neighbouring channels; scale and bias are per channel [C]. */
    public Value groupNormalization(Value x, Value scale, Value bias, long groups, float epsilon) {
        Attributes attributes = Attributes.NONE.with("num_groups", groups).with("epsilon", epsilon);
        return one(OpType.GROUP_NORMALIZATION, attributes, x, scale, bias);
    }

    /** x [N,C,…] normalised over each sample's channel; scale and bias [C]. */
    public Value instanceNormalization(Value x, Value scale, Value bias, float epsilon) {
        return one(OpType.INSTANCE_NORMALIZATION, Attributes.NONE.with("epsilon", epsilon), x, scale, bias);
    }
}

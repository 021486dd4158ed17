package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a training graph on the GPU: replaces operators for which ONNX Runtime 1.24's CUDA provider has no kernel, since
 * each of these would move its inputs to the host and its result back, and wait for both.
 *
 * <p>A kernel without an upper version fits only the version of the operator that it names, so several operators lost
 * theirs when the standard changed them in a point that doesn't matter here: Equal and Resize in opset 19, ReduceMax and
 * ReduceMin in 20, Flatten and Pad in 21. The file therefore declares opset {@value #OPSET} where every node means the
 * same in it, and what came later (Gelu, GroupNormalization) is composed. Mean and Tan have no kernel in any version. The
 * inverse and hyperbolic functions but Tanh have none either, and stay on the host.
 *
 * <p>cuDNN moves the running variance of a batch norm with the unbiased batch variance (cuDNN's documentation of
 * {@code cudnnBatchNormalizationForwardTraining}: the sample variance), which is what is wanted: {@link CudaStatistics}.
 *
 * <p>Kernels that compute something else than the operator, seen on an H200 with ONNX Runtime 1.28, are gone around too:
 * pools ({@link CudaPools}); reductions over no axis, which give their input; a Resize to its input's size, where the CPU
 * copies and CUDA interpolates; and layer norms whose scale or bias is broadcast.
 *
 * <p>Convolutions stay as they are, forward and ConvGrad: cuDNN chooses. What remains on the host is ConvTranspose with
 * uneven padding, a GRU whose reset comes before its product, Pad that wraps around, and AdamW's step counts, which its
 * kernel wants there. Found by opening a session of the provider on every graph of the gradient checks.
 */
final class CudaLowering implements Rewriter.Rule {
    /** The newest standard operators for which the provider's kernels are complete. */
    private static final int OPSET = 18;

    private final CudaStatistics statistics;

    CudaLowering(Graph graph) {
        statistics = new CudaStatistics(graph);
    }

    @Override
    public List<Value> rewrite(Ops ops, Node node, List<@Nullable Value> inputs) {
        return switch (node.op()) {
            case BATCH_NORM_TRAINING -> statistics.norm(ops, node, inputs);
            case DETACH -> List.of(ops.identity(Lowering.input(inputs, 0)));
            case GELU -> List.of(gelu(ops, node, Lowering.input(inputs, 0)));
            case AVERAGE_POOL -> CudaPools.average(ops, node, inputs);
            case MAX_POOL -> CudaPools.maximum(ops, node, inputs);
            case REDUCE_L1, REDUCE_L2, REDUCE_LOG_SUM, REDUCE_SUM_SQUARE -> reduction(ops, node, inputs);
            case LAYER_NORMALIZATION -> CentredNorms.layer(ops, node, wholeScale(ops, node, inputs));
            case GROUP_NORMALIZATION -> CentredNorms.group(ops, node, inputs);
            case MEAN -> List.of(mean(ops, inputs));
            case TAN -> List.of(tan(ops, Lowering.input(inputs, 0)));
            case RESIZE -> {
                requireKnownToCuda(node);
                Value x = Lowering.input(inputs, 0);
                yield x.shape().equals(node.output(0).shape()) ? List.of(x) : Rewriter.copy(ops, node, inputs);
            }
            default -> Rewriter.copy(ops, node, inputs);
        };
    }

    /** The version of the standard operators to declare. */
    static int opset(Graph graph) {
        return graph.nodes().stream().allMatch(CudaLowering::isSameInOpset) ? OPSET : OpType.ONNX_OPSET;
    }

    private static boolean isSameInOpset(Node node) {
        return switch (node.op()) {
            case GELU, GROUP_NORMALIZATION -> false;
            case AVERAGE_POOL -> // since opset 19 dilated, and dividing rightly where rounding up leaves the picture
                node.attributes().integer("ceil_mode", 0) == 0
                        && Arrays.stream(node.attributes().integers("dilations", 1))
                                .allMatch(d -> d == 1);
            case PAD -> !node.attributes().string("mode", "constant").equals("wrap"); // since opset 19
            default -> true;
        };
    }

    /** x in float32 or float16: the form that ONNX Runtime fuses to one kernel again, and the published approximation. */
    private static Value gelu(Ops ops, Node node, Value x) {
        if (node.attributes().string("approximate", "none").equals("none")) {
            Value erf = ops.erf(ops.div(x, number(ops, x, Math.sqrt(2))));
            return ops.mul(ops.mul(x, ops.add(erf, number(ops, x, 1))), number(ops, x, 0.5));
        }
        Value cube = ops.mul(ops.mul(ops.mul(x, x), x), number(ops, x, 0.044715));
        Value t = ops.tanh(ops.mul(ops.add(x, cube), number(ops, x, Math.sqrt(2 / Math.PI))));
        return ops.mul(ops.mul(x, ops.add(t, number(ops, x, 1))), number(ops, x, 0.5));
    }

    /** Over no axis: what the reduction makes of each element alone. */
    private static List<Value> reduction(Ops ops, Node node, List<@Nullable Value> inputs) {
        Value x = Lowering.input(inputs, 0);
        boolean none = node.attributes().integer("noop_with_empty_axes", 0) != 0
                && (!node.hasInput(1) || node.input(1).shape().equals(Shape.of(0)));
        if (!none) {
            return Rewriter.copy(ops, node, inputs);
        }
        return List.of(
                switch (node.op()) {
                    case REDUCE_LOG_SUM -> ops.log(x);
                    case REDUCE_SUM_SQUARE -> ops.mul(x, x);
                    default -> ops.abs(x);
                });
    }

    /** A layer norm's inputs with scale and bias as large as what it normalises, where their sizes are known. */
    private static List<@Nullable Value> wholeScale(Ops ops, Node node, List<@Nullable Value> inputs) {
        Shape x = Lowering.input(inputs, 0).shape();
        long axis = node.attributes().integer("axis", -1);
        Shape normalised = new Shape(x.dims().subList((int) (axis < 0 ? axis + x.rank() : axis), x.rank()));
        if (!normalised.dims().stream().allMatch(dim -> dim.isFixed())) {
            return inputs;
        }
        @Nullable Value[] whole = inputs.toArray(new @Nullable Value[0]);
        for (int i = 1; i < whole.length; i++) {
            Value given = whole[i];
            if (given != null && !given.shape().equals(normalised)) {
                whole[i] = ops.expand(given, normalised);
            }
        }
        return Arrays.asList(whole);
    }

    /** A constant of the type of {@code like}. */
    private static Value number(Ops ops, Value like, double value) {
        Tensor number = Tensor.scalar((float) value);
        return ops.constant(like.type().element() == ElementType.FLOAT16 ? number.toFloat16() : number);
    }

    private static Value mean(Ops ops, List<@Nullable Value> inputs) {
        Value sum = Lowering.input(inputs, 0);
        for (int i = 1; i < inputs.size(); i++) {
            sum = ops.add(sum, Lowering.input(inputs, i));
        }
        return ops.mul(sum, 1.0 / inputs.size());
    }

    private static Value tan(Ops ops, Value x) {
        Value cosine = ops.node(OpType.COS, List.of(x), Attributes.NONE).output(0);
        return ops.div(ops.node(OpType.SIN, List.of(x), Attributes.NONE).output(0), cosine);
    }

    private static void requireKnownToCuda(Node node) {
        String coordinates = node.attributes().string("coordinate_transformation_mode", "half_pixel");
        if (coordinates.equals("half_pixel_symmetric")) {
            throw new SettingException("Resize in " + node.scope()
                    + ": coordinate_transformation_mode half_pixel_symmetric has no CUDA kernel, expected half_pixel,"
                    + " align_corners, asymmetric or pytorch_half_pixel; use `device` cpu");
        }
    }
}

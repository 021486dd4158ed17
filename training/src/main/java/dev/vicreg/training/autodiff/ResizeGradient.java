package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.listOf;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.graph.infer.ShapeValues;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of Resize in the modes nearest and linear. Along each axis y = M·x with a constant matrix M [out,in] of
 * interpolation weights, so dL/dx = Mᵀ·dL/dy, one axis after another. This is exact for every coordinate mode, up and
 * down. Repeating each element k times, the usual doubling, is a sum over groups of k instead.
 *
 * <p>Coordinates follow the ONNX operator's definition in single precision, as ONNX Runtime computes them, so that ties
 * of the nearest mode fall on the same side.
 */
final class ResizeGradient {
    private static final List<String> MODES = List.of("nearest", "linear");
    private static final List<String> COORDINATES =
            List.of("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric");

    private ResizeGradient() {}

    static List<@Nullable Value> rule(Ops ops, Node node, Value g) {
        refuse(node);
        Shape shape = node.input(0).shape();
        if (shape.equals(g.shape())) {
            return listOf(g); // the runtime copies then, even where a scale is not quite 1
        }
        float[] scales = scales(node, shape);
        Value result = g;
        for (int axis = 0; axis < shape.rank(); axis++) {
            int in = Math.toIntExact(shape.size(axis));
            int out = Math.toIntExact(g.shape().size(axis));
            if (scales[axis] != 1) {
                result = along(ops, result, axis, weights(node.attributes(), in, out, scales[axis]));
            }
        }
        return listOf(result);
    }

    private static void refuse(Node node) {
        String mode = node.attributes().string("mode", "nearest");
        String coordinates = node.attributes().string("coordinate_transformation_mode", "half_pixel");
        boolean antialias = node.attributes().integer("antialias", 0) != 0;
        if (!MODES.contains(mode) || !COORDINATES.contains(coordinates) || antialias) {
            throw new SettingException("No gradient for " + node + " with mode " + mode + ", coordinates "
                    + coordinates + (antialias ? ", antialias" : "") + ": expected one of " + MODES + ", one of "
                    + COORDINATES + " and no antialias");
        }
    }

    /** Factors per axis: as given, or those that the sizes amount to. */
    private static float[] scales(Node node, Shape shape) {
        float[] scales = new float[shape.rank()];
        Arrays.fill(scales, 1);
        if (!node.hasInput(2) || node.input(2).shape().equals(Shape.of(0))) {
            for (int axis = 0; axis < scales.length; axis++) {
                scales[axis] = (float) node.output(0).shape().size(axis) / (float) shape.size(axis);
            }
            return scales;
        }
        double[] given = ShapeValues.reals(node.input(2))
                .orElseThrow(() -> new SettingException(
                        "No gradient for " + node + ": expected constant scales, found " + node.input(2)));
        long[] axes = node.attributes().integers("axes");
        for (int i = 0; i < given.length; i++) {
            long axis = axes.length == 0 ? i : axes[i] < 0 ? axes[i] + scales.length : axes[i];
            scales[(int) axis] = (float) given[i];
        }
        return scales;
    }

    /** [out,in]: what each element of the output takes of each element of the input. */
    private static float[][] weights(Attributes attributes, int in, int out, float scale) {
        boolean linear = attributes.string("mode", "nearest").equals("linear");
        String rounding = attributes.string("nearest_mode", "round_prefer_floor");
        String coordinates = attributes.string("coordinate_transformation_mode", "half_pixel");
        float[][] weights = new float[out][in];
        for (int i = 0; i < out; i++) {
            float x = coordinate(coordinates, i, scale, in, out);
            if (linear) {
                float inside = Math.max(0, Math.min(x, in - 1));
                int low = (int) inside;
                weights[i][low] += 1 - (inside - low);
                weights[i][Math.min(low + 1, in - 1)] += inside - low;
            } else {
                weights[i][Math.max(0, Math.min(nearest(rounding, x), in - 1))] = 1;
            }
        }
        return weights;
    }

    /** Where output element i lies among the input's elements. */
    private static float coordinate(String mode, int i, float scale, int in, int out) {
        return switch (mode) {
            case "half_pixel" -> (i + 0.5f) / scale - 0.5f;
            case "pytorch_half_pixel" -> out > 1 ? (i + 0.5f) / scale - 0.5f : 0;
            case "align_corners" -> out == 1 ? 0 : i * (float) (in - 1) / (out - 1);
            case "asymmetric" -> i / scale;
            default -> { // half_pixel_symmetric
                float adjustment = out / (scale * in);
                yield (float) (in / 2f * (1 - adjustment) + (i + 0.5) / scale - 0.5);
            }
        };
    }

    private static int nearest(String mode, float x) {
        return (int)
                switch (mode) {
                    case "floor" -> Math.floor(x);
                    case "ceil" -> Math.ceil(x);
                    case "round_prefer_floor" -> Math.ceil(x - 0.5);
                    case "round_prefer_ceil" -> Math.floor(x + 0.5);
                    default -> throw new SettingException("Resize has no nearest_mode " + mode);
                };
    }

    /** Mᵀ along one axis: [a,out,b] → [a,in,b]. */
    private static Value along(Ops ops, Value g, int axis, float[][] weights) {
        long[] sizes = g.shape().toArray();
        int out = weights.length;
        int in = weights[0].length;
        long before = Shape.of(Arrays.copyOf(sizes, axis)).elements();
        long after = Shape.of(Arrays.copyOfRange(sizes, axis + 1, sizes.length)).elements();
        sizes[axis] = in;
        if (out % in == 0 && repeats(weights, out / in)) {
            Value groups = ops.reshape(g, before, in, out / in, after);
            return ops.reshape(ops.reduceSum(groups, false, 2), sizes);
        }
        float[] transposed = new float[in * out];
        for (int i = 0; i < out; i++) {
            for (int j = 0; j < in; j++) {
                transposed[j * out + i] = weights[i][j];
            }
        }
        Value matrix = ops.constant(Tensor.of(Shape.of(in, out), transposed));
        return ops.reshape(ops.matMul(matrix, ops.reshape(g, before, out, after)), sizes);
    }

    private static boolean repeats(float[][] weights, int times) {
        for (int i = 0; i < weights.length; i++) {
            if (weights[i][i / times] != 1) {
                return false;
            }
        }
        return true;
    }
}

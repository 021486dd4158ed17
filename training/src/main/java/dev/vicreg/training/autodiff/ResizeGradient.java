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
 * The gradient of Resize. Along each axis y = M·x with a constant matrix M [out,in] of
 * interpolation weights, so dL/dx = Mᵀ·dL/dy, one axis after another. This is exact for every coordinate mode, up and
 * down. Repeating each element k times, the usual doubling, is a sum over groups of k instead.
 *
 * <p>Coordinates follow the ONNX operator's definition in single precision, as ONNX Runtime computes them, so that ties
 * of the nearest mode fall on the same side.
 */
final class ResizeGradient {
    private static final List<String> MODES = List.of("nearest", "linear", "cubic");
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
        if (!MODES.contains(mode) || !COORDINATES.contains(coordinates)) {
            throw new SettingException("No gradient for " + node + " with mode " + mode + ", coordinates " + coordinates
                    + ": expected one of " + MODES + ", one of " + COORDINATES);
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
        String mode = attributes.string("mode", "nearest");
        boolean antialias = attributes.integer("antialias", 0) != 0;
        String rounding = attributes.string("nearest_mode", "round_prefer_floor");
        String coordinates = attributes.string("coordinate_transformation_mode", "half_pixel");
        float[][] weights = new float[out][in];
        for (int i = 0; i < out; i++) {
            float x = coordinate(coordinates, i, scale, in, out);
            if (mode.equals("cubic") || antialias) {
                filtered(weights[i], attributes, x, antialias ? scale : 1);
            } else if (mode.equals("linear")) {
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

    /**
     * What an output element takes of a row: a filter around its place, as wide as so many elements of the row become one.
     * What lies outside is taken from the border, or left out and made up for.
     */
    private static void filtered(float[] row, Attributes attributes, float place, float scale) {
        boolean cubic = attributes.string("mode", "").equals("cubic");
        boolean excludes = attributes.integer("exclude_outside", 0) != 0;
        float a = attributes.real("cubic_coeff_a", -0.75f);
        double stretch = Math.max(1, 1 / scale);
        double reach = stretch * (cubic ? 2 : 1);
        int first = (int) Math.ceil(place - reach);
        int last = (int) Math.floor(place + reach);
        double sum = 0;
        double[] taken = new double[row.length];
        for (int tap = first; tap <= last; tap++) {
            int inside = Math.max(0, Math.min(tap, row.length - 1));
            if (excludes && inside != tap) {
                continue;
            }
            double distance = Math.abs(tap - place) / stretch;
            double weight = cubic ? cubic(distance, a) : Math.max(0, 1 - distance);
            taken[inside] += weight;
            sum += weight;
        }
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) (taken[i] / sum);
        }
    }

    /** Keys, Cubic Convolution Interpolation for Digital Image Processing (1981), equation 15, with a in place of -1/2. */
    private static double cubic(double x, double a) {
        if (x <= 1) {
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
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

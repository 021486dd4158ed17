package dev.vicreg.training.autodiff;

import static dev.vicreg.training.autodiff.GradientRules.constantLongs;
import static dev.vicreg.training.autodiff.GradientRules.listOf;
import static dev.vicreg.training.autodiff.StructureGradients.padAxis;

import dev.vicreg.models.graph.Node;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of Pad. A border of copies adds its gradients to what it copies; a border of one value, to that value. A
 * negative pad cuts elements off, which get zeros.
 */
final class PadGradient {
    private static final List<String> MODES = List.of("constant", "reflect", "edge", "wrap");

    private PadGradient() {}

    static List<@Nullable Value> rule(Ops ops, Node node, Value g) {
        String mode = node.attributes().string("mode", "constant");
        if (!MODES.contains(mode)) {
            throw new SettingException("No gradient for " + node + " with mode " + mode + ": expected one of " + MODES);
        }
        Shape shape = node.input(0).shape();
        long[][] pads = pads(node, shape.rank());
        Value inner = g;
        for (int axis = 0; axis < shape.rank(); axis++) {
            inner = mode.equals("constant")
                    ? padAxis(ops, inner, axis, -pads[0][axis], -pads[1][axis])
                    : fold(ops, inner, axis, pads[0][axis], pads[1][axis], mode);
        }
        if (!node.hasInput(2)) {
            return listOf(inner);
        }
        // What is not x's is the border's.
        Value border = ops.sub(ops.reduceSum(g, false), ops.reduceSum(inner, false));
        return listOf(inner, null, ops.reshape(border, node.input(2).shape().toArray()));
    }

    /** Pads before and after each axis. */
    private static long[][] pads(Node node, int rank) {
        long[] listed = constantLongs(node, 1);
        int count = listed.length / 2;
        long[] axes = node.hasInput(3) ? constantLongs(node, 3) : null;
        long[][] pads = new long[2][rank];
        for (int i = 0; i < count; i++) {
            int axis = axes == null ? i : (int) (axes[i] < 0 ? axes[i] + rank : axes[i]);
            pads[0][axis] = listed[i];
            pads[1][axis] = listed[i + count];
        }
        return pads;
    }

    /** [before + n + after] → [n]: both borders added to where they were copied from. */
    private static Value fold(Ops ops, Value g, int axis, long before, long after, String mode) {
        long front = Math.max(0, before);
        long back = Math.max(0, after);
        long n = g.shape().size(axis) - front - back; // of what is left after cutting
        Value inner = padAxis(ops, g, axis, -front, -back);
        if (front > 0) {
            inner = ops.add(inner, border(ops, ops.slice(g, axis, 0, front, 1), axis, n, true, mode));
        }
        if (back > 0) {
            inner = ops.add(
                    inner, border(ops, ops.slice(g, axis, front + n, front + n + back, 1), axis, n, false, mode));
        }
        return padAxis(ops, inner, axis, Math.max(0, -before), Math.max(0, -after));
    }

    /** One border's gradient at its source in [n]. */
    private static Value border(Ops ops, Value g, int axis, long n, boolean front, String mode) {
        long width = g.shape().size(axis);
        switch (mode) {
            case "edge": { // copies of the outermost element
                Value sum = ops.reduceSum(g, true, axis);
                return front ? padAxis(ops, sum, axis, 0, n - 1) : padAxis(ops, sum, axis, n - 1, 0);
            }
            case "reflect": { // what lies next to the outermost element, mirrored
                Value mirrored = ops.reverse(g, axis);
                return front
                        ? padAxis(ops, mirrored, axis, 1, n - 1 - width)
                        : padAxis(ops, mirrored, axis, n - 1 - width, 1);
            }
            default: // wrap: the other end
                return front ? padAxis(ops, g, axis, n - width, 0) : padAxis(ops, g, axis, 0, n - width);
        }
    }
}

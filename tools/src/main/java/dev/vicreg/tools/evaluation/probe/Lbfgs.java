package dev.vicreg.tools.evaluation.probe;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Minimises a smooth function by L-BFGS (Nocedal, Wright: Numerical optimization, algorithms 7.4 and 7.5) with a line
 * search that brackets the weak Wolfe conditions (Lewis, Overton 2013: Nonsmooth optimization via quasi-Newton methods,
 * algorithm 2.6).
 */
final class Lbfgs {
    private static final int MEMORY = 10; // corrections kept, as in SciPy
    private static final double DECREASE = 1e-4;
    private static final double CURVATURE = 0.9;
    private static final int TRIALS = 40; // of one line search

    /** A function with its gradient. */
    interface Function {
        /** The value at a point. Writes the gradient there. */
        double at(double[] point, double[] gradient);
    }

    /**
     * Where it ended.
     *
     * @param converged whether no component of the gradient exceeds the tolerance
     */
    record Minimum(double[] point, double value, int iterations, boolean converged) {}

    private record Point(double[] x, double value, double[] gradient) {}

    private record Correction(double[] step, double[] change, double product) {}

    private final Function function;
    private final Deque<Correction> corrections = new ArrayDeque<>(); // the newest first

    private Lbfgs(Function function) {
        this.function = function;
    }

    /**
     * Goes down from a start until no component of the gradient exceeds {@code tolerance}, until float64 shows no further
     * descent, or for so many iterations.
     */
    static Minimum minimise(Function function, double[] start, double tolerance, int iterations) {
        Lbfgs search = new Lbfgs(function);
        Point point = search.at(start);
        int done = 0;
        while (largest(point.gradient) > tolerance && done < iterations) {
            Point next = search.next(point);
            if (next == null) {
                break;
            }
            search.remember(point, next);
            point = next;
            done++;
        }
        return new Minimum(point.x, point.value, done, largest(point.gradient) <= tolerance);
    }

    private Point at(double[] x) {
        double[] gradient = new double[x.length];
        return new Point(x, function.at(x, gradient), gradient);
    }

    /** The end of the line search; null where nothing along the line is lower. */
    private @Nullable Point next(Point from) {
        double[] direction = direction(from.gradient);
        double slope = Products.dot(direction, from.gradient);
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double length = corrections.isEmpty() ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
        Point best = null;
        for (int trial = 0; trial < TRIALS; trial++) {
            Point there = at(plus(from.x, length, direction));
            if (!(there.value <= from.value + DECREASE * length * slope)) {
                high = length;
            } else {
                best = there;
                if (Products.dot(direction, there.gradient) >= CURVATURE * slope) {
                    return there;
                }
                low = length;
            }
            length = high == Double.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
        }
        return best;
    }

    /** The gradient, negative, times the inverse Hessian that the corrections suggest. */
    private double[] direction(double[] gradient) {
        double[] direction = plus(new double[gradient.length], -1, gradient);
        double[] shares = new double[corrections.size()];
        int i = 0;
        for (Correction each : corrections) {
            shares[i] = Products.dot(each.step, direction) / each.product;
            direction = plus(direction, -shares[i++], each.change);
        }
        Correction newest = corrections.peekFirst();
        if (newest != null) {
            double scale = newest.product / Products.dot(newest.change, newest.change);
            direction = plus(new double[gradient.length], scale, direction);
        }
        Iterator<Correction> oldestFirst = corrections.descendingIterator();
        while (oldestFirst.hasNext()) {
            Correction each = oldestFirst.next();
            double back = Products.dot(each.change, direction) / each.product;
            direction = plus(direction, shares[--i] - back, each.step);
        }
        return direction;
    }

    private void remember(Point from, Point to) {
        double[] step = plus(to.x, -1, from.x);
        double[] change = plus(to.gradient, -1, from.gradient);
        double product = Products.dot(step, change);
        if (product > 0) { // else rounding: the Wolfe conditions promise it
            if (corrections.size() == MEMORY) {
                corrections.removeLast();
            }
            corrections.addFirst(new Correction(step, change, product));
        }
    }

    private static double largest(double[] gradient) {
        double largest = 0;
        for (double value : gradient) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static double[] plus(double[] x, double factor, double[] y) {
        double[] sum = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            sum[i] = x[i] + factor * y[i];
        }
        return sum;
    }
}

package dev.vicreg.training;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;

/** The generator of the golden figures' inputs: {@code golden/README.md}. */
public final class Lcg {
    private long state;

    public Lcg(long seed) {
        state = seed & 0xFFFFFFFFL;
    }

    public double next() {
        state = (1664525 * state + 1013904223) & 0xFFFFFFFFL;
        return state / 2147483648.0 - 1;
    }

    public double[] doubles(int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = next();
        }
        return values;
    }

    public Tensor tensor(double scale, long... shape) {
        Shape of = Shape.of(shape);
        return tensor(of, scale, doubles((int) of.elements()));
    }

    public static Tensor tensor(Shape shape, double scale, double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) (values[i] * scale);
        }
        return Tensor.of(shape, floats);
    }
}

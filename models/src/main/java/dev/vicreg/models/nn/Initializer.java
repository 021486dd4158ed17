package dev.vicreg.models.nn;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import java.util.random.RandomGenerator;

/** How a parameter's data start. Implementations are stateless and thread-safe. */
@FunctionalInterface
public interface Initializer {
    /** Draws a float tensor of {@code shape}. */
    Tensor draw(Shape shape, RandomGenerator random);

    /** The same value everywhere. */
    static Initializer constant(float value) {
        return (shape, random) -> Tensor.filled(shape, value);
    }

    /**
     * Normal with variance 2 / fan-out, for weights [O,I/groups,kH,kW] before a ReLU (He et al. 2015; fan-out is O·kH·kW,
     * in groups too). What torchvision's ResNet and the official VICReg code use.
     */
    static Initializer kaimingNormalFanOut() {
        return (shape, random) -> {
            double fanOut = (double) shape.elements() / shape.size(1);
            double deviation = Math.sqrt(2 / fanOut);
            return fill(shape, () -> random.nextGaussian() * deviation);
        };
    }

    /** Uniform within ±1/√fanIn: PyTorch's default for linear layers, weights and biases alike. */
    static Initializer uniformFanIn(long fanIn) {
        double bound = 1 / Math.sqrt((double) fanIn);
        return (shape, random) -> fill(shape, () -> (2 * random.nextDouble() - 1) * bound);
    }

    /** Normal around zero. */
    static Initializer normal(double deviation) {
        return (shape, random) -> fill(shape, () -> random.nextGaussian() * deviation);
    }

    /**
     * Normal around zero, drawn again beyond ±2. The bounds are numbers, not deviations, as in PyTorch's
     * {@code trunc_normal_}, so for the usual deviation of 0.02 they change nothing.
     */
    static Initializer truncatedNormal(double deviation) {
        return (shape, random) -> fill(shape, () -> {
            double value;
            do {
                value = random.nextGaussian() * deviation;
            } while (Math.abs(value) > 2);
            return value;
        });
    }

    private static Tensor fill(Shape shape, java.util.function.DoubleSupplier source) {
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) source.getAsDouble();
        }
        return Tensor.of(shape, values);
    }
}

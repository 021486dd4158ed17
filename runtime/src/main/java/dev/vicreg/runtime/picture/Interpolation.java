package dev.vicreg.runtime.picture;

/** Convolution kernel of a resize. Named as Pillow names them; the kernel is widened when a picture shrinks. */
public enum Interpolation {
    /** Triangle kernel, support 1. */
    BILINEAR(1.0) {
        @Override
        double weight(double distance) {
            double x = Math.abs(distance);
            return x < 1.0 ? 1.0 - x : 0.0;
        }
    },

    /** Keys' cubic kernel with a = -0.5, support 2 (Keys 1981, equation 4). */
    BICUBIC(2.0) {
        @Override
        double weight(double distance) {
            double x = Math.abs(distance);
            if (x < 1.0) {
                return ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
            }
            return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * A : 0.0;
        }
    };

    private static final double A = -0.5;

    private final double support;

    Interpolation(double support) {
        this.support = support;
    }

    /** Distance, in pixels of the coarser picture, beyond which the weight is zero. */
    double support() {
        return support;
    }

    /** Weight of a sample at this distance, before the weights of one output pixel are made to add up to one. */
    abstract double weight(double distance);
}

package dev.vicreg.training.encoder;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.training.Lcg;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Parameters under which every part of a network matters: {@code draw} in golden/encoders.py. */
final class DrawnParameters {
    private DrawnParameters() {}

    /** Weights of about unit gain; scales around 1, biases and means around 0, variances in 0.5 to 1.5. */
    static Tensor draw(Parameter parameter) {
        Shape shape = parameter.shape();
        double[] values = new Lcg(checksum(parameter.name())).doubles((int) shape.elements());
        double fanIn = (double) shape.elements() / shape.size(0);
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (parameter.role()) {
                case RUNNING_VARIANCE -> 1 + 0.5 * values[i];
                case RUNNING_MEAN, BIAS, NORM_BIAS -> 0.1 * values[i];
                case NORM_SCALE -> 1 + 0.1 * values[i];
                case EMBEDDING -> values[i];
                case WEIGHT -> values[i] * Math.sqrt(3 / fanIn);
                case COUNTER -> 0;
            };
        }
        return Lcg.tensor(shape, 1, values);
    }

    /** CRC-32 of a name: the seed of its numbers. */
    static long checksum(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return crc.getValue();
    }
}

package dev.vicreg.training.session;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.training.data.view.SampleRandom;
import dev.vicreg.training.step.StepSignature;
import dev.vicreg.training.step.TrainingGraph;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a step is fed besides views: a function of these numbers alone, so that a resumed run is fed what it would have been.
 *
 * @param learningRate used as it is
 * @param step counted from 0
 * @param totalSteps of the run
 * @param seed of the run
 */
public record StepNumbers(float learningRate, long step, long totalSteps, long seed) {
    /** Keeps the directions' numbers apart from those of samples and their order, whose third key is another. */
    private static final int DIRECTIONS = -2;

    /** A step without a schedule. */
    public StepNumbers(float learningRate) {
        this(learningRate, 0, 1, 0);
    }

    /** All but the views, by name. */
    Map<String, Tensor> of(StepSignature signature) {
        Map<String, Tensor> fed = new LinkedHashMap<>();
        fed.put(TrainingGraph.LEARNING_RATE, Tensor.of(Shape.of(1), learningRate));
        signature
                .targetMomentum(step, totalSteps)
                .ifPresent(
                        momentum -> fed.put(TrainingGraph.TARGET_MOMENTUM, Tensor.of(Shape.of(1), (float) momentum)));
        if (signature.directions() != null) {
            fed.put(TrainingGraph.DIRECTIONS, directions(signature.directions()));
        }
        return fed;
    }

    /** Columns of unit length, uniform over the sphere but for the tails of {@link SampleRandom#nextNoise}. */
    private Tensor directions(Shape shape) {
        int width = (int) shape.size(0);
        int number = (int) shape.size(1);
        SampleRandom random = new SampleRandom(seed, step, DIRECTIONS);
        float[] values = new float[width * number];
        double[] squares = new double[number];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextNoise();
            squares[i % number] += (double) values[i] * values[i];
        }
        for (int i = 0; i < values.length; i++) {
            values[i] /= (float) Math.sqrt(squares[i % number]);
        }
        return Tensor.of(shape, values);
    }
}

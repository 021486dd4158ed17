package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.Preprocessing;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.signal.Signal;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * How samples of one kind go into a model.
 *
 * @param prepare brings a sample to the model's size as soon as it is decoded, so that no large one has to be kept; the
 *     model does nothing more to a sample so prepared. Thread-safe
 * @param embed vectors of samples, in their order
 * @param <T> a sample
 */
public record Encoding<T>(UnaryOperator<T> prepare, Function<List<T>, float[][]> embed) {
    /**
     * Of pictures.
     *
     * @throws IllegalArgumentException if the model takes something else
     */
    public static Encoding<Picture> ofPictures(EmbeddingModel model) {
        Preprocessing preprocessing = PicturePreparation.of(model);
        return new Encoding<>(preprocessing::apply, model::embedPictures);
    }

    /**
     * Of the rows of a table.
     *
     * @throws IllegalArgumentException if the model takes something else
     */
    public static Encoding<float[]> ofVectors(EmbeddingModel model) {
        require(Manifest.VectorInput.class, model);
        return new Encoding<>(UnaryOperator.identity(), vectors -> model.embedVectors(vectors.toArray(new float[0][])));
    }

    /**
     * Of signals at the model's rate.
     *
     * @throws IllegalArgumentException if the model takes something else
     */
    public static Encoding<Signal> ofSignals(EmbeddingModel model) {
        Manifest.SignalInput input = require(Manifest.SignalInput.class, model);
        return new Encoding<>(signal -> middle(signal, input), model::embedSignals);
    }

    /**
     * Of sequences of ids that the model knows.
     *
     * @throws IllegalArgumentException if the model takes something else
     */
    public static Encoding<int[]> ofSequences(EmbeddingModel model) {
        require(Manifest.SequenceInput.class, model);
        return new Encoding<>(
                UnaryOperator.identity(),
                sequences -> model.embedSequences(sequences.stream()
                        .map(ids -> Arrays.stream(ids).asLongStream().toArray())
                        .toArray(long[][]::new)));
    }

    private static Signal middle(Signal whole, Manifest.SignalInput input) {
        Signal signal = input.channels() == 1 ? whole.mono() : whole;
        if (signal.channels() != input.channels()) {
            throw new IllegalArgumentException("The encoder takes signals of " + input.channels()
                    + " channels, the data have " + signal.channels());
        }
        float[] rest = new float[signal.channels()];
        for (int c = 0; c < rest.length; c++) {
            rest[c] = input.mean().get(c);
        }
        return new Signal(signal.middle(input.length(), rest), signal.rate());
    }

    private static <I extends Manifest.Input> I require(Class<I> kind, EmbeddingModel model) {
        Manifest.Input input = model.manifest().input();
        if (!kind.isInstance(input)) {
            throw new IllegalArgumentException("The encoder takes " + input.kind() + "s, the data are others");
        }
        return kind.cast(input);
    }
}

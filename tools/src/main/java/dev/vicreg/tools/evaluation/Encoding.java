package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
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
     * What a model takes, which is known to be of this kind.
     *
     * @throws IllegalArgumentException if it is not
     */
    static <I extends Manifest.Input> I require(Class<I> kind, EmbeddingModel model) {
        Manifest.Input input = model.manifest().input();
        if (!kind.isInstance(input)) {
            throw new IllegalArgumentException("The encoder takes " + input.kind() + "s, the data are others");
        }
        return kind.cast(input);
    }
}

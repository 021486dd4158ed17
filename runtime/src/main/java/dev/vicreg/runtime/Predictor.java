package dev.vicreg.runtime;

import java.io.IOException;
import java.util.List;

/**
 * A regressor as one kind of sample goes through it, step by step: for callers that read files, and want to keep no large
 * sample. Thread-safe as its {@link RegressionModel}, and of use until that is closed.
 *
 * @param <S> a sample
 */
public interface Predictor<S> {
    /**
     * The sample in a file's bytes, of any size.
     *
     * @param name what messages call the file
     * @throws IOException if the file is damaged or holds something else
     */
    S decode(byte[] file, String name) throws IOException;

    /**
     * The sample as the model takes it: of its size, rate or length. One that is so already stays as it is.
     *
     * @throws IllegalArgumentException if it can't be brought to that
     */
    S prepare(S sample);

    /**
     * The numbers of prepared samples, in their order.
     *
     * @throws IllegalArgumentException if one was not prepared
     * @throws IllegalStateException if the model is closed or can't be run
     */
    List<Prediction> predict(List<S> prepared);
}

package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Classifier;
import dev.vicreg.runtime.ClassifierModel;
import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Predictor;
import dev.vicreg.runtime.RegressionModel;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewType;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/**
 * What evaluation makes of samples of one kind.
 *
 * @param <S> a decoded sample
 * @param <R> what is kept of it for the comparison with raw samples and for plots
 */
public interface SampleForm<S, R> {
    /** The kind of data. */
    Kind<S> kind();

    /**
     * How samples go into a model.
     *
     * @throws IllegalStateException if it takes something else
     */
    Embedder<S> embedder(EmbeddingModel model);

    /**
     * How samples go into a classifier, as they are.
     *
     * @throws IllegalStateException if it takes something else
     */
    Classifier<S> classifier(ClassifierModel model);

    /**
     * How samples go into a regressor, as they are.
     *
     * @throws IllegalStateException if it takes something else
     */
    Predictor<S> predictor(RegressionModel model);

    /** What is kept of each sample; thread-safe. */
    Function<S, R> raw(EmbeddingModel model, Dataset<S> data);

    /**
     * Raw samples as vectors of one length.
     *
     * @param train the training samples, to whose scale they are brought
     */
    float[][] vectors(List<R> samples, List<R> train);

    /** What those are called: {@code pixels}, {@code vectors}, {@code signals} or {@code counts}. */
    String rawNoun();

    /**
     * What people see of a sample, as it is in the data.
     *
     * @param data that it is from
     */
    Look look(S sample, Dataset<?> data);

    /**
     * The sample that a view shows.
     *
     * @param type of the view
     * @param view its values from position 0 on, native byte order
     */
    S seen(ViewType type, ByteBuffer view);

    /** Width of {@link #cell}, in pixels. */
    int cellWidth();

    /** Height of {@link #cell}, in pixels. */
    int cellHeight();

    /** A sample as it stands in a plot. */
    BufferedImage cell(R sample);

    /** A picture of what an encoder makes of test samples. */
    default Plot plot(LabelledVectors<R> train, LabelledVectors<R> test, List<String> classes) {
        return ContactSheet.of(train, test);
    }
}

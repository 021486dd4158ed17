package dev.vicreg.tools.evaluation.online;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.evaluation.EvaluationSamples;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.diagnosis.Collapse;
import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import dev.vicreg.training.loop.OnlineEvaluation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures an encoder while it is trained, on {@link EvaluationSamples}: kNN with k = 20 and T = 0.07, an {@link OnlineProbe}
 * that learns from all labelled training samples but those that are asked, and {@link Diagnosis} of those that are asked.
 *
 * @param <S> a decoded sample
 * @param <R> what its form keeps of it
 */
public final class RunWatch<S, R> implements OnlineEvaluation {
    private static final Logger log = LoggerFactory.getLogger(RunWatch.class);
    private static final KnnClassifier KNN = KnnClassifier.STANDARD;

    /** Makes an encoder of a checkpoint; whoever asks closes it. */
    @FunctionalInterface
    public interface Encoders {
        EmbeddingModel open(Path checkpoint) throws IOException;
    }

    private final SampleForm<S, R> form;
    private final EvaluationSamples<S> samples;
    private final Encoders encoders;
    private final int[] taught;
    private @Nullable OnlineProbe probe;

    /** @param form of the samples */
    public RunWatch(SampleForm<S, R> form, EvaluationSamples<S> samples, Encoders encoders) {
        this.form = form;
        this.samples = samples;
        this.encoders = encoders;
        taught = samples.taught();
    }

    @Override
    public void see(int[] indices, float[][] representations) {
        if (!samples.labelsKnown()) {
            return;
        }
        int[] rows = IntStream.range(0, indices.length)
                .filter(i -> taught[indices[i]] >= 0 && Collapse.isFinite(representations[i]))
                .toArray();
        if (probe == null) {
            probe = new OnlineProbe(samples.classes().size(), representations[0].length);
        }
        probe.learn(
                Arrays.stream(rows).mapToObj(i -> representations[i]).toArray(float[][]::new),
                Arrays.stream(rows).map(i -> taught[indices[i]]).toArray());
    }

    /**
     * {@code knn} and {@code linear}, shares of the samples that are asked, where labels are known; and what {@link
     * Diagnosis#figures} has. Of vectors that are all one, or hold a value that is no finite number, no accuracy:
     * {@code collapsed} is 1.
     */
    @Override
    public Map<String, Double> measure(Path checkpoint) throws IOException {
        try (EmbeddingModel encoder = encoders.open(checkpoint)) {
            List<EmbeddingModel> models = List.of(encoder);
            LabelledVectors<R> asked =
                    LabelledVectors.of(form, samples.test(), samples.asked(), samples.label(), models, done -> {});
            if (Collapse.isNotFinite(asked.encoder())) {
                return Map.of("collapsed", 1.0);
            }
            Map<String, Double> figures = new LinkedHashMap<>();
            if (samples.labelsKnown() && Collapse.of(asked.encoder()).isEmpty()) {
                accuracies(asked, models, figures);
            }
            if (asked.size() > 1) {
                figures.putAll(Diagnosis.of(asked.encoder()).figures());
            }
            return figures;
        }
    }

    private void accuracies(LabelledVectors<R> asked, List<EmbeddingModel> models, Map<String, Double> figures)
            throws IOException {
        int classes = samples.classes().size();
        if (samples.voting().length >= KNN.k()) {
            LabelledVectors<R> voting = LabelledVectors.of(
                    form, samples.train(), samples.voting(), samples.train()::label, models, done -> {});
            if (voting.size() >= KNN.k() && !Collapse.isNotFinite(voting.encoder())) {
                figures.put(
                        "knn",
                        KNN.accuracy(voting.encoder(), voting.labels(), asked.encoder(), asked.labels(), classes));
            }
        }
        if (probe != null) {
            int[] predicted = probe.predict(asked.encoder());
            long right = IntStream.range(0, predicted.length)
                    .filter(i -> predicted[i] == asked.labels()[i])
                    .count();
            figures.put("linear", (double) right / predicted.length);
        }
    }

    @Override
    public Map<String, Tensor> state() {
        return probe == null ? Map.of() : probe.state();
    }

    @Override
    public void restore(Map<String, Tensor> state) {
        if (state.isEmpty()) {
            probe = null; // of a run that goes back to its start
            if (samples.labelsKnown()) {
                log.warn("nothing was measured up to this checkpoint: the linear probe beside the run begins anew");
            }
            return;
        }
        OnlineProbe saved = OnlineProbe.of(state);
        if (saved.classes() == samples.classes().size()) {
            probe = saved;
        } else {
            log.warn(
                    "the linear probe of this checkpoint told {} classes apart, the data now have {}: it begins anew",
                    saved.classes(),
                    samples.classes().size());
        }
    }
}

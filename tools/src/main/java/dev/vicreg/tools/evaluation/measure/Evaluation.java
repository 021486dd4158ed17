package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.Neighbours;
import dev.vicreg.tools.evaluation.SampleForm;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * kNN accuracies of one encoder and of what it is compared with, each 0 to 1.
 *
 * @param k neighbours that voted
 * @param temperature of their votes
 * @param noun what the samples are called, in the plural
 * @param rawNoun what stands beside the encoder: {@code pixels}, {@code vectors}, {@code signals} or {@code counts}
 * @param train labelled samples that voted
 * @param test samples that were classified
 * @param classes among the training samples
 * @param encoder accuracy of the encoder's vectors
 * @param baseline the same encoder before training; null where there is none
 * @param raw the samples themselves: pixels, normalised by mean and standard deviation of the training pictures; vectors
 *     and signals, standardised as the encoder does; how often each id is in a sequence
 * @param overBaseline how much better the encoder is than before training; null where there is no such
 * @param overRaw how much better it is than the samples themselves
 */
public record Evaluation(
        int k,
        double temperature,
        String noun,
        String rawNoun,
        int train,
        int test,
        int classes,
        double encoder,
        @Nullable Double baseline,
        double raw,
        @Nullable Advantage overBaseline,
        Advantage overRaw) {

    /** Classifies the test samples by the training samples, in each of the spaces; a second model is the baseline. */
    public static <R> Evaluation of(KnnClassifier knn, LabelledVectors<R> train, LabelledVectors<R> test, int classes) {
        SampleForm<?, R> form = train.form();
        Predictions encoder = predictions(knn, train, train.encoder(), test, test.encoder(), classes);
        Predictions baseline = train.models().size() < 2
                ? null
                : predictions(
                        knn, train, train.models().get(1), test, test.models().get(1), classes);
        Predictions raw = predictions(
                knn,
                train,
                form.vectors(train.raw(), train.raw()),
                test,
                form.vectors(test.raw(), train.raw()),
                classes);
        return new Evaluation(
                knn.k(),
                knn.temperature(),
                form.kind().noun(),
                form.rawNoun(),
                train.size(),
                test.size(),
                classes,
                encoder.accuracy(),
                baseline == null ? null : baseline.accuracy(),
                raw.accuracy(),
                baseline == null ? null : Advantage.of(encoder, baseline),
                Advantage.of(encoder, raw));
    }

    private static Predictions predictions(
            KnnClassifier knn,
            LabelledVectors<?> train,
            float[][] bank,
            LabelledVectors<?> test,
            float[][] queries,
            int classes) {
        Neighbours neighbours = Neighbours.find(bank, queries, knn.k(), 0);
        return new Predictions(knn.classify(neighbours, train.labels(), classes), test.labels(), classes);
    }

    /** For programs: the same keys whatever the samples are. */
    public Map<String, @Nullable Object> figures() {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("k", k);
        figures.put("temperature", temperature);
        figures.put("train_samples", train);
        figures.put("test_samples", test);
        figures.put("classes", classes);
        figures.put("encoder", encoder);
        figures.put("baseline", baseline);
        figures.put("raw", raw);
        figures.put(
                "over_raw", List.of(overRaw.interval().low(), overRaw.interval().high()));
        figures.put(
                "over_baseline",
                overBaseline == null
                        ? null
                        : List.of(
                                overBaseline.interval().low(),
                                overBaseline.interval().high()));
        return figures;
    }
}

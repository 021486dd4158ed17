package dev.vicreg.tools.evaluation;

import java.util.LinkedHashMap;
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
        double raw) {

    /** Classifies the test samples by the training samples, in each of the spaces; a second model is the baseline. */
    public static <R> Evaluation of(KnnClassifier knn, LabelledVectors<R> train, LabelledVectors<R> test, int classes) {
        SampleForm<?, R> form = train.form();
        float[][] trainRaw = form.vectors(train.raw(), train.raw());
        float[][] testRaw = form.vectors(test.raw(), train.raw());
        int[] trainLabels = train.labels();
        int[] testLabels = test.labels();
        return new Evaluation(
                knn.k(),
                knn.temperature(),
                form.kind().noun(),
                form.rawNoun(),
                train.size(),
                test.size(),
                classes,
                knn.accuracy(train.encoder(), trainLabels, test.encoder(), testLabels, classes),
                train.models().size() < 2
                        ? null
                        : knn.accuracy(
                                train.models().get(1),
                                trainLabels,
                                test.models().get(1),
                                testLabels,
                                classes),
                knn.accuracy(trainRaw, trainLabels, testRaw, testLabels, classes));
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
        return figures;
    }
}

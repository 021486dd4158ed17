package dev.vicreg.tools.command;

import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.evaluation.EvaluationSamples;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.Plot;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.classifier.Classes;
import dev.vicreg.tools.evaluation.measure.Evaluation;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An encoder beside itself before training and beside the samples as they are, by kNN: what a run ends with. */
final class KnnEvaluation {
    private KnnEvaluation() {}

    /**
     * Figures, and the vectors that they come from.
     *
     * @param classes names of the labels
     */
    record Measured<R>(Evaluation evaluation, LabelledVectors<R> train, LabelledVectors<R> test, List<String> classes) {
        /** Neighbours of pictures, signals and sequences, a map of vectors. */
        Plot plot() {
            return train.form().plot(train, test, classes);
        }
    }

    /** Embeds both sets and classifies the second by the first. */
    static Measured<?> measure(
            KnnClassifier knn,
            EmbeddingModel encoder,
            @Nullable EmbeddingModel before,
            Dataset<?> train,
            Dataset<?> test,
            Console console)
            throws IOException {
        return measure(SampleForms.of(train), knn, encoder, before, train, test, console);
    }

    private static <S, R> Measured<R> measure(
            SampleForm<S, R> form,
            KnnClassifier knn,
            EmbeddingModel encoder,
            @Nullable EmbeddingModel before,
            Dataset<?> train,
            Dataset<?> test,
            Console console)
            throws IOException {
        List<String> classes = train.labelNames();
        IntUnaryOperator testLabel = labelsAsIn(classes, test);
        requireLabels(knn.k(), train, labelled(train, train::label), labelled(test, testLabel));
        List<EmbeddingModel> models = before == null ? List.of(encoder) : List.of(encoder, before);
        EvaluationSamples<S> samples =
                EvaluationSamples.all(form.kind().require(train), form.kind().require(test), testLabel);
        return measure(form, knn, models, samples, console);
    }

    /** Embeds what votes and what is asked, and classifies the second by the first. */
    private static <S, R> Measured<R> measure(
            SampleForm<S, R> form,
            KnnClassifier knn,
            List<EmbeddingModel> models,
            EvaluationSamples<S> samples,
            Console console)
            throws IOException {
        Embedded<R> embedded = embed(form, models, samples, console);
        requireLabels(knn.k(), samples.train(), embedded.bank.size(), embedded.queries.size()); // some may not decode
        return embedded.measure(knn, samples.classes());
    }

    /** What votes and what is asked, as vectors. */
    record Embedded<R>(LabelledVectors<R> bank, LabelledVectors<R> queries) {
        /** Classifies the second by the first, which are {@code knn.k()} or more. */
        Measured<R> measure(KnnClassifier knn, List<String> classes) {
            return new Measured<>(Evaluation.of(knn, bank, queries, classes.size()), bank, queries, classes);
        }
    }

    /** Embeds what votes and what is asked, what can be decoded of them. */
    static <S, R> Embedded<R> embed(
            SampleForm<S, R> form, List<EmbeddingModel> models, EvaluationSamples<S> samples, Console console)
            throws IOException {
        LabelledVectors<R> bank;
        LabelledVectors<R> queries;
        try (Progress progress = new Progress(console, "embed", 0, samples.size())) {
            bank = LabelledVectors.of(
                    form, samples.train(), samples.voting(), samples.train()::label, models, done -> progress.at(done));
            queries = LabelledVectors.of(
                    form,
                    samples.test(),
                    samples.asked(),
                    samples.label(),
                    models,
                    done -> progress.at(samples.voting().length + done));
        }
        return new Embedded<>(bank, queries);
    }

    /** How many samples have a label. */
    static long labelled(Dataset<?> data, IntUnaryOperator label) {
        return IntStream.range(0, data.size())
                .filter(i -> label.applyAsInt(i) >= 0)
                .count();
    }

    /**
     * Refuses sets with too few labels.
     *
     * @throws IOException naming where labels are looked for
     */
    static void requireLabels(int k, Dataset<?> train, long inTrain, long inTest) throws IOException {
        if (inTrain < k || inTest == 0) {
            String noun = train.noun();
            throw new IOException((k > 1 ? "kNN needs" : "measures of classes need") + " at least " + k
                    + " labelled training " + noun
                    + " and one labelled among the test " + noun + ", found " + inTrain + " and " + inTest + "; "
                    + (inTrain > 0 && inTest > 0
                            ? "give ./vicreg eval a smaller --k"
                            : Kinds.of(train).whereLabelsAre()
                                    + "; without labels: ./vicreg eval `measures` label-free"));
        }
    }

    /** Labels of the test set, numbered as the training set's: the two may hold different classes. */
    static IntUnaryOperator labelsAsIn(List<String> classes, Dataset<?> test) throws IOException {
        List<String> names = test.labelNames();
        for (String name : names) {
            if (!classes.contains(name)) {
                throw Classes.untrained(name, test, classes);
            }
        }
        int[] same = names.stream().mapToInt(classes::indexOf).toArray();
        return index -> test.label(index) < 0 ? -1 : same[test.label(index)];
    }

    /** The figures as a person reads them. */
    static String table(Evaluation e) {
        String before = e.baseline() == null
                ? "  before training   left out: no encoder-initial.onnx beside the model, and no --baseline\n"
                : row("before training", e.baseline());
        return String.format(
                        Locale.ROOT,
                        "kNN (k = %d, T = %s): %d test %s by %d training %s of %d classes%n",
                        e.k(),
                        e.temperature(),
                        e.test(),
                        e.noun(),
                        e.train(),
                        e.noun(),
                        e.classes())
                + row("encoder", e.encoder())
                + before
                + row("raw " + e.rawNoun(), e.raw());
    }

    /** One line of it. */
    static String row(String name, double accuracy) {
        return String.format(Locale.ROOT, "  %-16s %5.1f %%%n", name, 100 * accuracy);
    }
}

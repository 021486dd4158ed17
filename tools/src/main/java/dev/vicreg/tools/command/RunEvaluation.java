package dev.vicreg.tools.command;

import dev.vicreg.export.RunExport;
import dev.vicreg.export.Weights;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.EvaluationSamples;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.diagnosis.Collapse;
import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import dev.vicreg.tools.evaluation.measure.Conclusion;
import dev.vicreg.tools.evaluation.measure.Evaluation;
import dev.vicreg.tools.evaluation.online.RunWatch;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.loop.OnlineEvaluation;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a run's encoder is measured on, while it is trained and once it is: the samples of {@code eval-data}, else a few of
 * the training samples. Test samples are held open through the training only if they are needed on the way: they would take
 * memory from it. Closing closes them.
 */
final class RunEvaluation implements AutoCloseable {
    private final TrainingConfig config;
    private final Console console;
    private final @Nullable String evalData;
    private Datasets apart; // the test samples

    private RunEvaluation(TrainingConfig config, Console console) {
        this.config = config;
        this.console = console;
        evalData = config.data().evalData();
        apart = new Datasets(new Reading(console));
    }

    /**
     * Finds out now whether the run's samples can be measured on, not when it has begun or is over.
     *
     * @param datasets has the training samples open, or opens them
     * @throws SettingException if test samples are of another kind or don't fit the encoder, or the best checkpoint is to be
     *     told by a measure that needs labels, and too few are known
     * @throws IOException if they cannot be read, or test samples have no labels
     */
    static RunEvaluation of(TrainingConfig config, Datasets datasets, Console console) throws IOException {
        RunEvaluation evaluation = new RunEvaluation(config, console);
        try {
            evaluation.check();
            String best = config.output().keepBest();
            if (best != null && (best.equals("knn") || best.equals("linear"))) {
                DataOptions reading = config.graph().a().input().reading();
                Dataset<?> train = datasets.open(
                        config.data().data(), reading, config.data().selection());
                evaluation.requireLabels(SampleForms.of(train), train, best);
            }
            return evaluation;
        } catch (IOException | RuntimeException e) {
            evaluation.close();
            throw e;
        }
    }

    private void check() throws IOException {
        if (evalData == null) {
            return;
        }
        try {
            Dataset<?> test = test();
            config.graph().a().input().requireFits(test);
            if (test.labelNames().isEmpty()) {
                KnnEvaluation.requireLabels(KnnClassifier.STANDARD.k(), test, 0, 0);
            }
        } catch (SettingException e) {
            throw new SettingException("--eval-data " + evalData + ": " + e.getMessage(), e);
        }
        Notes.warnOfOverlap(config.data().data(), evalData, console);
        if (config.output().evalEvery() == 0) {
            release();
        }
    }

    private <S> void requireLabels(SampleForm<S, ?> form, Dataset<?> train, String best) throws IOException {
        EvaluationSamples<S> samples = few(form, train);
        if (!samples.labelsKnown()) {
            throw new SettingException("--keep-best " + best + " needs labels of two classes or more: "
                    + Kinds.of(train).whereLabelsAre()
                    + "; without labels: --keep-best rankme, spread or uniformity");
        }
        int least = KnnClassifier.STANDARD.k();
        if (best.equals("knn") && samples.voting().length < least) {
            throw new SettingException("--keep-best knn needs " + least + " labelled " + train.noun()
                    + " that vote, found " + samples.voting().length + "; choose another measure, such as linear");
        }
    }

    /** Lets go of the test samples, which are opened again when they are needed. */
    private void release() throws IOException {
        apart.close();
        apart = new Datasets(new Reading(console));
    }

    private Dataset<?> test() throws IOException {
        DataOptions reading = config.graph().a().input().reading();
        return apart.open(String.valueOf(evalData), reading, Selection.ALL);
    }

    /**
     * What measures the encoder on the way; null where the run wants nothing measured.
     *
     * @param train the run's samples
     * @param run its folder
     */
    @Nullable
    OnlineEvaluation online(Dataset<?> train, Path run) throws IOException {
        return config.output().evalEvery() == 0 ? null : online(SampleForms.of(train), train, run);
    }

    private <S, R> OnlineEvaluation online(SampleForm<S, R> form, Dataset<?> train, Path run) throws IOException {
        EvaluationSamples<S> samples = few(form, train);
        int least = KnnClassifier.STANDARD.k();
        if (!samples.labelsKnown()) {
            console.err()
                    .println("note: --eval-every measures without labels, since two classes or more are not known: "
                            + Kinds.of(train).whereLabelsAre());
        } else if (samples.voting().length < least) {
            console.err()
                    .println("note: --eval-every leaves kNN out: " + samples.voting().length + " labelled "
                            + train.noun() + " can vote, it needs " + least);
        }
        return new RunWatch<>(form, samples, checkpoint -> encoder(run, checkpoint));
    }

    /** The encoder of a state of the run. */
    private EmbeddingModel encoder(Path run, Path checkpoint) throws IOException {
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-online")) {
            Path file = folder.path().resolve("encoder.onnx");
            RunExport.export(
                    run, Side.A, RunExport.Form.ORIGINAL, Weights.TRAINED, checkpoint, Version.TEXT, Map.of(), file);
            return open(file);
        }
    }

    private EmbeddingModel open(Path encoder) throws IOException {
        return EmbeddingModel.load(
                encoder, config.computeDevice(), config.machine().threads());
    }

    private <S> EvaluationSamples<S> few(SampleForm<S, ?> form, Dataset<?> train) throws IOException {
        Dataset<S> own = form.kind().require(train);
        if (evalData == null) {
            return EvaluationSamples.few(own, null, index -> -1);
        }
        Dataset<S> test = form.kind().require(test());
        return EvaluationSamples.few(own, test, KnnEvaluation.labelsAsIn(train.labelNames(), test));
    }

    /**
     * Figures of an encoder, and what comes of them.
     *
     * @param evaluation of all test samples, of runs that have some; null for others
     * @param conclusion in one line
     */
    record End(@Nullable Evaluation evaluation, String conclusion) {}

    /** Measures the trained encoder beside the one before training. */
    End end(Path encoder, Dataset<?> train) throws IOException {
        return end(SampleForms.of(train), encoder, train);
    }

    private <S, R> End end(SampleForm<S, R> form, Path encoder, Dataset<?> train) throws IOException {
        Path initial = encoder.resolveSibling(new RunLayout(Path.of("")).initialEncoder(Side.A));
        try (EmbeddingModel after = open(encoder);
                EmbeddingModel before = open(initial)) {
            List<EmbeddingModel> models = List.of(after, before);
            if (evalData != null) {
                KnnEvaluation.Measured<?> measured =
                        KnnEvaluation.measure(KnnClassifier.STANDARD, after, before, train, test(), console);
                return new End(measured.evaluation(), conclusion(measured, "test " + train.noun()));
            }
            EvaluationSamples<S> samples = few(form, train);
            return new End(null, onTrainingSamples(form, models, samples));
        }
    }

    private <S, R> String onTrainingSamples(
            SampleForm<S, R> form, List<EmbeddingModel> models, EvaluationSamples<S> samples) throws IOException {
        KnnClassifier knn = KnnClassifier.STANDARD;
        String asked = "training " + samples.train().noun();
        if (samples.voting().length >= knn.k()) {
            KnnEvaluation.Embedded<R> embedded = KnnEvaluation.embed(form, models, samples, console);
            Optional<String> collapse = Collapse.of(embedded.queries().encoder());
            if (collapse.isPresent()) {
                return Conclusion.collapsed(collapse.get(), config.schedule().lr());
            }
            if (embedded.bank().size() >= knn.k() && embedded.queries().size() > 0) { // some may not decode
                return conclusion(embedded.measure(knn, samples.classes()), asked + " that don't vote");
            }
        }
        return unlabelled(form, models, samples, asked);
    }

    private String conclusion(KnnEvaluation.Measured<?> measured, String asked) {
        return conclusion(measured, asked, config.schedule().lr());
    }

    /**
     * What came of a run, by what was measured.
     *
     * @param rate the run's
     */
    static String conclusion(KnnEvaluation.Measured<?> measured, String asked, double rate) {
        return Conclusion.of(
                measured.evaluation(), asked, Collapse.of(measured.test().encoder()), rate);
    }

    private <S, R> String unlabelled(
            SampleForm<S, R> form, List<EmbeddingModel> models, EvaluationSamples<S> samples, String asked)
            throws IOException {
        LabelledVectors<R> vectors;
        try (Progress progress = new Progress(console, "embed", 0, samples.asked().length)) {
            vectors = LabelledVectors.of(
                    form, samples.test(), samples.asked(), index -> 0, models, done -> progress.at(done));
        }
        double rate = config.schedule().lr();
        Optional<String> collapse = Collapse.of(vectors.encoder());
        if (collapse.isPresent()) {
            return Conclusion.collapsed(collapse.get(), rate);
        }
        if (vectors.size() < 2) {
            return "nothing measured: that takes two " + asked + " or more";
        }
        return Conclusion.of(
                Diagnosis.of(vectors.encoder()), Diagnosis.of(vectors.models().get(1)), asked, rate);
    }

    /** Figures of a further encoder of the run on all test samples. */
    Evaluation of(Path encoder, Dataset<?> train) throws IOException {
        try (EmbeddingModel model = open(encoder)) {
            return KnnEvaluation.measure(KnnClassifier.STANDARD, model, null, train, test(), console)
                    .evaluation();
        }
    }

    @Override
    public void close() throws IOException {
        apart.close();
    }
}

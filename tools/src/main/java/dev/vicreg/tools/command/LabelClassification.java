package dev.vicreg.tools.command;

import dev.vicreg.export.ClassifierExport;
import dev.vicreg.export.LinearHead;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.classifier.Calibration;
import dev.vicreg.tools.evaluation.classifier.Classes;
import dev.vicreg.tools.evaluation.classifier.ClassifierFit;
import dev.vicreg.tools.evaluation.classifier.LabelDraw;
import dev.vicreg.tools.evaluation.classifier.LabelledEmbeddings;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import dev.vicreg.tools.evaluation.probe.LinearClassifier;
import dev.vicreg.tools.evaluation.probe.LinearProbe;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.InputKind;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.objective.Criterion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes a classifier of an encoder and samples with classes. */
final class LabelClassification {
    private final Settings settings;
    private final Console console;
    private final ClassifyCommand.Named train;
    private final ClassifyCommand.@Nullable Named test;
    private final Classes classes;
    private final IntUnaryOperator labels; // of the samples to learn from, those that were drawn

    private LabelClassification(InputConfig input, Settings settings, Datasets datasets, Console console)
            throws IOException {
        this.settings = settings;
        this.console = console;
        String label = settings.find(ClassifyCommand.LABEL).orElse(null);
        train = ClassifyCommand.opened(input, settings.get(ClassifyCommand.TRAIN), label, settings, datasets);
        Optional<String> measured = settings.find(ClassifyCommand.TEST);
        test = measured.isPresent() ? ClassifyCommand.opened(input, measured.get(), label, settings, datasets) : null;
        Dataset<?> data = train.data();
        classes = Classes.of(data, train.name());
        LabelDraw draw = new LabelDraw(
                settings.find(ClassifyCommand.LABELS_PER_CLASS).orElse(0),
                settings.find(ClassifyCommand.LABEL_SHARE).orElse(0.0),
                settings.get(TuningOptions.SEED));
        labels = draw.of(classes.in(data, train.name()), data.size(), count(), data.noun(), train.name());
    }

    /** Fits a head on an encoder that stays as it is, writes both and says so. */
    static void frozen(Path file, Settings settings, Datasets datasets, Console console) throws IOException {
        Manifest manifest = ClassifierExport.requireEncoder(file);
        try (EmbeddingModel encoder = ClassifyCommand.open(file, settings)) {
            LabelClassification task =
                    new LabelClassification(InputKind.of(manifest.input()), settings, datasets, console);
            LabelledEmbeddings[] embedded = task.embed(encoder);
            ClassifierFit fit = task.fit(LabelClassification::linear, embedded);
            String origin = "logistic regression on the embeddings of the encoder, which stayed as it was";
            ClassifierExport.Result written = task.publish(file, fit, origin, fit.evaluation());
            ClassifierReport.print(task.made(written, fit, null, embedded), settings, console);
        }
    }

    /** Trains encoder and head, writes both and says so; nothing if it was stopped. */
    static void tuned(Beginning beginning, boolean anew, Settings settings, Datasets datasets, Console console)
            throws IOException, InterruptedException {
        LabelClassification task = new LabelClassification(beginning.branch().input(), settings, datasets, console);
        int[] all =
                IntStream.range(0, task.train.data().size()).map(task.labels).toArray();
        int[] drawn = Arrays.stream(all).filter(label -> label >= 0).toArray();
        int learned = ClassifierFit.split(drawn, task.count()).kept().length;
        FineTune.Plan plan = TuningOptions.plan(settings, learned, anew, beginning);
        Map<String, String> decisive = plan.decisive(beginning);
        decisive.put("train", task.train.data().fingerprint());
        decisive.put("labels", TuningFolder.digest(task.classes.names() + Arrays.toString(all)));
        decisive.put("from-scratch", String.valueOf(anew));
        decisive.put("labels-per-class", String.valueOf(settings.value("labels-per-class")));
        decisive.put("label-share", String.valueOf(settings.value("label-share")));
        TuningFolder folder = TuningFolder.of(settings.get(ClassifyCommand.OUT), decisive);
        Criterion criterion = new Criterion.CrossEntropy(plan.config().update().labelSmoothing());
        FineTune tuning = new FineTune(beginning, plan, task.count(), criterion, anew, folder);
        ClassifierFit frozen;
        Optional<FineTune.Tuned> tuned;
        try (EmbeddingModel first = ClassifyCommand.open(folder.encoder(0), settings)) {
            LabelledEmbeddings[] embedded = task.embed(first);
            frozen = task.fit(LabelClassification::linear, embedded);
            LinearHead start = anew ? null : frozen.head();
            tuned = tuning.train(
                    task.train.data(), embedded[0], task(embedded[0].labels(), task.count()), start, console);
        }
        if (tuned.isEmpty()) {
            console.err().println("stopped; the same command goes on from what is in " + folder.path());
            return;
        }
        task.published(new ClassifierReport.Before(anew ? "untrained" : "frozen", frozen, tuned.get()));
        folder.delete();
    }

    /** Held-out samples like best what gives them the smallest loss at its best temperature: accuracy jumps, on few of them. */
    private static FineTune.Task task(int[] labels, int classes) {
        HeldOut parts = ClassifierFit.split(labels, classes);
        int[] held = HeldOut.labels(labels, parts.held());
        float[][] targets = new float[labels.length][classes];
        for (int i = 0; i < targets.length; i++) {
            targets[i][labels[i]] = 1;
        }
        return new FineTune.Task(
                targets, parts, logits -> -Calibration.fit(logits, held).loss(logits, held));
    }

    private void published(ClassifierReport.Before before) throws IOException {
        FineTune.Tuned tuned = before.tuned();
        try (EmbeddingModel encoder = ClassifyCommand.open(tuned.encoder(), settings)) {
            LabelledEmbeddings[] embedded = embed(encoder);
            ClassifierFit fit = fit((vectors, own, count) -> tuned.head(), embedded);
            Map<String, Double> figures = fit.evaluation();
            before.fit().evaluation().forEach((name, value) -> figures.put(before.name() + "-" + name, value));
            String origin = "trained with the encoder by cross-entropy, " + tuned.epoch();
            ClassifierExport.Result written = publish(tuned.encoder(), fit, origin, figures);
            ClassifierReport.print(made(written, fit, before, embedded), settings, console);
        }
    }

    private ClassifierExport.Result publish(Path encoder, ClassifierFit fit, String origin, Map<String, Double> figures)
            throws IOException {
        double temperature = fit.calibration().temperature();
        return ClassifierExport.export(
                encoder,
                fit.head(),
                new Manifest.Head(classes.names(), temperature, origin, figures),
                Version.TEXT,
                settings.get(ClassifyCommand.OUT));
    }

    private int count() {
        return classes.names().size();
    }

    private LabelledEmbeddings[] embed(EmbeddingModel encoder) throws IOException {
        IntUnaryOperator measured = test == null ? index -> -1 : classes.in(test.data(), test.name());
        return ClassifyCommand.embed(encoder, train, labels, test, measured, console);
    }

    private ClassifierFit fit(ClassifierFit.Fitting fitting, LabelledEmbeddings[] embedded) throws IOException {
        LabelledEmbeddings measured = test == null ? null : embedded[1];
        return ClassifierFit.of(
                fitting, classes, embedded[0], measured, train.data().noun(), train.name());
    }

    private static LinearHead linear(float[][] vectors, int[] labels, int classes) {
        LinearClassifier fitted = LinearProbe.fit(vectors, labels, classes).classifier();
        return new LinearHead(fitted.weights(), fitted.bias());
    }

    private ClassifierReport.Made made(
            ClassifierExport.Result file,
            ClassifierFit fit,
            ClassifierReport.@Nullable Before before,
            LabelledEmbeddings[] embedded) {
        List<ClassifyCommand.Named> sets = test == null ? List.of(train) : List.of(train, test);
        int unlabelled = sets.stream()
                .map(ClassifyCommand.Named::data)
                .mapToInt(LabelClassification::unlabelled)
                .sum();
        if (unlabelled > 0) {
            console.err().println("note: " + train.data().noun() + " without a label that are left out: " + unlabelled);
        }
        int undecodable =
                Stream.of(embedded).mapToInt(LabelledEmbeddings::undecodable).sum();
        return new ClassifierReport.Made(
                file, fit, before, classes.names(), train.data().noun(), unlabelled + undecodable);
    }

    private static int unlabelled(Dataset<?> data) {
        return (int) IntStream.range(0, data.size())
                .filter(index -> data.label(index) < 0)
                .count();
    }
}

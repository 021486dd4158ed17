package dev.vicreg.tools.command;

import dev.vicreg.export.ClassifierExport;
import dev.vicreg.export.LinearHead;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.classifier.Calibration;
import dev.vicreg.tools.evaluation.classifier.Classes;
import dev.vicreg.tools.evaluation.classifier.ClassifierFit;
import dev.vicreg.tools.evaluation.classifier.LabelDraw;
import dev.vicreg.tools.evaluation.classifier.LabelledEmbeddings;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import dev.vicreg.tools.evaluation.probe.LinearClassifier;
import dev.vicreg.tools.evaluation.probe.LinearProbe;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.InputKind;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.objective.Criterion;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes a classifier of an encoder and labelled samples. */
final class ClassifyCommand {
    private static final Setting<Path> MODEL = Setting.path(
            "model",
            "FILE.onnx|RUN",
            Group.MODEL,
            "encoder as ./vicreg export writes it, or the run that trained it; it stays as it is");
    static final Setting<String> TRAIN = Setting.text(
            "train",
            DataConfig.ARGUMENT,
            Group.DATA,
            "labelled samples to learn from, of which a fifth is held out; a folder is a class",
            null);
    static final Setting<String> TEST = Setting.text(
            "test", DataConfig.ARGUMENT, Group.DATA, "labelled samples to measure the classifier on", null);
    private static final Setting<String> LABEL =
            Setting.text(InputOptions.LABEL.name(), "COLUMN", Group.DATA, "vectors: column of classes", null);
    private static final Setting<String> TARGET = Setting.text(
            "target",
            "COLUMN",
            Group.DATA,
            "tell a number instead of a class: vectors' column that holds it; of other data \"labels\", which are then numbers",
            null);
    private static final Setting<Integer> LABELS_PER_CLASS = Setting.integer(
            "labels-per-class",
            "N",
            Group.DATA,
            "learn from so many labels of each class, drawn by --seed",
            null,
            2,
            1 << 30);
    private static final Setting<Double> LABEL_SHARE = Setting.decimal(
            "label-share",
            "X",
            Group.DATA,
            "learn from so large a share of the labels, as many of each class, drawn by --seed",
            null,
            1e-9,
            1);
    private static final Setting<String> BRANCH = Setting.choice(
            "branch", List.of("a", "b"), Group.MODEL, "which encoder of a run whose branches share no weights", "a");
    static final Setting<Path> OUT =
            Setting.path("out", "FILE.onnx", Group.OUTPUT, "the classifier: encoder and head in one file");

    static final Usage USAGE = new Usage(
            List.of(MODEL, TRAIN, OUT),
            Stream.of(
                            List.of(TEST, LABEL, TARGET, SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS),
                            List.of(LABELS_PER_CLASS, LABEL_SHARE, BRANCH),
                            TuningOptions.ALL,
                            SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg classify --model run/encoder.onnx --train shapes/train --out classifier.onnx");

    private ClassifyCommand() {}

    /** A data set and what the user calls it. */
    record Named(Dataset<?> data, String name) {}

    /**
     * Labelled samples, before anything is made of them.
     *
     * @param labels of the samples to learn from, those that were drawn
     * @param drawn how many those are
     */
    private record Samples(Named train, @Nullable Named test, Classes classes, IntUnaryOperator labels, int drawn) {}

    static void run(Settings given, Console console) throws Exception {
        Settings settings = TuningOptions.withRecipe(given, LABELS_PER_CLASS, LABEL_SHARE);
        TuningOptions.Mode mode = TuningOptions.mode(settings);
        Path out = settings.get(OUT);
        AtomicFile.requireWritable(out);
        Path model = settings.get(MODEL);
        if (Files.exists(out) && Files.exists(model) && Files.isSameFile(out, model)) {
            throw new SettingException("--out would replace the encoder " + model + "; name another file");
        }
        boolean anew = mode == TuningOptions.Mode.FROM_SCRATCH;
        try (Datasets datasets = new Datasets(new Reading(console))) {
            if (settings.find(TARGET).isPresent()) {
                regress(settings, mode, datasets, console);
                return;
            }
            Optional<ClassifierReport.Made> made = mode == TuningOptions.Mode.FROZEN
                    ? Optional.of(frozen(settings, encoder(settings), datasets, console))
                    : tuned(settings, beginning(settings, anew), anew, datasets, console);
            if (made.isPresent()) {
                ClassifierReport.print(made.get(), settings, console);
                if (settings.find(TEST).isPresent()) {
                    Notes.warnOfOverlap(settings.get(TRAIN), settings.get(TEST), console);
                }
            }
        }
    }

    private static void regress(Settings settings, TuningOptions.Mode mode, Datasets datasets, Console console)
            throws IOException, InterruptedException {
        for (Setting<?> setting : List.of(LABEL, LABELS_PER_CLASS, LABEL_SHARE)) {
            if (settings.isGiven(setting)) {
                throw new SettingException(
                        "--" + setting.name() + " is for classes, --target for numbers; leave one out");
            }
        }
        String target = settings.get(TARGET);
        boolean anew = mode == TuningOptions.Mode.FROM_SCRATCH;
        if (mode == TuningOptions.Mode.FROZEN) {
            TargetRegression.frozen(target, encoder(settings), settings, datasets, console);
        } else {
            TargetRegression.tuned(target, beginning(settings, anew), anew, settings, datasets, console);
        }
    }

    private static Beginning beginning(Settings settings, boolean anew) throws IOException {
        Path model = settings.get(MODEL);
        Beginning beginning = Beginning.of(model, side(settings));
        if (anew) {
            beginning.requireOwn(model);
        }
        return beginning;
    }

    /** The file of the encoder. */
    private static Path encoder(Settings settings) throws NoSuchFileException {
        Path model = settings.get(MODEL);
        Path file = Files.isDirectory(model) ? new RunLayout(model).encoder(side(settings)) : model;
        if (Files.isDirectory(model) && !Files.exists(file)) {
            throw new NoSuchFileException("Run " + model + " has no " + file.getFileName() + ": ./vicreg export --run "
                    + model + " --out " + file + " writes it");
        }
        return file;
    }

    private static Side side(Settings settings) {
        return Side.valueOf(settings.get(BRANCH).toUpperCase(Locale.ROOT));
    }

    /** Fits a head on the embeddings of an encoder that stays as it is, and writes both. */
    private static ClassifierReport.Made frozen(Settings settings, Path file, Datasets datasets, Console console)
            throws IOException {
        Manifest manifest = ClassifierExport.requireEncoder(file);
        try (EmbeddingModel encoder = open(file, settings)) {
            Samples samples = samples(InputKind.of(manifest.input()), settings, datasets);
            LabelledEmbeddings[] embedded = embed(encoder, samples, console);
            ClassifierFit fit = fit(ClassifyCommand::linear, samples, embedded);
            Manifest.Head head = new Manifest.Head(
                    samples.classes.names(),
                    fit.calibration().temperature(),
                    "logistic regression on the embeddings of the encoder, which stayed as it was",
                    fit.evaluation());
            ClassifierExport.Result written =
                    ClassifierExport.export(file, fit.head(), head, Version.TEXT, settings.get(OUT));
            return made(written, fit, null, samples, embedded, console);
        }
    }

    /** Trains encoder and head, and writes both; nothing if it was stopped. */
    private static Optional<ClassifierReport.Made> tuned(
            Settings settings, Beginning beginning, boolean anew, Datasets datasets, Console console)
            throws IOException, InterruptedException {
        Samples samples = samples(beginning.branch().input(), settings, datasets);
        int classes = samples.classes.names().size();
        FineTune.Plan plan = TuningOptions.plan(settings, samples.drawn, anew, beginning);
        Map<String, String> decisive = plan.decisive(beginning);
        decisive.put("train", samples.train.data.fingerprint());
        decisive.put(
                LABELS_PER_CLASS.name(),
                String.valueOf(settings.find(LABELS_PER_CLASS).orElse(0)));
        decisive.put(
                LABEL_SHARE.name(), String.valueOf(settings.find(LABEL_SHARE).orElse(0.0)));
        decisive.put("from-scratch", String.valueOf(anew));
        TuningFolder folder = TuningFolder.of(settings.get(OUT), decisive);
        Criterion criterion = new Criterion.CrossEntropy(plan.config().update().labelSmoothing());
        FineTune tuning = new FineTune(beginning, plan, classes, criterion, anew, folder);
        ClassifierFit frozen;
        Optional<FineTune.Tuned> tuned;
        try (EmbeddingModel first = open(folder.encoder(0), settings)) {
            LabelledEmbeddings[] embedded = embed(first, samples, console);
            frozen = fit(ClassifyCommand::linear, samples, embedded);
            LinearHead start = anew ? null : frozen.head();
            tuned = tuning.train(samples.train.data, embedded[0], task(embedded[0], classes), start, console);
        }
        if (tuned.isEmpty()) {
            console.err().println("stopped; the same command goes on from what is in " + folder.path());
            return Optional.empty();
        }
        ClassifierReport.Made made = published(settings, samples, frozen, tuned.get(), console);
        folder.delete();
        return Optional.of(made);
    }

    private static ClassifierReport.Made published(
            Settings settings, Samples samples, ClassifierFit frozen, FineTune.Tuned tuned, Console console)
            throws IOException {
        try (EmbeddingModel encoder = open(tuned.encoder(), settings)) {
            LabelledEmbeddings[] embedded = embed(encoder, samples, console);
            ClassifierFit fit = fit((vectors, labels, classes) -> tuned.head(), samples, embedded);
            Map<String, Double> figures = fit.evaluation();
            frozen.evaluation().forEach((name, value) -> figures.put("frozen-" + name, value));
            Manifest.Head head = new Manifest.Head(
                    samples.classes.names(),
                    fit.calibration().temperature(),
                    "trained with the encoder by cross-entropy, epoch " + tuned.best() + " of " + tuned.epochs(),
                    figures);
            ClassifierExport.Result written =
                    ClassifierExport.export(tuned.encoder(), fit.head(), head, Version.TEXT, settings.get(OUT));
            return made(written, fit, new ClassifierReport.Before(frozen, tuned), samples, embedded, console);
        }
    }

    private static FineTune.Task task(LabelledEmbeddings train, int classes) {
        HeldOut parts = ClassifierFit.split(train.labels(), classes);
        int[] held = HeldOut.labels(train.labels(), parts.held());
        float[][] targets = new float[train.size()][classes];
        for (int i = 0; i < targets.length; i++) {
            targets[i][train.labels()[i]] = 1;
        }
        return new FineTune.Task(targets, parts, logits -> score(logits, held));
    }

    /** More right predictions are better; of as many, a smaller loss at the best temperature. */
    private static double score(double[][] logits, int[] labels) {
        int right = 0;
        for (boolean each : Calibration.right(logits, labels)) {
            right += each ? 1 : 0;
        }
        double loss = Calibration.fit(logits, labels).loss(logits, labels);
        return right - loss / (1 + loss);
    }

    static EmbeddingModel open(Path encoder, Settings settings) throws IOException {
        return EmbeddingModel.load(encoder, SharedSettings.device(settings), settings.get(SharedSettings.THREADS));
    }

    private static LabelDraw draw(Settings settings) {
        return new LabelDraw(
                settings.find(LABELS_PER_CLASS).orElse(0),
                settings.find(LABEL_SHARE).orElse(0.0),
                settings.get(TuningOptions.SEED));
    }

    private static Samples samples(InputConfig input, Settings settings, Datasets datasets) throws IOException {
        String label = settings.find(LABEL).orElse(null);
        Named train = opened(input, settings.get(TRAIN), label, settings, datasets);
        Optional<String> test = settings.find(TEST);
        Named measured = test.isPresent() ? opened(input, test.get(), label, settings, datasets) : null;
        Classes classes = Classes.of(train.data, train.name);
        IntUnaryOperator labels = draw(settings)
                .of(
                        classes.in(train.data, train.name),
                        train.data.size(),
                        classes.names().size(),
                        train.data.noun(),
                        train.name);
        int drawn = (int) IntStream.range(0, train.data.size())
                .filter(index -> labels.applyAsInt(index) >= 0)
                .count();
        return new Samples(train, measured, classes, labels, drawn);
    }

    static Named opened(InputConfig input, String data, @Nullable String label, Settings settings, Datasets datasets)
            throws IOException {
        return new Named(
                InputOptions.open(input, "The encoder", data, label, SharedSettings.selection(settings), datasets),
                data);
    }

    private static ClassifierFit fit(ClassifierFit.Fitting fitting, Samples samples, LabelledEmbeddings[] embedded)
            throws IOException {
        LabelledEmbeddings measured = samples.test == null ? null : embedded[1];
        return ClassifierFit.of(
                fitting, samples.classes, embedded[0], measured, samples.train.data.noun(), samples.train.name);
    }

    private static LinearHead linear(float[][] vectors, int[] labels, int classes) {
        LinearClassifier fitted = LinearProbe.fit(vectors, labels, classes).classifier();
        return new LinearHead(fitted.weights(), fitted.bias());
    }

    private static ClassifierReport.Made made(
            ClassifierExport.Result file,
            ClassifierFit fit,
            ClassifierReport.@Nullable Before before,
            Samples samples,
            LabelledEmbeddings[] embedded,
            Console console) {
        int unlabelled = 0;
        for (Named set : sets(samples)) {
            unlabelled += (int) IntStream.range(0, set.data.size())
                    .filter(index -> set.data.label(index) < 0)
                    .count();
        }
        if (unlabelled > 0) {
            console.err()
                    .println(
                            "note: " + samples.train.data.noun() + " without a label that are left out: " + unlabelled);
        }
        int undecodable =
                Stream.of(embedded).mapToInt(LabelledEmbeddings::undecodable).sum();
        return new ClassifierReport.Made(
                file, fit, before, samples.classes.names(), samples.train.data.noun(), unlabelled + undecodable);
    }

    private static List<Named> sets(Samples samples) {
        return samples.test == null ? List.of(samples.train) : List.of(samples.train, samples.test);
    }

    private static LabelledEmbeddings[] embed(EmbeddingModel encoder, Samples samples, Console console)
            throws IOException {
        Named test = samples.test;
        IntUnaryOperator measured = test == null ? index -> -1 : samples.classes.in(test.data, test.name);
        return embed(encoder, samples.train, samples.labels, test, measured, console);
    }

    /** The labelled samples of both sets; of one where there is no other. */
    static LabelledEmbeddings[] embed(
            EmbeddingModel encoder,
            Named train,
            IntUnaryOperator labels,
            @Nullable Named test,
            IntUnaryOperator testLabels,
            Console console)
            throws IOException {
        SampleForm<?, ?> form = SampleForms.of(train.data);
        int first = train.data.size();
        try (Progress progress = new Progress(console, "embed", 0, first + (test == null ? 0L : test.data.size()))) {
            LabelledEmbeddings learned = LabelledEmbeddings.of(form, train.data, labels, encoder, progress::at);
            if (test == null) {
                return new LabelledEmbeddings[] {learned};
            }
            LabelledEmbeddings measured = LabelledEmbeddings.of(
                    form, test.data, testLabels, encoder, done -> progress.at(first + (long) done));
            return new LabelledEmbeddings[] {learned, measured};
        }
    }
}

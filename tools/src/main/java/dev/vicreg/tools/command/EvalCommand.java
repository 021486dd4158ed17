package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.EvaluationSamples;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.Neighbours;
import dev.vicreg.tools.evaluation.Plot;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.classifier.Classes;
import dev.vicreg.tools.evaluation.measure.ConfusionPlot;
import dev.vicreg.tools.evaluation.measure.Evaluation;
import dev.vicreg.tools.evaluation.measure.EvaluationReport;
import dev.vicreg.tools.evaluation.measure.Figure;
import dev.vicreg.tools.evaluation.measure.Labels;
import dev.vicreg.tools.evaluation.measure.Measure;
import dev.vicreg.tools.evaluation.measure.Measures;
import dev.vicreg.tools.evaluation.measure.Predictions;
import dev.vicreg.tools.evaluation.measure.Space;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Measures encoders beside each other, and beside the samples themselves. */
final class EvalCommand {
    private static final Setting<String> TRAIN = Setting.text(
            "train", DataConfig.ARGUMENT, Group.DATA, "labelled samples that vote; a folder is a class", null);
    private static final Setting<String> TEST =
            Setting.text("test", DataConfig.ARGUMENT, Group.DATA, "labelled samples that are classified", null);
    private static final Setting<Path> BASELINE = Setting.path(
            "baseline",
            "FILE.onnx",
            Group.MODEL,
            "encoder to compare with; without it encoder-initial.onnx (or -b) beside the model");
    private static final Setting<Path> PLOT = Setting.path(
            "plot",
            "FILE.png",
            Group.OUTPUT,
            "picture to draw: nearest neighbours of pictures, signals and sequences, a map of vectors by their two main"
                    + " directions");
    private static final Setting<Path> CONFUSION = Setting.path(
            "confusion",
            "FILE.png",
            Group.OUTPUT,
            "picture to draw: which classes the encoder's nearest neighbours take for which");
    private static final Setting<String> MEASURES = Setting.text(
            "measures",
            "NAME,NAME",
            Group.EVALUATION,
            "what is measured: all, or some of " + String.join(", ", Measures.names()) + "; without labels label-free",
            Measures.USUAL);
    private static final Setting<List<Integer>> K =
            Setting.list(Setting.integer("k", "N", Group.EVALUATION, "neighbours that vote in kNN", 20, 1, 100_000));
    private static final Setting<List<Double>> TEMPERATURE = Setting.list(
            Setting.decimal("temperature", "T", Group.EVALUATION, "of the votes' weights", "0.07", 1e-3, 1e3));
    private static final Setting<Boolean> PROJECTION = Setting.flag(
            "projection",
            Group.MODEL,
            "measures also what the projector makes of the encoder's vectors, from the newest checkpoint of the run in whose"
                    + " folder the model is");
    private static final Setting<String> COMPARE = Setting.text(
            "compare", "FILE.onnx,FILE.onnx", Group.MODEL, "further encoders, each with a column of its own", null);
    private static final Setting<Boolean> PER_CLASS =
            Setting.flag("per-class", Group.OUTPUT, "prints also how well each class is recognised by kNN");

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.MODEL, TRAIN, TEST),
            Stream.of(
                            List.of(BASELINE, COMPARE, PROJECTION, InputOptions.LABEL, PLOT, CONFUSION, PER_CLASS),
                            ModelFile.OPTIONS,
                            List.of(SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS, MEASURES, K, TEMPERATURE),
                            SharedSettings.CROPPING,
                            SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg eval --model run/encoder.onnx --train shapes/train --test shapes/test");

    private EvalCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        for (Setting<Path> picture : List.of(PLOT, CONFUSION)) {
            Optional<Path> file = settings.find(picture);
            if (file.isPresent()) {
                Plot.requireWritable("--" + picture.name(), file.get());
            }
        }
        List<Measure> measures = Measures.of(settings.get(MEASURES), settings.get(K), settings.get(TEMPERATURE));
        try (Datasets datasets = new Datasets(new Reading(console));
                ComparedModels models = new ComparedModels()) {
            open(settings, models, datasets, console);
            Dataset<?> train = open(models.encoder(), settings.get(TRAIN), settings, datasets);
            Dataset<?> test = open(models.encoder(), settings.get(TEST), settings, datasets);
            measure(SharedSettings.form(settings, train), settings, measures, models, train, test, console);
            Notes.warnOfOverlap(settings.get(TRAIN), settings.get(TEST), console);
        }
    }

    /** Opens the model and what it is compared with, in the order of the table's columns. */
    private static void open(Settings settings, ComparedModels models, Datasets datasets, Console console)
            throws IOException {
        Path model = settings.get(SharedSettings.MODEL);
        Optional<Path> baseline = baseline(settings, model);
        ModelFile files = new ModelFile(settings, settings.get(TRAIN), datasets, console);
        models.add("encoder", "encoder", files.open(model));
        if (settings.on(PROJECTION)) {
            models.addProjection(model, files);
        }
        if (baseline.isPresent()) {
            models.add("baseline", "before training", files.open(baseline.get()));
        }
        for (String file :
                settings.find(COMPARE).map(list -> list.split(",", -1)).orElse(new String[0])) {
            models.add(file, file, files.open(Path.of(file)));
        }
        files.requireUses();
    }

    private static Dataset<?> open(EmbeddingModel encoder, String data, Settings settings, Datasets datasets)
            throws IOException {
        String label = settings.find(InputOptions.LABEL).orElse(null);
        return InputOptions.open(encoder.manifest(), data, label, SharedSettings.selection(settings), datasets);
    }

    private static <S, R> void measure(
            SampleForm<S, R> form,
            Settings settings,
            List<Measure> measures,
            ComparedModels models,
            Dataset<?> train,
            Dataset<?> test,
            Console console)
            throws IOException {
        boolean labelled = measures.stream().anyMatch(Measure::needsLabels);
        for (Setting<?> setting : List.of(PLOT, CONFUSION, PER_CLASS)) {
            if (!labelled && settings.isGiven(setting)) {
                throw new SettingException("--" + setting.name()
                        + " needs classes: add a measure that has some to --measures, such as knn, or leave it out");
            }
        }
        List<String> classes = labelled ? train.labelNames() : List.of();
        IntUnaryOperator trainLabel = labelled ? train::label : index -> 0;
        IntUnaryOperator testLabel = labelled ? labelsAsIn(classes, test) : index -> 0;
        int least = leastTraining(settings, measures);
        if (labelled) {
            requireLabels(least, train, labelled(train, trainLabel), labelled(test, testLabel));
        }
        LabelledVectors<R> bank;
        LabelledVectors<R> queries;
        try (Progress progress = new Progress(console, "embed", 0, (long) train.size() + test.size())) {
            bank = LabelledVectors.of(
                    form, form.kind().require(train), trainLabel, models.models(), done -> progress.at(done));
            queries = LabelledVectors.of(
                    form,
                    form.kind().require(test),
                    testLabel,
                    models.models(),
                    done -> progress.at(train.size() + done));
        }
        if (labelled) {
            requireLabels(least, train, bank.size(), queries.size()); // some may not have been decodable
        }
        Labels labels = labelled
                ? new Labels(bank.labels(), queries.labels(), classes)
                : Labels.none(bank.size(), queries.size());
        report(settings, measures, models.spaces(bank, queries), labels, bank, queries, console);
    }

    /** How many training samples need a label, for what is measured and for what is told of each class. */
    private static int leastTraining(Settings settings, List<Measure> measures) {
        int least = measures.stream().mapToInt(Measure::leastTraining).max().orElse(1);
        boolean ofClasses = settings.on(PER_CLASS) || settings.find(CONFUSION).isPresent();
        return ofClasses ? Math.max(least, settings.get(K).get(0)) : least;
    }

    private static <R> void report(
            Settings settings,
            List<Measure> measures,
            List<Space> spaces,
            Labels labels,
            LabelledVectors<R> bank,
            LabelledVectors<R> queries,
            Console console)
            throws IOException {
        Map<Space, List<Figure>> figures = new LinkedHashMap<>();
        try (Progress progress = new Progress(console, "measure", 0, (long) spaces.size() * measures.size())) {
            int done = 0;
            for (Space space : spaces) {
                List<Figure> own = new ArrayList<>();
                for (Measure measure : measures) {
                    own.addAll(measure.of(space, labels));
                    progress.at(++done, space.name());
                }
                figures.put(space, own);
            }
        }
        Optional<Path> plot = settings.find(PLOT);
        if (plot.isPresent()) {
            bank.form().plot(bank, queries, labels.classes()).write(plot.get());
        }
        EvaluationReport report =
                new EvaluationReport(bank.form(), settings.get(K), settings.get(TEMPERATURE), labels, figures);
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(report.json()));
        } else {
            console.out().print(report.text());
        }
        if (labels.known()
                && (settings.on(PER_CLASS) || settings.find(CONFUSION).isPresent())) {
            Predictions predictions = predictions(settings, spaces.get(0), labels);
            if (settings.on(PER_CLASS) && !settings.on(SharedSettings.JSON)) {
                console.out().print(report.perClass(predictions));
            }
            Optional<Path> picture = settings.find(CONFUSION);
            if (picture.isPresent()) {
                new ConfusionPlot(predictions.confusion(), labels.classes()).write(picture.get());
            }
        }
    }

    private static Predictions predictions(Settings settings, Space encoder, Labels labels) {
        KnnClassifier knn = new KnnClassifier(
                settings.get(K).get(0), settings.get(TEMPERATURE).get(0));
        int classes = labels.classes().size();
        int[] predicted =
                knn.classify(Neighbours.find(encoder.train(), encoder.test(), knn.k(), 0), labels.train(), classes);
        return new Predictions(predicted, labels.test(), classes);
    }

    /** The file named, else the one beside the model if it is there and another. */
    private static Optional<Path> baseline(Settings settings, Path model) throws IOException {
        Optional<Path> named = settings.find(BASELINE);
        RunLayout names = new RunLayout(Path.of(""));
        Side side = model.endsWith(names.encoder(Side.B)) ? Side.B : Side.A;
        Path beside = model.resolveSibling(names.initialEncoder(side));
        if (named.isPresent() || !Files.isRegularFile(beside) || Files.isSameFile(beside, model)) {
            return named;
        }
        return Optional.of(beside);
    }

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
    static <S, R> Measured<R> measure(
            SampleForm<S, R> form,
            KnnClassifier knn,
            List<EmbeddingModel> models,
            EvaluationSamples<S> samples,
            Console console)
            throws IOException {
        LabelledVectors<R> bank;
        LabelledVectors<R> queries;
        try (Progress progress = new Progress(console, "embed", 0, samples.size())) {
            bank = LabelledVectors.of(
                    form,
                    samples.train(),
                    samples.voting(),
                    samples.train()::label,
                    models,
                    done -> progress.at(done));
            queries = LabelledVectors.of(
                    form,
                    samples.test(),
                    samples.asked(),
                    samples.label(),
                    models,
                    done -> progress.at(samples.voting().length + done));
        }
        requireLabels(knn.k(), samples.train(), bank.size(), queries.size()); // some may not have been decodable
        Evaluation evaluation =
                Evaluation.of(knn, bank, queries, samples.classes().size());
        return new Measured<>(evaluation, bank, queries, samples.classes());
    }

    private static long labelled(Dataset<?> data, IntUnaryOperator label) {
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

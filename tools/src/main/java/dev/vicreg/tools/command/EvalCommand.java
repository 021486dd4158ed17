package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.Neighbours;
import dev.vicreg.tools.evaluation.Plot;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.VectorPlot;
import dev.vicreg.tools.evaluation.measure.ConfusionPlot;
import dev.vicreg.tools.evaluation.measure.EvaluationReport;
import dev.vicreg.tools.evaluation.measure.Labels;
import dev.vicreg.tools.evaluation.measure.Measure;
import dev.vicreg.tools.evaluation.measure.Measurements;
import dev.vicreg.tools.evaluation.measure.Measures;
import dev.vicreg.tools.evaluation.measure.Predictions;
import dev.vicreg.tools.evaluation.measure.Space;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.InputKind;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Targets;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
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
    private static final Setting<Path> MAP = Setting.path(
            "map",
            "FILE.png",
            Group.OUTPUT,
            "picture to draw: test samples as points by the two main directions of their vectors, raw and of the encoder");
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

    private static final Setting<String> TARGET = Setting.text(
            "target",
            "COLUMN",
            Group.EVALUATION,
            "numbers to predict instead of classes: a column of a table; of other samples 'labels', if those are numbers",
            null);

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.MODEL, TRAIN, TEST),
            Stream.of(
                            List.of(
                                    BASELINE,
                                    COMPARE,
                                    PROJECTION,
                                    InputOptions.LABEL,
                                    TARGET,
                                    PLOT,
                                    MAP,
                                    CONFUSION,
                                    PER_CLASS),
                            ModelFile.OPTIONS,
                            List.of(SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS, MEASURES, K, TEMPERATURE),
                            SharedSettings.CROPPING,
                            SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg eval --model run/encoder.onnx --train shapes/train --test shapes/test");

    private EvalCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        for (Setting<Path> picture : List.of(PLOT, MAP, CONFUSION)) {
            Optional<Path> file = settings.find(picture);
            if (file.isPresent()) {
                Plot.requireWritable("--" + picture.name(), file.get());
            }
        }
        boolean targets = settings.find(TARGET).isPresent();
        if (targets && settings.find(InputOptions.LABEL).isPresent()) {
            throw new SettingException("--target names numbers to predict, --label classes; leave either out");
        }
        String names = targets && !settings.isGiven(MEASURES) ? "all" : settings.get(MEASURES);
        List<Measure> measures = Measures.of(names, targets, settings.get(K), settings.get(TEMPERATURE));
        for (Setting<?> setting : List.of(K, TEMPERATURE)) {
            if (settings.isGiven(setting) && !Measures.vote(measures) && !isOfClasses(settings)) {
                throw new SettingException(
                        "--" + setting.name() + " is of kNN, which --measures has not; leave it out");
            }
        }
        try (Datasets datasets = new Datasets(new Reading(console));
                ComparedModels models = new ComparedModels()) {
            open(settings, models, datasets, console);
            Dataset<?> train = open(models.encoder(), settings.get(TRAIN), settings, datasets);
            Dataset<?> test = open(models.encoder(), settings.get(TEST), settings, datasets);
            if (targets) {
                predict(SharedSettings.form(settings, train), settings, measures, models, train, test, console);
            } else {
                measure(SharedSettings.form(settings, train), settings, measures, models, train, test, console);
            }
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
        Optional<String> target = settings.find(TARGET);
        String label = target.isPresent()
                ? InputOptions.targetColumn(
                        target.get(), InputKind.of(encoder.manifest().input()))
                : settings.find(InputOptions.LABEL).orElse(null);
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
        boolean labelled = measures.stream().anyMatch(measure -> measure.needs() == Measure.Needs.CLASSES);
        if (!labelled) {
            refuseOfClasses(settings);
        }
        List<String> classes = labelled ? train.labelNames() : List.of();
        IntUnaryOperator trainLabel = labelled ? train::label : index -> 0;
        IntUnaryOperator testLabel = labelled ? KnnEvaluation.labelsAsIn(classes, test) : index -> 0;
        int least = leastTraining(settings);
        if (labelled) {
            KnnEvaluation.requireLabels(
                    least, train, KnnEvaluation.labelled(train, trainLabel), KnnEvaluation.labelled(test, testLabel));
        }
        Embedded<R> embedded = embed(form, models, train, trainLabel, test, testLabel, console);
        if (labelled) {
            KnnEvaluation.requireLabels(
                    least, train, embedded.train.size(), embedded.test.size()); // some may not have been decodable
        }
        Labels labels = labelled
                ? new Labels(embedded.train.labels(), embedded.test.labels(), classes)
                : Labels.none(embedded.train.size(), embedded.test.size());
        report(settings, measures, models, labels, embedded, test, console);
    }

    private static void refuseOfClasses(Settings settings) {
        for (Setting<?> setting : List.of(PLOT, CONFUSION, PER_CLASS)) {
            if (settings.isGiven(setting)) {
                throw new SettingException("--" + setting.name()
                        + " needs classes: add a measure that has some to --measures, such as knn, or leave it out");
            }
        }
    }

    /** The same where a number is to be predicted. */
    private static <S, R> void predict(
            SampleForm<S, R> form,
            Settings settings,
            List<Measure> measures,
            ComparedModels models,
            Dataset<?> train,
            Dataset<?> test,
            Console console)
            throws IOException {
        refuseOfClasses(settings);
        String target = settings.get(TARGET);
        double[] ofTrain = Targets.of(train, settings.get(TRAIN));
        double[] ofTest = Targets.of(test, settings.get(TEST));
        Embedded<R> embedded = embed(form, models, train, known(ofTrain), test, known(ofTest), console);
        if (embedded.train.size() == 0 || embedded.test.size() == 0) {
            throw new SettingException("--target " + target + " needs training and test " + train.noun()
                    + " that have one, found " + embedded.train.size() + " and " + embedded.test.size());
        }
        Labels labels =
                Labels.ofNumbers(target, at(embedded.train.indices(), ofTrain), at(embedded.test.indices(), ofTest));
        report(settings, measures, models, labels, embedded, test, console);
    }

    /** What stands for a label: 0 of a sample that has a number, -1 of others. */
    private static IntUnaryOperator known(double[] targets) {
        return index -> Double.isNaN(targets[index]) ? -1 : 0;
    }

    private static double[] at(int[] indices, double[] targets) {
        return Arrays.stream(indices).mapToDouble(index -> targets[index]).toArray();
    }

    /** Both sets as all models see them. */
    private record Embedded<R>(LabelledVectors<R> train, LabelledVectors<R> test) {}

    private static <S, R> Embedded<R> embed(
            SampleForm<S, R> form,
            ComparedModels models,
            Dataset<?> train,
            IntUnaryOperator trainLabel,
            Dataset<?> test,
            IntUnaryOperator testLabel,
            Console console)
            throws IOException {
        try (Progress progress = new Progress(console, "embed", 0, (long) train.size() + test.size())) {
            LabelledVectors<R> bank = LabelledVectors.of(
                    form, form.kind().require(train), trainLabel, models.models(), done -> progress.at(done));
            LabelledVectors<R> queries = LabelledVectors.of(
                    form,
                    form.kind().require(test),
                    testLabel,
                    models.models(),
                    done -> progress.at(train.size() + done));
            return new Embedded<>(bank, queries);
        }
    }

    /** Whether something is told of each class, which kNN says. */
    private static boolean isOfClasses(Settings settings) {
        return settings.on(PER_CLASS) || settings.find(CONFUSION).isPresent();
    }

    /** How many training samples need a label, for what is told of each class; of measures each says so itself. */
    private static int leastTraining(Settings settings) {
        return isOfClasses(settings) ? settings.get(K).get(0) : 1;
    }

    private static <R> void report(
            Settings settings,
            List<Measure> measures,
            ComparedModels models,
            Labels labels,
            Embedded<R> embedded,
            Dataset<?> test,
            Console console)
            throws IOException {
        LabelledVectors<R> bank = embedded.train;
        LabelledVectors<R> queries = embedded.test;
        List<float[][][]> views = views(settings, measures, bank.form(), models, test, console);
        List<Space> spaces = models.spaces(bank, queries, views);
        Measurements measured;
        try (Progress progress = new Progress(console, "measure", 0, (long) spaces.size() * measures.size())) {
            int[] done = {0};
            measured = Measurements.of(measures, spaces, labels, space -> progress.at(++done[0], space));
        }
        Optional<Path> plot = settings.find(PLOT);
        if (plot.isPresent()) {
            bank.form().plot(bank, queries, labels.classes()).write(plot.get());
        }
        Optional<Path> map = settings.find(MAP);
        if (map.isPresent()) {
            map(embedded, labels).write(map.get());
        }
        EvaluationReport report =
                new EvaluationReport(bank.form(), settings.get(K), settings.get(TEMPERATURE), labels, measured);
        Optional<Predictions> predictions = labels.known() && isOfClasses(settings)
                ? Optional.of(predictions(settings, spaces.get(0), labels))
                : Optional.empty();
        Optional<Predictions> told = predictions.filter(found -> settings.on(PER_CLASS));
        if (settings.on(SharedSettings.JSON)) {
            Map<String, @Nullable Object> json = report.json();
            told.ifPresent(found -> json.put("per_class", report.classes(found)));
            console.out().println(Json.line(json));
        } else {
            console.out().print(report.text() + told.map(report::perClass).orElse(""));
        }
        Optional<Path> picture = settings.find(CONFUSION);
        if (predictions.isPresent() && picture.isPresent()) {
            new ConfusionPlot(predictions.get().confusion(), labels.classes()).write(picture.get());
        }
    }

    /** Views of the test samples by each model, where they are asked for; with all measures, where there is a run. */
    private static List<float[][][]> views(
            Settings settings,
            List<Measure> measures,
            SampleForm<?, ?> form,
            ComparedModels models,
            Dataset<?> test,
            Console console)
            throws IOException {
        Path model = settings.get(SharedSettings.MODEL);
        boolean all = settings.get(MEASURES).equals("all") || !settings.isGiven(MEASURES);
        boolean asked = measures.stream().anyMatch(measure -> measure.needs() == Measure.Needs.VIEWS);
        if (!asked || (all && !RunViews.isBeside(model))) {
            return List.of();
        }
        return RunViews.beside(model).embed(form, test, models.models(), console);
    }

    /** A map of the test samples, coloured by class or by number. */
    private static <R> VectorPlot map(Embedded<R> embedded, Labels labels) {
        LabelledVectors<R> test = embedded.test;
        if (labels.testTargets().length > 0) {
            return VectorPlot.of(embedded.train, test, labels.testTargets());
        }
        List<String> names = labels.known()
                ? labels.classes()
                : List.of("test " + test.form().kind().noun());
        return VectorPlot.of(embedded.train, test, labels.test(), names);
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
}

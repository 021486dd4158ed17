package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.Evaluation;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.Plot;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
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
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Measures an encoder by kNN on labelled samples. */
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
    private static final Setting<Integer> K =
            Setting.integer("k", "N", Group.EVALUATION, "neighbours that vote", 20, 1, 100_000);
    private static final Setting<Double> TEMPERATURE =
            Setting.decimal("temperature", "T", Group.EVALUATION, "of the votes' weights", "0.07", 1e-3, 1e3);

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.MODEL, TRAIN, TEST),
            Stream.of(
                            List.of(BASELINE, InputOptions.LABEL, PLOT),
                            ModelFile.OPTIONS,
                            List.of(SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS, K, TEMPERATURE),
                            SharedSettings.CROPPING,
                            SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg eval --model run/encoder.onnx --train shapes/train --test shapes/test");

    private EvalCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        Optional<Path> plot = settings.find(PLOT);
        if (plot.isPresent()) {
            Plot.requireWritable(plot.get());
        }
        Path model = settings.get(SharedSettings.MODEL);
        Optional<Path> baseline = baseline(settings, model);
        KnnClassifier knn = new KnnClassifier(settings.get(K), settings.get(TEMPERATURE));
        try (Datasets datasets = new Datasets(new Reading(console))) {
            ModelFile files = new ModelFile(settings, settings.get(TRAIN), datasets, console);
            try (EmbeddingModel encoder = files.open(model);
                    EmbeddingModel before = baseline.isPresent() ? files.open(baseline.get()) : null) {
                files.requireUses();
                run(settings, knn, encoder, before, datasets, console);
                Notes.warnOfOverlap(settings.get(TRAIN), settings.get(TEST), console);
            }
        }
    }

    private static void run(
            Settings settings,
            KnnClassifier knn,
            EmbeddingModel encoder,
            @Nullable EmbeddingModel before,
            Datasets datasets,
            Console console)
            throws IOException {
        Dataset<?> train = open(encoder, settings.get(TRAIN), settings, datasets);
        Dataset<?> test = open(encoder, settings.get(TEST), settings, datasets);
        Measured<?> measured =
                measure(SharedSettings.form(settings, train), knn, encoder, before, train, test, console);
        Optional<Path> plot = settings.find(PLOT);
        if (plot.isPresent()) {
            measured.plot().write(plot.get());
        }
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(measured.evaluation.figures()));
        } else {
            console.out().print(table(measured.evaluation));
        }
    }

    private static Dataset<?> open(EmbeddingModel encoder, String data, Settings settings, Datasets datasets)
            throws IOException {
        String label = settings.find(InputOptions.LABEL).orElse(null);
        return InputOptions.open(encoder.manifest(), data, label, SharedSettings.selection(settings), datasets);
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
        Dataset<S> voting = form.kind().require(train);
        Dataset<S> classified = form.kind().require(test);
        List<String> classes = train.labelNames();
        IntUnaryOperator testLabel = labelsAsIn(classes, test);
        requireLabels(knn, train, labelled(train, train::label), labelled(test, testLabel));
        LabelledVectors<R> bank;
        LabelledVectors<R> queries;
        try (Progress progress = new Progress(console, "embed", 0, (long) train.size() + test.size())) {
            bank = LabelledVectors.of(form, voting, train::label, encoder, before, done -> progress.at(done));
            queries = LabelledVectors.of(
                    form, classified, testLabel, encoder, before, done -> progress.at(train.size() + done));
        }
        requireLabels(knn, train, bank.size(), queries.size()); // some may not have been decodable
        return new Measured<>(Evaluation.of(knn, bank, queries, classes.size()), bank, queries, classes);
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
    static void requireLabels(KnnClassifier knn, Dataset<?> train, long inTrain, long inTest) throws IOException {
        if (inTrain < knn.k() || inTest == 0) {
            String noun = train.noun();
            throw new IOException("kNN needs at least " + knn.k() + " labelled training " + noun
                    + " and one labelled among the test " + noun + ", found " + inTrain + " and " + inTest + "; "
                    + (inTrain > 0 && inTest > 0
                            ? "give ./vicreg eval a smaller --k"
                            : Kinds.of(train).whereLabelsAre()));
        }
    }

    /** Labels of the test set, numbered as the training set's: the two may hold different classes. */
    static IntUnaryOperator labelsAsIn(List<String> classes, Dataset<?> test) throws IOException {
        List<String> names = test.labelNames();
        for (String name : names) {
            if (!classes.contains(name)) {
                throw new IOException("the class " + name + " of the test " + test.noun() + " has no training "
                        + test.noun()
                        + "; their classes are "
                        + String.join(", ", classes.subList(0, Math.min(12, classes.size()))));
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

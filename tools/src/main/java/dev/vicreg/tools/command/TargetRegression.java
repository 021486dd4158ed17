package dev.vicreg.tools.command;

import dev.vicreg.export.ClassifierExport;
import dev.vicreg.export.LinearHead;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.classifier.LabelledEmbeddings;
import dev.vicreg.tools.evaluation.classifier.RegressionFit;
import dev.vicreg.tools.evaluation.classifier.RegressionFit.Figures;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import dev.vicreg.tools.evaluation.probe.RidgeProbe;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.InputKind;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Targets;
import dev.vicreg.training.objective.Criterion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes a regressor of an encoder and samples with numbers. */
final class TargetRegression {
    /** What --target is where the numbers stand in no column. */
    private final Settings settings;

    private final Console console;
    private final String target;
    private final ClassifyCommand.Named train;
    private final ClassifyCommand.@Nullable Named test;
    private final double[] targets;
    private final double[] testTargets;

    /**
     * What was made.
     *
     * @param before what training the encoder began with; null where the encoder stayed as it was
     */
    private record Made(
            ClassifierExport.Result file,
            RegressionFit fit,
            @Nullable Before before) {}

    /**
     * What training the encoder began with.
     *
     * @param name of that encoder, in a word
     * @param fit a head on it as it was
     */
    private record Before(String name, RegressionFit fit, FineTune.Tuned tuned) {}

    private TargetRegression(String target, InputConfig input, Settings settings, Datasets datasets, Console console)
            throws IOException {
        this.settings = settings;
        this.console = console;
        this.target = target;
        String column = InputOptions.targetColumn(target, input);
        train = ClassifyCommand.opened(input, settings.get(ClassifyCommand.TRAIN), column, settings, datasets);
        targets = Targets.of(train.data(), train.name());
        Optional<String> measured = settings.find(ClassifyCommand.TEST);
        test = measured.isPresent() ? ClassifyCommand.opened(input, measured.get(), column, settings, datasets) : null;
        testTargets = test == null ? new double[0] : Targets.of(test.data(), test.name());
    }

    /** Fits a head on an encoder that stays as it is, writes both and says so. */
    static void frozen(String target, Path file, Settings settings, Datasets datasets, Console console)
            throws IOException {
        Manifest manifest = ClassifierExport.requireEncoder(file);
        TargetRegression task =
                new TargetRegression(target, InputKind.of(manifest.input()), settings, datasets, console);
        try (EmbeddingModel encoder = ClassifyCommand.open(file, settings)) {
            LabelledEmbeddings[] embedded = task.embed(encoder);
            RegressionFit fit = task.fit(TargetRegression::ridge, embedded);
            String origin = "ridge regression on the embeddings of the encoder, which stayed as it was";
            task.print(new Made(task.publish(file, fit, origin, Map.of()), fit, null));
        }
    }

    /** Trains encoder and head, writes both and says so; nothing if it was stopped. */
    static void tuned(
            String target, Beginning beginning, boolean anew, Settings settings, Datasets datasets, Console console)
            throws IOException, InterruptedException {
        TargetRegression task = new TargetRegression(target, beginning.branch().input(), settings, datasets, console);
        int known = (int)
                Arrays.stream(task.targets).filter(each -> !Double.isNaN(each)).count();
        FineTune.Plan plan =
                TuningOptions.plan(settings, RegressionFit.split(known).kept().length, anew, beginning);
        Map<String, String> decisive = plan.decisive(beginning);
        decisive.put("train", task.train.data().fingerprint());
        decisive.put("target", target);
        decisive.put("targets", TuningFolder.digest(Arrays.toString(task.targets)));
        decisive.put("from-scratch", String.valueOf(anew));
        TuningFolder folder = TuningFolder.of(settings.get(ClassifyCommand.OUT), decisive);
        FineTune tuning = new FineTune(beginning, plan, 1, new Criterion.SquaredError(), anew, folder);
        RegressionFit frozen;
        Optional<FineTune.Tuned> tuned;
        Scale scale;
        try (EmbeddingModel first = ClassifyCommand.open(folder.encoder(0), settings)) {
            LabelledEmbeddings[] embedded = task.embed(first);
            frozen = task.fit(TargetRegression::ridge, embedded);
            double[] own = at(task.targets, embedded[0]);
            scale = Scale.of(
                    RegressionFit.at(own, RegressionFit.split(own.length).kept()));
            LinearHead start = anew ? null : scale.scaled(frozen.head());
            tuned = tuning.train(task.train.data(), embedded[0], task(own, scale), start, console);
        }
        if (tuned.isEmpty()) {
            console.err().println("stopped; the same command goes on from what is in " + folder.path());
            return;
        }
        task.published(new Before(anew ? "untrained" : "frozen", frozen, tuned.get()), scale);
        folder.delete();
    }

    private void published(Before before, Scale scale) throws IOException {
        FineTune.Tuned tuned = before.tuned;
        try (EmbeddingModel encoder = ClassifyCommand.open(tuned.encoder(), settings)) {
            RegressionFit fit = fit((vectors, numbers) -> scale.unscaled(tuned.head()), embed(encoder));
            Map<String, Double> then = new LinkedHashMap<>();
            before.fit.evaluation().forEach((name, value) -> then.put(before.name + "-" + name, value));
            String origin = "trained with the encoder by squared error, " + tuned.epoch();
            print(new Made(publish(tuned.encoder(), fit, origin, then), fit, before));
        }
    }

    /** Numbers as the head is trained on them: of mean 0 and deviation 1 among those learnt from. */
    private record Scale(double mean, double deviation) {
        static Scale of(double[] numbers) {
            double mean = Arrays.stream(numbers).average().orElseThrow();
            double squares =
                    Arrays.stream(numbers).map(y -> (y - mean) * (y - mean)).sum();
            return new Scale(mean, Math.sqrt(squares / numbers.length));
        }

        LinearHead scaled(LinearHead head) {
            return with(head, 1 / deviation, -mean / deviation);
        }

        LinearHead unscaled(LinearHead head) {
            return with(head, deviation, mean);
        }

        private static LinearHead with(LinearHead head, double factor, double offset) {
            float[] weights = head.weights()[0].clone();
            for (int i = 0; i < weights.length; i++) {
                weights[i] = (float) (weights[i] * factor);
            }
            return new LinearHead(new float[][] {weights}, new float[] {(float) (head.bias()[0] * factor + offset)});
        }
    }

    private static FineTune.Task task(double[] numbers, Scale scale) {
        HeldOut parts = RegressionFit.split(numbers.length);
        float[][] scaled = Arrays.stream(numbers)
                .mapToObj(y -> new float[] {(float) ((y - scale.mean) / scale.deviation)})
                .toArray(float[][]::new);
        double[] held = Arrays.stream(HeldOut.rows(scaled, parts.held()))
                .mapToDouble(row -> row[0])
                .toArray();
        return new FineTune.Task(
                scaled,
                parts,
                outputs -> Figures.of(
                                Arrays.stream(outputs)
                                        .mapToDouble(row -> row[0])
                                        .toArray(),
                                held)
                        .rSquared());
    }

    private LabelledEmbeddings[] embed(EmbeddingModel encoder) throws IOException {
        return ClassifyCommand.embed(
                encoder,
                train,
                index -> Double.isNaN(targets[index]) ? -1 : 0,
                test,
                index -> Double.isNaN(testTargets[index]) ? -1 : 0,
                console);
    }

    private RegressionFit fit(RegressionFit.Fitting fitting, LabelledEmbeddings[] embedded) throws IOException {
        LabelledEmbeddings measured = test == null ? null : embedded[1];
        return RegressionFit.of(
                fitting,
                embedded[0],
                at(targets, embedded[0]),
                measured,
                measured == null ? testTargets : at(testTargets, measured),
                train.data().noun(),
                train.name(),
                test == null ? "" : test.name());
    }

    private static double[] at(double[] targets, LabelledEmbeddings samples) {
        return RegressionFit.at(targets, samples.indices());
    }

    private static LinearHead ridge(float[][] vectors, double[] targets) {
        RidgeProbe fitted = RidgeProbe.fit(vectors, targets);
        return new LinearHead(new float[][] {fitted.weights()}, new float[] {fitted.bias()});
    }

    private ClassifierExport.Result publish(Path encoder, RegressionFit fit, String origin, Map<String, Double> before)
            throws IOException {
        Map<String, Double> figures = fit.evaluation();
        figures.putAll(before);
        return ClassifierExport.export(
                encoder,
                fit.head(),
                new Manifest.Regressor(target, origin, figures),
                Version.TEXT,
                settings.get(ClassifyCommand.OUT));
    }

    private void print(Made made) {
        RegressionFit fit = made.fit;
        Before before = made.before;
        long missing = Arrays.stream(targets).filter(Double::isNaN).count()
                + Arrays.stream(testTargets).filter(Double::isNaN).count();
        if (missing > 0) {
            console.err().println("note: " + train.data().noun() + " without a target that are left out: " + missing);
        }
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(figures(made, missing)));
            return;
        }
        console.out()
                .println("regressor of " + target + ": fitted on " + fit.fitted() + " "
                        + train.data().noun() + ", " + fit.heldOut().samples() + " held out");
        if (before != null) {
            console.out()
                    .println("encoder and head are those after " + before.tuned.epoch()
                            + ", the best on those held out");
        }
        console.out().printf(Locale.ROOT, "  %-20s %8s  %s%n", "", "R²", "mean absolute error");
        if (before != null) {
            row(before.name + ", held out", before.fit.heldOut());
            row(before.name + ", test", before.fit.test());
        }
        row("held out", fit.heldOut());
        row("test", fit.test());
        console.out().println(made.file.file());
    }

    private void row(String name, @Nullable Figures figures) {
        if (figures != null) {
            console.out()
                    .printf(
                            Locale.ROOT,
                            "  %-20s %8.3f  %.4g  of %d%n",
                            name,
                            figures.rSquared(),
                            figures.meanAbsoluteError(),
                            figures.samples());
        }
    }

    private Map<String, @Nullable Object> figures(Made made, long missing) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("regressor", made.file.file().toString());
        figures.put("target", target);
        figures.put("fitted", made.fit.fitted());
        figures.put("left_out", missing);
        figures.put("held_out", made.fit.heldOut());
        figures.put("test", made.fit.test());
        figures.put("difference", made.file.difference());
        Before before = made.before;
        if (before != null) {
            before.tuned.describe(figures, before.name, before.fit.heldOut(), before.fit.test());
        }
        return figures;
    }
}

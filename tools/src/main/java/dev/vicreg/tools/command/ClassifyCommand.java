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
import dev.vicreg.tools.evaluation.classifier.Classes;
import dev.vicreg.tools.evaluation.classifier.ClassifierFit;
import dev.vicreg.tools.evaluation.classifier.LabelledEmbeddings;
import dev.vicreg.tools.evaluation.probe.LinearClassifier;
import dev.vicreg.tools.evaluation.probe.LinearProbe;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes a classifier of an encoder and labelled samples. The encoder stays as it is; a way that trains it too would differ
 * in {@link #frozen} alone.
 */
final class ClassifyCommand {
    private static final Setting<Path> MODEL =
            Setting.path("model", "FILE.onnx", Group.MODEL, "encoder as ./vicreg export writes it; it stays as it is");
    private static final Setting<String> TRAIN = Setting.text(
            "train",
            DataConfig.ARGUMENT,
            Group.DATA,
            "labelled samples to learn from, of which a fifth is held out; a folder is a class",
            null);
    private static final Setting<String> TEST = Setting.text(
            "test", DataConfig.ARGUMENT, Group.DATA, "labelled samples to measure the classifier on", null);
    private static final Setting<String> LABEL =
            Setting.text(InputOptions.LABEL.name(), "COLUMN", Group.DATA, "vectors: column of classes", null);
    private static final Setting<Path> OUT =
            Setting.path("out", "FILE.onnx", Group.OUTPUT, "the classifier: encoder and head in one file");

    static final Usage USAGE = new Usage(
            List.of(MODEL, TRAIN, OUT),
            Stream.of(
                            List.of(TEST, LABEL, SharedSettings.LIMIT, SharedSettings.LIMIT_PER_CLASS),
                            SharedSettings.EMBEDDING)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg classify --model run/encoder.onnx --train shapes/train --out classifier.onnx");

    private ClassifyCommand() {}

    /** A data set and what the user calls it. */
    private record Named(Dataset<?> data, String name) {}

    /**
     * What was made.
     *
     * @param leftOut samples that were, of both sets
     */
    private record Made(
            ClassifierExport.Result file, ClassifierFit fit, List<String> labels, String noun, int leftOut) {}

    static void run(Settings settings, Console console) throws Exception {
        Path out = settings.get(OUT);
        AtomicFile.requireWritable(out);
        Path model = settings.get(MODEL);
        ClassifierExport.requireEncoder(model);
        if (Files.exists(out) && Files.isSameFile(out, model)) {
            throw new SettingException("--out would replace the encoder " + model + "; name another file");
        }
        try (Datasets datasets = new Datasets(new Reading(console));
                EmbeddingModel encoder = EmbeddingModel.load(
                        model, SharedSettings.device(settings), settings.get(SharedSettings.THREADS))) {
            Named train = open(encoder, settings.get(TRAIN), settings, datasets);
            Optional<String> test = settings.find(TEST);
            Named measured = test.isPresent() ? open(encoder, test.get(), settings, datasets) : null;
            Made made = frozen(settings, encoder, train, measured, console);
            print(made, settings, console);
            if (test.isPresent()) {
                Notes.warnOfOverlap(train.name, test.get(), console);
            }
        }
    }

    private static Named open(EmbeddingModel encoder, String data, Settings settings, Datasets datasets)
            throws IOException {
        String label = settings.find(LABEL).orElse(null);
        return new Named(
                InputOptions.open(encoder.manifest(), data, label, SharedSettings.selection(settings), datasets), data);
    }

    /** Fits a head on the embeddings of an encoder that stays as it is, and writes both. */
    private static Made frozen(
            Settings settings, EmbeddingModel encoder, Named train, @Nullable Named test, Console console)
            throws IOException {
        String noun = train.data.noun();
        Classes classes = Classes.of(train.data, train.name);
        LabelledEmbeddings[] embedded = embed(encoder, classes, train, test, console);
        LabelledEmbeddings measured = test == null ? null : embedded[1];
        int leftOut = Stream.of(embedded)
                .mapToInt(each -> each.unlabelled() + each.undecodable())
                .sum();
        int unlabelled =
                Stream.of(embedded).mapToInt(LabelledEmbeddings::unlabelled).sum();
        if (unlabelled > 0) {
            console.err().println("note: " + noun + " without a label that are left out: " + unlabelled);
        }
        ClassifierFit fit = ClassifierFit.of(ClassifyCommand::linear, classes, embedded[0], measured, noun, train.name);
        Manifest.Head head = new Manifest.Head(
                classes.names(),
                fit.calibration().temperature(),
                "logistic regression on the embeddings of the encoder, which stayed as it was",
                fit.evaluation());
        ClassifierExport.Result file =
                ClassifierExport.export(settings.get(MODEL), fit.head(), head, Version.TEXT, settings.get(OUT));
        return new Made(file, fit, classes.names(), noun, leftOut);
    }

    private static LinearHead linear(float[][] vectors, int[] labels, int classes) {
        LinearClassifier fitted = LinearProbe.fit(vectors, labels, classes).classifier();
        return new LinearHead(fitted.weights(), fitted.bias());
    }

    /** The labelled samples of both sets; of one where there is no other. */
    private static LabelledEmbeddings[] embed(
            EmbeddingModel encoder, Classes classes, Named train, @Nullable Named test, Console console)
            throws IOException {
        List<Named> sets = test == null ? List.of(train) : List.of(train, test);
        List<IntUnaryOperator> labels = new ArrayList<>();
        long all = 0;
        for (Named set : sets) {
            labels.add(classes.in(set.data, set.name));
            all += set.data.size();
        }
        LabelledEmbeddings[] embedded = new LabelledEmbeddings[sets.size()];
        SampleForm<?, ?> form = SampleForms.of(train.data);
        try (Progress progress = new Progress(console, "embed", 0, all)) {
            long before = 0;
            for (int i = 0; i < embedded.length; i++) {
                Dataset<?> data = sets.get(i).data;
                long start = before;
                embedded[i] =
                        LabelledEmbeddings.of(form, data, labels.get(i), encoder, done -> progress.at(start + done));
                before += data.size();
            }
        }
        return embedded;
    }

    private static void print(Made made, Settings settings, Console console) {
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(figures(made)));
        } else {
            console.out().print(table(made));
            console.out().println(made.file.file());
        }
    }

    private static String table(Made made) {
        ClassifierFit fit = made.fit;
        ClassifierFit.Figures held = fit.heldOut();
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "classifier of %d classes: fitted on %d %s, calibrated on %d held out (temperature %.2f)%n",
                made.labels.size(),
                fit.fitted(),
                made.noun,
                held.samples(),
                fit.calibration().temperature()));
        table.append(String.format(Locale.ROOT, "  %-10s %8s  %-17s%n", "", "accuracy", "calibration error"));
        table.append(row("held out", held));
        if (fit.test() != null) {
            table.append(row("test", fit.test()));
        }
        return table.toString();
    }

    private static String row(String name, ClassifierFit.Figures figures) {
        return String.format(
                Locale.ROOT,
                "  %-10s %6.1f %%  %.1f %% (%.1f %% before)  of %d%n",
                name,
                100 * figures.accuracy(),
                100 * figures.calibrated(),
                100 * figures.uncalibrated(),
                figures.samples());
    }

    private static Map<String, @Nullable Object> figures(Made made) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("classifier", made.file.file().toString());
        figures.put("classes", made.labels.size());
        figures.put("labels", made.labels);
        figures.put("fitted", made.fit.fitted());
        figures.put("left_out", made.leftOut);
        figures.put("temperature", made.fit.calibration().temperature());
        figures.put("held_out", made.fit.heldOut());
        figures.put("test", made.fit.test());
        figures.put("difference", made.file.difference());
        return figures;
    }
}

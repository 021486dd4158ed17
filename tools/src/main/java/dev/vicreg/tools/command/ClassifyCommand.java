package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.classifier.LabelledEmbeddings;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.IntUnaryOperator;
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
    static final Setting<String> LABEL =
            Setting.text(InputOptions.LABEL.name(), "COLUMN", Group.DATA, "vectors: column of classes", null);
    private static final Setting<String> TARGET = Setting.text(
            "target",
            "COLUMN",
            Group.DATA,
            "tell a number instead of a class: vectors' column that holds it; of other data \"labels\", which are then numbers",
            null);
    static final Setting<Integer> LABELS_PER_CLASS = Setting.integer(
            "labels-per-class",
            "N",
            Group.DATA,
            "learn from so many labels of each class, drawn by --seed",
            null,
            2,
            1 << 30);
    static final Setting<Double> LABEL_SHARE = Setting.decimal(
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

    static void run(Settings given, Console console) throws Exception {
        Settings settings = TuningOptions.withRecipe(given, LABELS_PER_CLASS, LABEL_SHARE);
        TuningOptions.Mode mode = TuningOptions.mode(settings);
        boolean draws = settings.isGiven(LABELS_PER_CLASS) || settings.isGiven(LABEL_SHARE);
        if (settings.isGiven(TuningOptions.SEED) && mode == TuningOptions.Mode.FROZEN && !draws) {
            throw new SettingException("--seed is for --finetune, --from-scratch, --labels-per-class and --label-share;"
                    + " add one, or leave it out");
        }
        Path out = settings.get(OUT);
        AtomicFile.requireWritable(out);
        Path model = settings.get(MODEL);
        if (Files.exists(out) && Files.exists(model) && Files.isSameFile(out, model)) {
            throw new SettingException("--out would replace the encoder " + model + "; name another file");
        }
        if (settings.isGiven(BRANCH) && !Files.isDirectory(model)) {
            throw new SettingException("--branch is for runs, --model " + model + " is none; leave it out");
        }
        try (Datasets datasets = new Datasets(new Reading(console))) {
            if (settings.find(TARGET).isPresent()) {
                regress(settings, mode, datasets, console);
            } else {
                classify(settings, mode, datasets, console);
            }
            if (settings.find(TEST).isPresent()) {
                Notes.warnOfOverlap(settings.get(TRAIN), settings.get(TEST), console);
            }
        }
    }

    private static void classify(Settings settings, TuningOptions.Mode mode, Datasets datasets, Console console)
            throws IOException, InterruptedException {
        boolean anew = mode == TuningOptions.Mode.FROM_SCRATCH;
        if (mode == TuningOptions.Mode.FROZEN) {
            LabelClassification.frozen(encoder(settings), settings, datasets, console);
        } else {
            LabelClassification.tuned(beginning(settings, anew, console), anew, settings, datasets, console);
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
            TargetRegression.tuned(target, beginning(settings, anew, console), anew, settings, datasets, console);
        }
    }

    private static Beginning beginning(Settings settings, boolean anew, Console console) throws IOException {
        Path model = settings.get(MODEL);
        Beginning beginning = Beginning.of(model, side(settings));
        if (anew) {
            beginning.requireOwn(model);
        }
        Path beside = model.toAbsolutePath().getParent();
        if (!Files.isDirectory(model) && beside != null && Files.exists(new RunLayout(beside).config())) {
            console.err()
                    .println("note: " + model + " is trained as it is, its batch norms folded away; --model "
                            + model.resolveSibling("") + " trains the network of its run");
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

    static EmbeddingModel open(Path encoder, Settings settings) throws IOException {
        return EmbeddingModel.load(encoder, SharedSettings.device(settings), settings.get(SharedSettings.THREADS));
    }

    static Named opened(InputConfig input, String data, @Nullable String label, Settings settings, Datasets datasets)
            throws IOException {
        return new Named(
                InputOptions.open(input, "The encoder", data, label, SharedSettings.selection(settings), datasets),
                data);
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

package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.measure.Evaluation;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.sample.SampleSet;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.PictureInput;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The whole path on drawn pictures: sample, train, export, embed, evaluate. */
final class QuickstartCommand {
    private static final Setting<Path> OUT = Setting.path(
            "out", "DIR", Group.OUTPUT, "folder for everything, new or empty; without it vicreg-quickstart-N");
    private static final Setting<Integer> PER_CLASS = Setting.integer(
            "per-class", "N", Group.DATA, "training pictures of each of the ten classes", 500, 1, 1_000_000);
    private static final Setting<Integer> TEST_PER_CLASS =
            Setting.integer("test-per-class", "N", Group.DATA, "test pictures of each class", 100, 1, 1_000_000);

    /**
     * Where the quick start departs from train's defaults. Any hue: the classes are textures, so that nothing is lost
     * with the colours, and a short run does not spend itself on them.
     */
    private static final Map<String, String> RECIPE = Map.of(
            "projector", "256-256-256",
            "epochs", "10",
            "warmup-epochs", "1",
            "augment", "cifar,hue=0.5");

    static final Usage USAGE = new Usage(
            List.of(),
            Stream.of(List.of(OUT, PER_CLASS, TEST_PER_CLASS, SharedSettings.JSON), RunOptions.GRAPH, RunOptions.RUN)
                    .<Setting<?>>flatMap(List::stream)
                    .filter(setting -> !InputOptions.isForOtherThanPictures(setting))
                    .<Setting<?>>map(QuickstartCommand::withRecipe)
                    .toList(),
            "./vicreg quickstart");

    private QuickstartCommand() {}

    private static Setting<?> withRecipe(Setting<?> setting) {
        String text = RECIPE.get(setting.name());
        return text == null ? setting : setting.withFallback(text);
    }

    static void run(Settings settings, Console console) throws Exception {
        Path root = settings.find(OUT).orElseGet(QuickstartCommand::freshFolder);
        requireFresh(root);
        Path pictures = root.resolve("pictures");
        Path train = pictures.resolve("train");
        PictureInput pictureInput = PictureInput.of(settings);
        DataConfig data = new DataConfig(train.toString(), null) // a resume measures as this command does
                .measuredOn(pictures.resolve("test").toString());
        TrainingConfig config = RunOptions.training(settings, data, SideInputs.same(pictureInput));
        console.err().println("1/4 drawing pictures into " + pictures);
        new SampleSet(pictureInput.size().shorter(), config.seed())
                .write(pictures, settings.get(PER_CLASS), settings.get(TEST_PER_CLASS));
        console.err().println("2/4 training without labels in " + root.resolve("run"));
        TrainingRun.Result result;
        try (Datasets datasets = new Datasets(new Reading(console))) {
            Trainer trainer = Trainer.start(
                    config, RunOptions.origins(settings, config), root.resolve("run"), Version.TEXT, datasets);
            Notes.tellOfRate(settings, config, console);
            Dataset<?> samples = trainer.samples();
            try (RunEvaluation beside = RunEvaluation.of(config, datasets, console)) {
                result =
                        TrainingRun.run(trainer, () -> beside.online(samples, root.resolve("run")), List.of(), console);
            }
            if (result.outcome().finished()) {
                evaluate(root, config, result.outcome().seconds(), datasets, settings.on(SharedSettings.JSON), console);
            }
        }
    }

    /** Only what a start has left that was killed while it drew may be there. */
    private static void requireFresh(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return;
        }
        Path pictures = root.resolve("pictures");
        try (Stream<Path> entries = Files.list(root)) {
            if (SampleSet.isEmpty(pictures) && entries.allMatch(pictures::equals)) {
                return;
            }
        }
        Path run = root.resolve("run");
        throw new IOException(root + " is not empty; name a new folder"
                + (RunFolder.saved(run).isEmpty() ? "" : ", or go on with: ./vicreg train --resume --out " + run));
    }

    private static Path freshFolder() {
        for (int i = 1; ; i++) {
            Path folder = Path.of("vicreg-quickstart-" + i);
            if (!Files.exists(folder)) {
                return folder;
            }
        }
    }

    private static Dataset<?> open(Path folder) throws IOException {
        return Kinds.open(folder.toString(), DataOptions.DEFAULT, Selection.ALL);
    }

    private static void evaluate(
            Path root, TrainingConfig config, double trainSeconds, Datasets datasets, boolean json, Console console)
            throws IOException, InterruptedException {
        RunLayout run = new RunLayout(root.resolve("run"));
        Path encoder = run.encoder(Side.A);
        Path initial = run.initialEncoder(Side.A);
        Device device = config.computeDevice();
        Path vectors = root.resolve("vectors.npy");
        Path sheet = root.resolve("neighbours.png");
        Evaluation evaluation;
        String conclusion;
        try (EmbeddingModel after =
                        EmbeddingModel.load(encoder, device, config.machine().threads());
                EmbeddingModel before =
                        EmbeddingModel.load(initial, device, config.machine().threads());
                Dataset<?> train = open(root.resolve("pictures/train"));
                Dataset<?> test = open(root.resolve("pictures/test"))) {
            console.err().println("3/4 embedding the test pictures");
            EmbedCommand.embed(after, test, vectors, console);
            console.err().println("4/4 evaluating");
            KnnEvaluation.Measured<?> measured =
                    KnnEvaluation.measure(KnnClassifier.STANDARD, after, before, train, test, console);
            evaluation = measured.evaluation();
            conclusion = RunEvaluation.conclusion(
                    measured, "test pictures", config.schedule().lr());
            measured.plot().write(sheet);
        }
        Map<String, Object> paths = new LinkedHashMap<>();
        paths.put("encoder", encoder.toString());
        paths.put("vectors", vectors.toString());
        paths.put("neighbours", sheet.toString());
        ReportCommand.afterTraining(root.resolve("run"), config, datasets, console)
                .ifPresent(page -> paths.put("report", page.toString()));
        if (json) {
            paths.put("evaluation", evaluation.figures());
            paths.put("train_seconds", trainSeconds);
            paths.put("conclusion", conclusion);
            console.out().println(Json.line(paths));
        } else {
            console.out().println(KnnEvaluation.table(evaluation));
            paths.forEach((name, path) -> console.out().printf("  %-16s %s%n", name, path));
            console.err().println(conclusion);
        }
    }
}

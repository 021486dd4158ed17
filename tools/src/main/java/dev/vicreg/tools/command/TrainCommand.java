package dev.vicreg.tools.command;

import dev.vicreg.export.RunExport;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.Evaluation;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Trains an encoder on unlabelled samples, or goes on with a run. */
final class TrainCommand {
    private static final Setting<Path> OUT =
            Setting.path("out", "RUN", Group.OUTPUT, "folder of the run; new or empty without --resume");
    private static final Setting<Boolean> RESUME = Setting.flag(
            "resume", Group.OUTPUT, "go on with the run in --out from its newest checkpoint, with its settings");
    private static final Setting<String> EVAL_DATA = Setting.text(
            "eval-data",
            DataConfig.ARGUMENT,
            Group.EVALUATION,
            "labelled samples to measure the encoder on at the end, by kNN among --data",
            null);

    static final Command COMMAND = new Command(
            "train",
            "trains an encoder on pictures, vectors, signals or sequences without labels, and exports it",
            List.of(OUT),
            Stream.of(
                            Setting.of(DataConfig.class),
                            List.of(EVAL_DATA, RESUME, RunOptions.RECIPE, SharedSettings.JSON),
                            RunOptions.GRAPH,
                            RunOptions.RUN)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg train --data shapes/train --out run --epochs 20",
            TrainCommand::run);

    private TrainCommand() {}

    private static void run(Settings given, Console console) throws Exception {
        Path out = given.get(OUT);
        try (Datasets datasets = new Datasets()) {
            run(given, out, datasets, console);
        }
    }

    private static void run(Settings given, Path out, Datasets datasets, Console console) throws Exception {
        boolean resume = given.on(RESUME);
        TrainingConfig before =
                resume ? RunConfig.read(new RunLayout(out).config()).settings().in(out) : null;
        Settings settings = RunOptions.complete(given, before);
        settings.get(SharedSettings.DATA); // the first that is missing is told of
        DataConfig data = settings.read(DataConfig.class);
        SideInputs inputs = before != null && !InputSettings.isAnyGiven(given)
                ? SideInputs.of(before.graph()) // the data need not be read for it once more
                : SideInputs.of(settings, data.selection(), datasets);
        TrainingConfig config = RunOptions.training(settings, data, inputs);
        Notes.warnOfCoefficients(config.graph().objective(), console);
        Notes.tellOfFiles(config.graph(), console);
        Notes.tellOfPrecision(config.graph(), config.computeDevice(), console);
        Optional<String> evalData = settings.find(EVAL_DATA);
        if (evalData.isPresent()) {
            try (Dataset<?> test = Kinds.open(evalData.get(), inputs.a().reading(), Selection.ALL)) {
                if (test.labelNames().isEmpty()) { // a mistake shows now, not after the training
                    EvalCommand.requireLabels(KnnClassifier.STANDARD, test, 0, 0);
                }
                config.graph().a().input().requireFits(test);
            } catch (SettingException e) {
                throw new SettingException("--eval-data " + evalData.get() + ": " + e.getMessage(), e);
            }
        }
        Trainer trainer =
                resume ? Trainer.resume(config, out, datasets) : Trainer.start(config, out, Version.TEXT, datasets);
        TrainingRun.Result result = TrainingRun.run(trainer, console);
        Path encoder = result.encoders().get(Side.A);
        if (encoder == null) {
            return;
        }
        Evaluation evaluation = null;
        if (evalData.isPresent()) {
            evaluation = evaluate(config, encoder, evalData.get(), datasets, console);
            Map<String, Double> figures = Map.of("knn-20-0.07", evaluation.encoder());
            RunExport.export(out, Side.A, result.outcome().last().file(), Version.TEXT, figures, encoder);
        }
        report(settings, result, evaluation, console);
    }

    /** The test samples are opened once more: kept through the training, they would take memory from it. */
    private static Evaluation evaluate(
            TrainingConfig config, Path encoder, String evalData, Datasets datasets, Console console)
            throws IOException {
        Device device = config.computeDevice();
        Path initial = encoder.resolveSibling(new RunLayout(Path.of("")).initialEncoder(Side.A));
        DataOptions reading = config.graph().a().input().reading();
        try (EmbeddingModel after =
                        EmbeddingModel.load(encoder, device, config.machine().threads());
                EmbeddingModel before =
                        EmbeddingModel.load(initial, device, config.machine().threads());
                Dataset<?> test = Kinds.open(evalData, reading, Selection.ALL)) {
            Dataset<?> train =
                    datasets.open(config.data().data(), reading, config.data().selection());
            return EvalCommand.measure(KnnClassifier.STANDARD, after, before, train, test, console)
                    .evaluation();
        }
    }

    private static void report(
            Settings settings, TrainingRun.Result result, @Nullable Evaluation evaluation, Console console) {
        Trainer.Outcome outcome = result.outcome();
        if (settings.on(SharedSettings.JSON)) {
            Map<String, Object> summary = new LinkedHashMap<>();
            result.encoders().forEach((side, encoder) -> summary.put("encoder" + side.suffix(), encoder.toString()));
            summary.put("steps", outcome.last().step());
            summary.put("seconds", outcome.seconds());
            summary.put("waited", outcome.waited());
            if (result.last() != null) {
                summary.put("last", result.last());
            }
            if (evaluation != null) {
                summary.put("evaluation", evaluation.figures());
            }
            console.out().println(Json.line(summary));
            return;
        }
        console.err()
                .println(String.format(
                        Locale.ROOT,
                        "%d steps done, %.0f s, of which %.0f %% waiting for views",
                        outcome.last().step(),
                        outcome.seconds(),
                        100 * outcome.waited()));
        if (evaluation != null) {
            console.out().print(EvalCommand.table(evaluation));
        }
        result.encoders().values().forEach(console.out()::println);
    }
}

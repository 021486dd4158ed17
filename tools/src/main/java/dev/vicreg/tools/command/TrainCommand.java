package dev.vicreg.tools.command;

import dev.vicreg.export.RunExport;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.measure.Conclusion;
import dev.vicreg.tools.evaluation.measure.Evaluation;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Opening;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.BestCheckpoint;
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

    private static final Setting<Long> FROM = new Setting<>(
            "from",
            "step-N",
            Group.OUTPUT,
            "with --resume: go on from this checkpoint of --out instead; step-0 is the start",
            null,
            TrainCommand::step);

    private static final Setting<Boolean> TENSORBOARD = Setting.flag(
            "tensorboard", Group.OUTPUT, "write curves for TensorBoard into the run's folder tensorboard, too");
    private static final Setting<Integer> LIVE = Setting.integer(
            "live",
            "PORT",
            Group.OUTPUT,
            "show the run while it goes on to browsers of this machine, at http://127.0.0.1:PORT; 0 for a free port",
            null,
            0,
            65_535);

    static final Usage USAGE = new Usage(
            List.of(OUT),
            Stream.of(
                            Setting.of(DataConfig.class),
                            List.of(RESUME, FROM, TENSORBOARD, LIVE, RunOptions.RECIPE, SharedSettings.JSON),
                            RunOptions.GRAPH,
                            RunOptions.RUN)
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg train --data shapes/train --out run --epochs 20");

    private TrainCommand() {}

    private static Long step(String text) {
        if (!text.matches("step-[0-9]{1,18}")) {
            throw new SettingException("must be step- and a number, found " + text);
        }
        return Long.valueOf(text.substring("step-".length()));
    }

    static void run(Settings given, Console console) throws Exception {
        Path out = given.get(OUT);
        boolean resume = given.on(RESUME);
        if (given.find(FROM).isPresent() && !resume) {
            throw new SettingException("--from belongs to --resume; add it, or leave --from out");
        }
        TrainingConfig before = resume ? RunConfig.settingsOf(out) : null;
        Settings settings = RunOptions.complete(given, before);
        Optional<Integer> port = given.find(LIVE);
        try (Datasets datasets = new Datasets(opening(settings, console));
                LivePage live = port.isPresent() ? LivePage.open(port.get(), console) : null) {
            EncoderTrial.explaining(settings, () -> run(given, settings, before, out, datasets, live, console));
        }
    }

    /** Shows how far data are read, after it has refused those that are too few for a batch. */
    private static Opening opening(Settings settings, Console console) {
        boolean samples = settings.find(RunOptions.DATA_B).isEmpty() && settings.value("pairs") == null; // not pairs
        UpdateConfig update = settings.read(UpdateConfig.class);
        Reading reading = new Reading(console);
        return new Opening() {
            @Override
            public void selected(String where, String noun, int count) {
                if (samples) {
                    update.requireBatch(count, noun, where);
                }
                reading.selected(where, noun, count);
            }

            @Override
            public void read() {
                reading.read();
            }
        };
    }

    private static void run(
            Settings given,
            Settings settings,
            @Nullable TrainingConfig before,
            Path out,
            Datasets datasets,
            @Nullable LivePage live,
            Console console)
            throws Exception {
        settings.get(SharedSettings.DATA); // the first that is missing is told of
        DataConfig data = settings.read(DataConfig.class);
        SideInputs inputs = before != null && !InputOptions.isAnyGiven(given)
                ? SideInputs.of(before.graph()) // the data need not be read for it once more
                : SideInputs.of(settings, data.selection(), datasets);
        TrainingConfig config = RunOptions.training(settings, data, inputs);
        Notes.warnOfCoefficients(config.graph().objective(), console);
        Notes.tellOfFiles(config.graph(), console);
        Notes.tellOfPrecision(config.graph(), config.computeDevice(), console);
        try (RunEvaluation evaluation = RunEvaluation.of(config, datasets, console)) {
            Trainer trainer = before == null
                    ? Trainer.start(config, RunOptions.origins(settings, config), out, Version.TEXT, datasets)
                    : Trainer.resume(config, out, given.find(FROM).orElse(null), datasets);
            if (before != null
                    && !before.schedule().length().equals(config.schedule().length())) {
                Notes.tellOfLength(trainer, console);
            }
            Notes.tellOfRate(settings, config, console);
            run(trainer, evaluation, settings, datasets, live, console);
        }
    }

    private static void run(
            Trainer trainer,
            RunEvaluation evaluation,
            Settings settings,
            Datasets datasets,
            @Nullable LivePage live,
            Console console)
            throws Exception {
        Path root = trainer.folder().root();
        TrainingConfig config = trainer.config().settings();
        Dataset<?> train = trainer.samples();
        if (live != null) {
            live.show(root, config, datasets);
        }
        TrainingRun.Result result =
                trained(trainer, () -> evaluation.online(train, root), settings.on(TENSORBOARD), live, console);
        Path encoder = result.encoders().get(Side.A);
        if (encoder == null) {
            return;
        }
        Path averaged = result.averaged().get(Side.A);
        RunEvaluation.End end = evaluation.end(encoder, train);
        Evaluation average = null;
        if (end.evaluation() != null) {
            Path checkpoint = result.outcome().last().file();
            RunExport.export(root, Side.A, checkpoint, Version.TEXT, figures(end.evaluation()), encoder);
            if (averaged != null) {
                average = evaluation.of(averaged, train);
                TrainingRun.exportAverage(root, Side.A, checkpoint, figures(average));
            }
        }
        Optional<Path> page = ReportCommand.afterTraining(root, config, datasets, console);
        report(settings, result, end, average, BestCheckpoint.of(root), page, console);
    }

    /** Trains under the eyes of those that were asked for. */
    private static TrainingRun.Result trained(
            Trainer trainer, TrainingRun.Watch watch, boolean tensorboard, @Nullable LivePage live, Console console)
            throws IOException, InterruptedException {
        Path curvesOf = new RunLayout(trainer.folder().root()).tensorboard();
        try (EventCurves curves = tensorboard ? new EventCurves(curvesOf, trainer.startStep()) : null) {
            List<Follower> followers =
                    Stream.of(curves, live).flatMap(Stream::ofNullable).toList();
            return TrainingRun.run(trainer, watch, followers, console);
        }
    }

    private static Map<String, Double> figures(Evaluation evaluation) {
        return Map.of("knn-20-0.07", evaluation.encoder());
    }

    private static void report(
            Settings settings,
            TrainingRun.Result result,
            RunEvaluation.End end,
            @Nullable Evaluation average,
            Optional<BestCheckpoint> best,
            Optional<Path> page,
            Console console) {
        Evaluation evaluation = end.evaluation();
        Trainer.Outcome outcome = result.outcome();
        if (settings.on(SharedSettings.JSON)) {
            Map<String, Object> summary = new LinkedHashMap<>();
            result.encoders().forEach((side, encoder) -> summary.put("encoder" + side.suffix(), encoder.toString()));
            result.averaged().forEach((side, encoder) -> summary.put("ema" + side.suffix(), encoder.toString()));
            summary.put("steps", outcome.last().step());
            summary.put("seconds", outcome.seconds());
            summary.put("waited", outcome.waited());
            if (result.last() != null) {
                summary.put("last", result.last());
            }
            if (evaluation != null) {
                summary.put("evaluation", evaluation.figures());
            }
            if (average != null) {
                summary.put("evaluation_ema", average.figures());
            }
            best.ifPresent(known -> summary.put("best", known));
            summary.put(
                    "findings",
                    result.found().stream().map(each -> each.fault().id()).toList());
            summary.put("conclusion", end.conclusion());
            page.ifPresent(file -> summary.put("report", file.toString()));
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
            console.out().print(KnnEvaluation.table(evaluation));
        }
        if (average != null) {
            console.out().print(KnnEvaluation.row("averaged encoder", average.encoder()));
        }
        page.ifPresent(file -> console.err().println("report: " + file));
        result.encoders().values().forEach(console.out()::println);
        result.averaged().values().forEach(console.out()::println);
        best.ifPresent(known -> console.err()
                .println(String.format(
                        Locale.ROOT,
                        "best by %s: step %d, %.4g; ./vicreg export --checkpoint best publishes it",
                        known.measure(),
                        known.step(),
                        known.value())));
        console.err().println(Conclusion.with(result.found(), end.conclusion()));
    }
}

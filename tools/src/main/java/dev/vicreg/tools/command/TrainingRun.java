package dev.vicreg.tools.command;

import dev.vicreg.export.EncoderExport;
import dev.vicreg.export.RunExport;
import dev.vicreg.export.Weights;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Trains to the end or to Ctrl-C with progress on the console, and exports the encoders before and after. */
final class TrainingRun {
    /**
     * How it went.
     *
     * @param outcome the trainer's
     * @param last metrics of the last step; null where no step was left to do
     * @param encoders the exported encoders by side; empty where the run was stopped before its end
     * @param averaged the same with averaged weights, of runs that have some
     */
    record Result(
            Trainer.Outcome outcome, Metrics.@Nullable Line last, Map<Side, Path> encoders, Map<Side, Path> averaged) {}

    private TrainingRun() {}

    /** Trains and exports; closes the trainer. */
    static Result run(Trainer trainer, Console console) throws IOException, InterruptedException {
        return run(trainer, List.of(), console);
    }

    /** The same under the eyes of others. */
    static Result run(Trainer trainer, List<Follower> followers, Console console)
            throws IOException, InterruptedException {
        try (trainer;
                Console.Hold hold = console.hold()) {
            Path root = trainer.folder().root();
            Notes.tellOfGrowth(trainer, console);
            List<Side> sides = trainer.config().settings().graph().sides();
            Metrics.Line[] last = new Metrics.Line[1];
            Set<Side> told = EnumSet.noneOf(Side.class);
            Trainer.Outcome outcome;
            try (Progress progress = new Progress(console, "train", trainer.startStep(), trainer.totalSteps())) {
                for (Side side : sides) {
                    Path initial = new RunLayout(root).initialEncoder(side);
                    if (!Files.exists(initial)) {
                        Path start = trainer.folder().artifacts().checkpoint();
                        EncoderExport.Result export =
                                RunExport.export(root, side, start, Version.TEXT, Map.of(), initial);
                        if (export.obstacle()
                                != null) { // what is not as expected at the end is told of before it begins
                            export.note().ifPresent(console.err()::println);
                            told.add(side);
                        }
                    }
                }
                outcome = trainer.train(
                        new Trainer.Listener() {
                            @Override
                            public void step(Metrics.Line line, long totalSteps) {
                                last[0] = line;
                                progress.at(line.step(), notes(line));
                                tell(followers, line);
                            }

                            @Override
                            public void saved(RunFolder.Saved saved) {}
                        },
                        () -> isStopRequested(followers, hold));
            } catch (IllegalStateException | IOException e) { // the page shows how it came to that
                ReportCommand.afterBreak(root, "The run failed: " + e.getMessage(), console);
                throw e;
            }
            if (!outcome.finished()) {
                ReportCommand.afterBreak(root, "The run was stopped before its end, and can go on.", console);
                console.err()
                        .println("stopped and saved at step " + outcome.last().step()
                                + "; go on with: ./vicreg train --out " + root + " --resume");
                return new Result(outcome, last[0], Map.of(), Map.of());
            }
            boolean averages =
                    trainer.config().settings().graph().update().options().ema() > 0;
            Map<Side, Path> encoders = new EnumMap<>(Side.class);
            Map<Side, Path> averaged = new EnumMap<>(Side.class);
            for (Side side : sides) {
                Path encoder = new RunLayout(root).encoder(side);
                EncoderExport.Result export =
                        RunExport.export(root, side, outcome.last().file(), Version.TEXT, Map.of(), encoder);
                if (!told.contains(side)) {
                    export.note().ifPresent(console.err()::println);
                }
                encoders.put(side, encoder);
                if (averages) {
                    averaged.put(side, exportAverage(root, side, outcome.last().file(), Map.of()));
                }
            }
            return new Result(outcome, last[0], encoders, averaged);
        }
    }

    private static void tell(List<Follower> followers, Metrics.Line line) {
        for (Follower follower : followers) {
            try {
                follower.step(line);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** A follower's wish is passed on, so that the program ends as it does after Ctrl-C. */
    private static boolean isStopRequested(List<Follower> followers, Console.Hold hold) {
        boolean wanted = followers.stream().anyMatch(Follower::wantsStop);
        if (wanted && !hold.isStopRequested()) {
            hold.requestStop();
        }
        return wanted || hold.isStopRequested();
    }

    /**
     * Publishes a side's averaged encoder in the run's folder.
     *
     * @param figures measured on it, by name
     */
    static Path exportAverage(Path root, Side side, Path checkpoint, Map<String, Double> figures) throws IOException {
        Path target = new RunLayout(root).averagedEncoder(side);
        return RunExport.export(
                        root,
                        side,
                        RunExport.Form.ORIGINAL,
                        Weights.AVERAGED,
                        checkpoint,
                        Version.TEXT,
                        figures,
                        target)
                .file();
    }

    private static String[] notes(Metrics.Line line) {
        String terms = line.terms().entrySet().stream()
                .map(term -> String.format(Locale.ROOT, "%s %.3f", brief(term.getKey()), term.getValue()))
                .collect(Collectors.joining(" "));
        return new String[] {String.format(Locale.ROOT, "loss %.3f", line.loss()), "(" + terms + ")", scaling(line)};
    }

    /** The beginning of a term's name. */
    private static String brief(String term) {
        return term.substring(0, Math.min(3, term.length()));
    }

    /** What float16 has to say. */
    private static String scaling(Metrics.Line line) {
        Float scale = line.lossScale();
        Long skipped = line.skippedSteps();
        if (scale == null || skipped == null) {
            return "";
        }
        return String.format(Locale.ROOT, "loss scale %.0f", scale) + (skipped == 0 ? "" : ", skipped " + skipped);
    }
}

package dev.vicreg.tools.command;

import dev.vicreg.export.EncoderExport;
import dev.vicreg.export.RunExport;
import dev.vicreg.export.Weights;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.finding.Finding;
import dev.vicreg.training.loop.OnlineEvaluation;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
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
     * @param found in this part of the run
     */
    record Result(
            Trainer.Outcome outcome,
            Metrics.@Nullable Line last,
            Map<Side, Path> encoders,
            Map<Side, Path> averaged,
            List<Finding> found) {}

    private TrainingRun() {}

    /** What measures the encoder on the way; null for nothing. */
    interface Watch {
        @Nullable
        OnlineEvaluation begin() throws IOException;
    }

    /**
     * Trains and exports; closes the trainer.
     *
     * @param watch asked before the first step
     * @param followers look on; the caller closes them
     */
    static Result run(Trainer trainer, Watch watch, List<Follower> followers, Console console)
            throws IOException, InterruptedException {
        try (trainer;
                Console.Hold hold = console.hold()) {
            Path root = trainer.folder().root();
            Notes.tellOfGrowth(trainer, console);
            List<Side> sides = trainer.config().settings().graph().sides();
            OnlineEvaluation online = watch.begin();
            Metrics.Line[] last = new Metrics.Line[1];
            String[] measured = {""};
            List<Finding> found = new ArrayList<>();
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
                                progress.at(line.step(), notes(line, measured[0]));
                                tell(followers, follower -> follower.step(line));
                            }

                            @Override
                            public void measured(long step, Map<String, Double> figures) {
                                measured[0] = brief(figures);
                                progress.at(step, notes(Objects.requireNonNull(last[0]), measured[0]));
                                tell(followers, follower -> follower.measured(step, figures));
                            }

                            @Override
                            public void probed(long step, Map<String, Float> figures) {
                                tell(followers, follower -> follower.probed(step, figures));
                            }

                            @Override
                            public void found(Finding finding) {
                                found.add(finding);
                                progress.say("finding: " + finding.text() + "; try "
                                        + finding.fault().remedy());
                            }

                            @Override
                            public void saved(RunFolder.Saved saved) {}
                        },
                        online,
                        Diagnosis::brief,
                        () -> isStopRequested(followers, hold));
            } catch (IllegalStateException
                    | IOException
                    | UncheckedIOException e) { // the page shows how it came to that
                ReportCommand.afterBreak(root, "The run failed: " + e.getMessage(), console);
                throw e;
            }
            if (!outcome.finished()) {
                ReportCommand.afterBreak(root, "The run was stopped before its end, and can go on.", console);
                console.err()
                        .println("stopped and saved at step " + outcome.last().step()
                                + "; go on with: ./vicreg train --out " + root + " --resume");
                return new Result(outcome, last[0], Map.of(), Map.of(), found);
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
            return new Result(outcome, last[0], encoders, averaged, found);
        }
    }

    private interface News {
        void reach(Follower follower) throws IOException;
    }

    private static void tell(List<Follower> followers, News news) {
        for (Follower follower : followers) {
            try {
                news.reach(follower);
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

    /** What is told of the last measurement while the run goes on. */
    private static String brief(Map<String, Double> figures) {
        if (figures.getOrDefault("collapsed", 0.0) > 0) {
            return "collapse";
        }
        List<String> told = new ArrayList<>();
        for (String share : List.of("knn", "linear")) {
            Double value = figures.get(share);
            if (value != null) {
                told.add(String.format(Locale.ROOT, "%s %.1f %%", share, 100 * value));
            }
        }
        Double rank = figures.get("rankme");
        if (rank != null) {
            told.add(String.format(Locale.ROOT, "rankme %.1f", rank));
        }
        return String.join(" ", told);
    }

    private static String[] notes(Metrics.Line line, String measured) {
        String terms = line.terms().entrySet().stream()
                .map(term -> String.format(Locale.ROOT, "%s %.3f", brief(term.getKey()), term.getValue()))
                .collect(Collectors.joining(" "));
        return new String[] {
            String.format(Locale.ROOT, "loss %.3f", line.loss()), measured, "(" + terms + ")", scaling(line)
        };
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

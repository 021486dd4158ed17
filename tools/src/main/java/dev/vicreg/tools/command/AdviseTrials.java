package dev.vicreg.tools.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.advice.Advice;
import dev.vicreg.tools.evaluation.advice.Candidate;
import dev.vicreg.tools.evaluation.advice.Trial;
import dev.vicreg.tools.evaluation.measure.Evaluation;
import dev.vicreg.tools.evaluation.probe.HeldOut;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.bench.StepBenchmark;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.session.Execution;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.pass.Branches;
import dev.vicreg.training.step.pass.Recomputation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The short runs of {@code advise}: what they are told, how long they are, and what is measured of them. Each keeps its
 * figures in its folder.
 */
final class AdviseTrials {
    private static final String ORIGIN = "advise";

    /** Most samples that short runs see. */
    private static final Map<String, String> SAMPLES = Map.of("limit", "5000");

    private static final int TIMED_STEPS = 6;
    private static final int LEAST_STEPS = 40;
    private static final int MOST_STEPS = 600;

    /** Share of the time that steps get: the rest is for preparing, exporting and measuring, and for runs beside each other. */
    private static final double FOR_STEPS = 0.6;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Settings given;
    private final Path out;
    private final Datasets datasets;
    private final Console console;

    /**
     * Runs in a folder.
     *
     * @param given what was given of a run's options
     */
    AdviseTrials(Settings given, Path out, Datasets datasets, Console console) {
        this.given = given.over(SAMPLES, ORIGIN);
        this.out = out;
        this.datasets = datasets;
        this.console = console;
    }

    /** The data as they are looked at: so many of the samples. */
    DataConfig data() {
        return given.read(DataConfig.class);
    }

    /** How the data are read. */
    InputConfig input() throws IOException {
        return SideInputs.of(given, data().selection(), datasets).a();
    }

    /** A candidate and its run. */
    record Planned(Candidate candidate, ParallelRuns.Planned run) {}

    /**
     * The runs of candidates, without those that the data or the options don't allow, of which is told.
     *
     * @param minutes that all of them together may take
     * @param asked steps of each; empty for as many as there is time for
     * @throws SettingException if the options themselves are wrong
     */
    List<Planned> planned(
            List<Candidate> candidates, Dataset<?> data, int minutes, Optional<Integer> asked, int parallel)
            throws IOException {
        TrainingConfig plain = config(new Candidate("", "", Map.of()), 1, data);
        double seconds = 60.0 * minutes * parallel / candidates.size();
        long steps = asked.isPresent() ? asked.get() : steps(candidates, plain, seconds);
        List<Planned> planned = new ArrayList<>();
        for (Candidate candidate : candidates) {
            TrainingConfig config;
            try {
                config = config(candidate, steps, data);
            } catch (SettingException e) {
                console.err().println("not tried: " + candidate.what() + ": " + e.getMessage());
                continue;
            }
            Path folder = folder(candidate);
            planned.add(
                    new Planned(candidate, new ParallelRuns.Planned(folder, config, isMeasured(folder, config, data))));
        }
        return planned;
    }

    private Path folder(Candidate candidate) {
        return out.resolve("runs").resolve(candidate.name());
    }

    private TrainingConfig config(Candidate candidate, long steps, Dataset<?> data) throws IOException {
        Map<String, String> options = small(data);
        options.putAll(candidate.options());
        Settings own = given.over(options, ORIGIN);
        double epochs = (double) steps * own.read(UpdateConfig.class).batchSize() / data.size();
        Settings timed = own.with("steps", String.valueOf(steps))
                .with("warmup-epochs", String.valueOf(epochs / 10))
                .with("threads", "1")
                .with("workers", "1")
                .with("device", "cpu");
        return RunOptions.training(
                timed, timed.read(DataConfig.class), SideInputs.of(timed, data().selection(), datasets));
    }

    /** Where short runs depart from train's defaults, unless options say otherwise. */
    private Map<String, String> small(Dataset<?> data) {
        Map<String, String> options = new HashMap<>();
        options.put("projector", "256-256-256");
        options.put("batch-size", String.valueOf(Advice.batch(data.size())));
        options.put("checkpoint-every", "1000000"); // at the end alone
        boolean ours = !given.isGiven("encoder");
        if (ours && !data.noun().equals("vectors")) {
            options.put("width", data.noun().equals("sequences") ? "32" : "8");
        }
        if (ours && data.noun().equals("pictures")) {
            options.put("image-size", "16");
        }
        return options;
    }

    /** Those of runs that are there, else as many as the seconds allow. */
    private long steps(List<Candidate> candidates, TrainingConfig plain, double seconds) throws IOException {
        for (Candidate candidate : candidates) {
            if (Files.exists(new RunLayout(folder(candidate)).config())) {
                return RunConfig.settingsOf(folder(candidate))
                        .schedule()
                        .length()
                        .steps();
            }
        }
        try (TemporaryFolder temporary = TemporaryFolder.create("vicreg-advise")) {
            double step = StepBenchmark.run(
                            plain.graph(),
                            new Execution(Device.CPU, 1, Recomputation.NONE, Branches.IN_TURN),
                            TIMED_STEPS,
                            temporary.path())
                    .secondsPerStep();
            return (long) Math.max(LEAST_STEPS, Math.min(MOST_STEPS, FOR_STEPS * seconds / step));
        }
    }

    private static Path result(Path folder) {
        return folder.resolve("advice.json");
    }

    /**
     * Whether a run is there with all that is asked of it.
     *
     * @throws SettingException if it is one of other data or settings
     */
    private static boolean isMeasured(Path folder, TrainingConfig config, Dataset<?> data) throws IOException {
        Path recorded = new RunLayout(folder).config();
        if (!Files.exists(recorded)) {
            return false;
        }
        RunConfig run = RunConfig.read(recorded);
        String other = "; name another folder as `out`";
        if (!run.dataFingerprint().equals(data.fingerprint())) {
            throw new SettingException(folder + " is a run on " + run.dataSize() + " samples of "
                    + run.settings().data().data() + ", found others" + other);
        }
        List<String> differences = RunConfig.differences(run.settings(), config);
        if (!run.settings().schedule().length().equals(config.schedule().length())) {
            differences = List.of("steps: " + run.settings().schedule().length().steps() + " in the run, "
                    + config.schedule().length().steps() + " asked for");
        }
        if (!differences.isEmpty()) {
            throw new SettingException(
                    folder + " is a run with other settings: " + String.join("; ", differences) + other);
        }
        String eval = config.data().evalData();
        return Files.exists(result(folder))
                && (eval == null || eval.equals(run.settings().data().evalData()));
    }

    /**
     * What a run gave: measured, or read where that is done.
     *
     * @param first the run whose views all are measured by
     * @param test labelled samples for kNN; null for none
     */
    static Trial trial(ParallelRuns.Planned run, ParallelRuns.Planned first, Dataset<?> data, @Nullable Dataset<?> test)
            throws IOException {
        Path file = result(run.folder());
        if (!run.measured()) {
            Trial trial = measured(SampleForms.of(data), run, first, data, test);
            AtomicFile.write(file, ByteBuffer.wrap(Json.line(trial).getBytes(StandardCharsets.UTF_8)));
        }
        return JSON.readValue(file.toFile(), Trial.class);
    }

    private static <S, R> Trial measured(
            SampleForm<S, R> form,
            ParallelRuns.Planned run,
            ParallelRuns.Planned first,
            Dataset<?> data,
            @Nullable Dataset<?> test)
            throws IOException {
        try (EmbeddingModel model = run.open(run.layout().encoder(Side.A))) {
            LabelledVectors<R> all = ParallelRuns.embed(form, model, data, i -> 0);
            InputConfig input = run.config().graph().a().input();
            ViewSource own = input.views(data, run.config().views().of(Side.A));
            ViewSource same = input.views(data, first.config().views().of(Side.A));
            int[] places = Trial.places(all.size());
            Trial trial = Trial.of(form, model, HeldOut.rows(all.encoder(), places), own, same);
            int[][] raw = Trial.neighbours(HeldOut.rows(form.vectors(all.raw(), all.raw()), places));
            Map<String, Double> figures = new HashMap<>();
            figures.put(Advice.RAW_AGREEMENT, Trial.agreement(trial.neighbours(), raw));
            if (test != null) {
                Evaluation evaluation = evaluation(form, model, data, test);
                figures.put(Advice.KNN, evaluation.encoder());
                figures.put("raw_knn", evaluation.raw());
            }
            return trial.with(figures);
        }
    }

    private static <S, R> Evaluation evaluation(
            SampleForm<S, R> form, EmbeddingModel model, Dataset<?> data, Dataset<?> test) throws IOException {
        List<String> classes = data.labelNames();
        LabelledVectors<R> voting = ParallelRuns.embed(form, model, data, data::label);
        LabelledVectors<R> classified = ParallelRuns.embed(form, model, test, KnnEvaluation.labelsAsIn(classes, test));
        KnnEvaluation.requireLabels(KnnClassifier.STANDARD.k(), data, voting.size(), classified.size());
        return Evaluation.of(KnnClassifier.STANDARD, voting, classified, classes.size());
    }
}

package dev.vicreg.tools.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.advice.Advice;
import dev.vicreg.tools.evaluation.advice.Candidate;
import dev.vicreg.tools.evaluation.advice.Candidates;
import dev.vicreg.tools.evaluation.advice.Change;
import dev.vicreg.tools.evaluation.advice.Strangeness;
import dev.vicreg.tools.evaluation.advice.Trial;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.bench.StepBenchmark;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.InputConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import java.util.Locale;
import java.util.Arrays;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.tools.evaluation.Evaluation;

/** Looks at data without labels, tries a few settings on them in short runs, and prints the command that fits. */
final class AdviseCommand {
    private static final Setting<Path> OUT = Setting.path(
                    "out", "DIR", Group.OUTPUT, "folder for the short runs and the table; called again it goes on")
            .withFallback("advice");
    private static final Setting<Integer> MINUTES = Setting.integer(
            "minutes", "N", Group.OPTIMIZATION, "time for the short runs, after which those left are not begun", 8, 1, 10_000);
    private static final Setting<Integer> STEPS = Setting.integer(
            "steps",
            "N",
            Group.OPTIMIZATION,
            "steps of each short run; without it as many as there is time for",
            null,
            1,
            1_000_000);
    private static final Setting<Integer> PARALLEL = Setting.integer(
            "parallel",
            "N",
            Group.MACHINE,
            "runs at a time, each with one thread; 0 for as many as processors and memory allow",
            0,
            0,
            1024);

    /** What candidates set, what this command sets itself, and what belongs to pairs. */
    private static final Set<String> TAKEN = Set.of(
            "augment", "objective", "loss", "invariance", "variance", "covariance", "predictor", "variance-term",
            "epochs", "steps", "warmup-epochs", "threads", "workers", "data-b", "pairs", "pair-by", "views", "local-views",
            "local-size", "checkpoint-every", "keep-checkpoints", "deterministic", "device");

    private static final String ORIGIN = "advise";

    /** Most samples that short runs see. */
    private static final Map<String, String> SAMPLES = Map.of("limit", "5000");

    private static final int TIMED_STEPS = 6;
    private static final int LEAST_STEPS = 40;
    private static final int MOST_STEPS = 600;

    /** Share of the time that steps get: the rest is for preparing, exporting and measuring, and for runs beside each other. */
    private static final double FOR_STEPS = 0.6;

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<Setting<?>> OF_A_RUN = Stream.of(
                    Setting.of(DataConfig.class), RunOptions.GRAPH, RunOptions.RUN)
            .<Setting<?>>flatMap(List::stream)
            .toList();

    static final Usage USAGE = new Usage(
            List.of(SharedSettings.DATA),
            Stream.concat(Stream.of(OUT, MINUTES, STEPS, PARALLEL, SharedSettings.JSON), OF_A_RUN.stream())
                    .<Setting<?>>filter(setting -> setting == STEPS || !TAKEN.contains(setting.name())
                            && !setting.name().endsWith("-b")
                            && !setting.equals(SharedSettings.DATA))
                    .toList(),
            "./vicreg advise --data shapes/train");

    /** All that a run can be told. */
    private static final Usage ALL = new Usage(List.of(), OF_A_RUN, "");

    private final Settings given;
    private final Datasets datasets;
    private final Console console;
    private final Path out;
    private final long end;

    private AdviseCommand(Settings given, Datasets datasets, Console console) {
        this.given = given;
        this.datasets = datasets;
        this.console = console;
        this.out = given.get(OUT);
        this.end = System.nanoTime() + TimeUnit.MINUTES.toNanos(given.get(MINUTES));
    }

    static void run(Settings given, Console console) throws Exception {
        try (Datasets datasets = new Datasets(new Reading(console))) {
            new AdviseCommand(given, datasets, console).run();
        }
    }

    private void run() throws Exception {
        Settings named = given.without("steps").as(ALL);
        DataConfig config = named.over(SAMPLES, ORIGIN).read(DataConfig.class);
        InputConfig input = SideInputs.of(named, config.selection(), datasets).a();
        Dataset<?> data = datasets.open(config.data(), input.reading(), config.selection());
        Map<String, Double> strangeness = strangeness(input, data);
        List<Candidate> candidates = Candidates.of(input.kind(), strangeness);
        int parallel = ParallelRuns.parallel(given.get(PARALLEL));
        List<ParallelRuns.Planned> runs = planned(candidates, input.kind(), data, parallel);
        console.err()
                .println(runs.size() + " runs of "
                        + runs.get(0).config().schedule().length().steps() + " steps, " + parallel + " at a time");
        Dataset<?> test = config.evalData() == null
                ? null
                : datasets.open(config.evalData(), input.reading(), Selection.ALL);
        List<Advice.Tried> tried = new ParallelRuns("advise", datasets, console)
                .results(
                        runs,
                        data,
                        parallel,
                        () -> System.nanoTime() >= end,
                        i -> new Advice.Tried(candidates.get(i), trial(runs.get(i), runs.get(0), data, test)));
        if (tried.isEmpty()) {
            console.err().println("stopped before any run was done; the same command goes on");
            return;
        }
        print(Advice.of(tried), strangeness, input.kind(), data, candidates.size());
    }

    /** That of each change; little is computed for it. */
    private Map<String, Double> strangeness(InputConfig input, Dataset<?> data) throws IOException {
        Kind<?> kind = input.kind();
        console.err().println("looking at " + data.size() + " " + data.noun());
        Strangeness samples = new Strangeness(input.views(data, Change.nothing(kind)));
        Map<String, Double> strangeness = new LinkedHashMap<>();
        for (Change change : Change.of(kind)) {
            strangeness.put(change.name(), samples.of(input.views(data, change.alone(kind))));
        }
        return strangeness;
    }

    private List<ParallelRuns.Planned> planned(
            List<Candidate> candidates, Kind<?> kind, Dataset<?> data, int parallel) throws IOException {
        List<TrainingConfig> configs = new ArrayList<>();
        long steps = 0;
        for (Candidate candidate : candidates) {
            Map<String, String> options = small(kind, data.size());
            options.putAll(candidate.options());
            if (steps == 0) {
                steps = steps(folder(candidate), config(options, 1, data), candidates.size(), parallel);
            }
            configs.add(config(options, steps, data));
        }
        List<ParallelRuns.Planned> runs = new ArrayList<>();
        for (int i = 0; i < configs.size(); i++) {
            Path folder = folder(candidates.get(i));
            runs.add(new ParallelRuns.Planned(folder, configs.get(i), isMeasured(folder, configs.get(i))));
        }
        return runs;
    }

    private Path folder(Candidate candidate) {
        return out.resolve("runs").resolve(candidate.name());
    }

    /** Where short runs depart from train's defaults, unless options say otherwise. */
    private Map<String, String> small(Kind<?> kind, int samples) {
        Map<String, String> options = new LinkedHashMap<>(SAMPLES);
        options.put("projector", "256-256-256");
        options.put("batch-size", String.valueOf(Advice.batch(samples)));
        options.put("checkpoint-every", "1000000"); // at the end; a run takes a minute
        if (!given.isGiven("encoder") && (kind == PictureKind.PICTURES || kind == SignalKind.SIGNALS)) {
            options.put("width", "8");
        }
        if (!given.isGiven("encoder") && kind == PictureKind.PICTURES) {
            options.put("image-size", "16");
        }
        return options;
    }

    private TrainingConfig config(Map<String, String> options, long steps, Dataset<?> data) throws IOException {
        int batch = Integer.parseInt(options.getOrDefault("batch-size", "1"));
        double epochs = (double) steps * batch / data.size();
        Settings own = given.without("steps").as(ALL)
                .over(options, ORIGIN)
                .with("steps", String.valueOf(steps))
                .with("warmup-epochs", String.valueOf(epochs / 10))
                .with("threads", "1")
                .with("workers", "1");
        DataConfig config = own.read(DataConfig.class);
        return RunOptions.training(own, config, SideInputs.of(own, config.selection(), datasets));
    }

    /** Those of the runs that are there, else as many as there is time for. */
    private long steps(Path folder, TrainingConfig first, int candidates, int parallel) throws IOException {
        if (Files.exists(new RunLayout(folder).config())) {
            return RunConfig.settingsOf(folder).schedule().length().steps();
        }
        if (given.find(STEPS).isPresent()) {
            return given.get(STEPS);
        }
        try (TemporaryFolder temporary = TemporaryFolder.create("vicreg-advise")) {
            double seconds = StepBenchmark.run(first.graph(), Device.CPU, 1, TIMED_STEPS, temporary.path())
                    .secondsPerStep();
            double each = 60.0 * given.get(MINUTES) * parallel / candidates;
            return (long) Math.max(LEAST_STEPS, Math.min(MOST_STEPS, FOR_STEPS * each / seconds));
        }
    }

    private static Path result(Path folder) {
        return folder.resolve("advice.json");
    }

    private static boolean isMeasured(Path folder, TrainingConfig config) throws IOException {
        return Files.exists(result(folder))
                && (config.data().evalData() == null
                        || JSON.readTree(result(folder).toFile())
                                .path("figures")
                                .has(Advice.KNN));
    }

    private static Trial trial(
            ParallelRuns.Planned run, ParallelRuns.Planned first, Dataset<?> data, @Nullable Dataset<?> test)
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
            Trial trial = Trial.of(form, model, rows(all.encoder(), places), own, same);
            trial.figures()
                    .put(
                            "raw_agreement",
                            Trial.agreement(
                                    trial.neighbours(),
                                    Trial.neighbours(rows(form.vectors(all.raw(), all.raw()), places))));
            if (test != null) {
                Evaluation evaluation = evaluation(form, run, model, data, test);
                trial.figures().put(Advice.KNN, evaluation.encoder());
                trial.figures().put("raw_knn", evaluation.raw());
            }
            return trial;
        }
    }

    private static float[][] rows(float[][] rows, int[] places) {
        return Arrays.stream(places).mapToObj(i -> rows[i]).toArray(float[][]::new);
    }

    private static <S, R> Evaluation evaluation(
            SampleForm<S, R> form, ParallelRuns.Planned run, EmbeddingModel model, Dataset<?> data, Dataset<?> test)
            throws IOException {
        List<String> classes = data.labelNames();
        LabelledVectors<R> voting = ParallelRuns.embed(form, model, data, data::label);
        LabelledVectors<R> classified = ParallelRuns.embed(form, model, test, EvalCommand.labelsAsIn(classes, test));
        EvalCommand.requireLabels(KnnClassifier.STANDARD.k(), data, voting.size(), classified.size());
        return Evaluation.of(KnnClassifier.STANDARD, voting, classified, classes.size());
    }

    private void print(Advice advice, Map<String, Double> strangeness, Kind<?> kind, Dataset<?> data, int candidates) {
        Map<String, String> options = new LinkedHashMap<>(advice.best().options());
        options.putAll(Advice.amount(data.size()));
        String command = command(options);
        if (given.on(SharedSettings.JSON)) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("command", command);
            json.put("options", options);
            json.put("strangeness", strangeness);
            json.put("correlations", advice.correlations());
            json.put("tried", advice.ranked().stream().map(AdviseCommand::json).toList());
            console.out().println(Json.line(json));
            return;
        }
        console.out().println(data.size() + " " + data.noun());
        for (Change change : Change.of(kind)) {
            console.out()
                    .println(String.format(
                            Locale.ROOT, "  %-34s %5.2f", change.what(), strangeness.get(change.name())));
        }
        console.out().print(advice.text());
        if (advice.ranked().size() < candidates) {
            console.out().println((candidates - advice.ranked().size()) + " were not tried for lack of time; the same command goes on");
        }
        advice.correlations()
                .forEach((key, value) -> console.out()
                        .println(String.format(Locale.ROOT, "  rank correlation with kNN: %-28s %5.2f", key, value)));
        console.out().println(command);
    }

    private static Map<String, Object> json(Advice.Tried tried) {
        return Map.of(
                "name", tried.candidate().name(),
                "options", tried.candidate().options(),
                "figures", tried.trial().figures());
    }

    private String command(Map<String, String> advised) {
        StringBuilder command = new StringBuilder("./vicreg train --data " + given.get(SharedSettings.DATA) + " --out run");
        advised.forEach((name, text) -> command.append(" --").append(name).append(' ').append(text));
        return command.toString();
    }
}

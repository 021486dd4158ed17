package dev.vicreg.tools.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.export.RunExport;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.Ablation;
import dev.vicreg.tools.evaluation.AblationTable;
import dev.vicreg.tools.evaluation.KnnClassifier;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.evaluation.SampleForms;
import dev.vicreg.tools.evaluation.diagnosis.Spread;
import dev.vicreg.tools.output.Json;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.tools.sample.SampleSet;
import dev.vicreg.training.config.DataConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.loop.StepMemory;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Trains every row of the paper's ablations on the same data, with the same seeds, and tells what came of each. */
final class AblateCommand {
    private static final Setting<Path> OUT = Setting.path(
            "out", "DIR", Group.OUTPUT, "folder for the runs, the table and the plot; called again it goes on");
    private static final Setting<String> SEEDS =
            Setting.text("seeds", "N,N", Group.OPTIMIZATION, "seeds with which each row is trained", "0");
    private static final Setting<String> ROWS = Setting.text(
            "rows",
            "NAME,NAME",
            Group.OBJECTIVE,
            "rows that are trained, without it all: "
                    + Ablation.ALL.stream().map(Ablation::name).collect(Collectors.joining(", ")),
            null);
    private static final Setting<Integer> PARALLEL = Setting.integer(
            "parallel",
            "N",
            Group.MACHINE,
            "runs at a time, each with one thread; 0 for as many as processors and memory allow",
            0,
            0,
            1024);
    private static final Setting<Integer> PER_CLASS = Setting.integer(
            "per-class", "N", Group.DATA, "without --data: drawn training pictures of each class", 200, 1, 1_000_000);
    private static final Setting<Integer> TEST_PER_CLASS =
            Setting.integer("test-per-class", "N", Group.DATA, "likewise test pictures", 50, 1, 1_000_000);

    /** What a run takes at most with a network of the size that is affordable here. */
    private static final long BYTES_OF_A_RUN = 1L << 30;

    /** Where it departs from train's defaults: short runs of a small network. */
    private static final Map<String, String> RECIPE = Map.of(
            "projector", "256-256-256",
            "image-size", "16",
            "epochs", "30",
            "warmup-epochs", "3",
            "augment", "cifar,hue=0.5");

    /** What the rows set, and what this command sets itself. */
    private static final Set<String> TAKEN = Stream.of(
                    Ablation.ALL.stream().flatMap(row -> row.options().keySet().stream()),
                    Stream.of("loss", "seed", "threads", "data-b", "pairs", "pair-by", "eval-every", "keep-best"))
            .flatMap(names -> names)
            .collect(Collectors.toSet());

    static final Usage USAGE = new Usage(
            List.of(OUT),
            Stream.of(
                            Setting.of(DataConfig.class),
                            List.of(PER_CLASS, TEST_PER_CLASS, SEEDS, ROWS, PARALLEL, SharedSettings.JSON),
                            RunOptions.GRAPH,
                            RunOptions.RUN)
                    .<Setting<?>>flatMap(List::stream)
                    .filter(setting ->
                            !TAKEN.contains(setting.name()) && !setting.name().endsWith("-b"))
                    .<Setting<?>>map(AblateCommand::withRecipe)
                    .toList(),
            "./vicreg ablate --out ablation");

    /** All that a run can be told, of which the rows set the rest. */
    private static final Usage OF_A_RUN = new Usage(
            List.of(),
            Stream.of(Setting.of(DataConfig.class), RunOptions.GRAPH, RunOptions.RUN)
                    .<Setting<?>>flatMap(List::stream)
                    .<Setting<?>>map(AblateCommand::withRecipe)
                    .toList(),
            "");

    private final Settings settings;
    private final Console console;
    private final Datasets datasets;
    private final AtomicInteger runsDone = new AtomicInteger();
    private final AtomicLong stepsDone = new AtomicLong();

    private AblateCommand(Settings settings, Datasets datasets, Console console) {
        this.settings = settings;
        this.datasets = datasets;
        this.console = console;
    }

    private static Setting<?> withRecipe(Setting<?> setting) {
        String text = RECIPE.get(setting.name());
        return text == null ? setting : setting.withFallback(text);
    }

    /** One row with one seed. */
    private record Run(Ablation row, long seed, Path folder) {
        Path result() {
            return folder.resolve("ablation.json");
        }

        /** Whether all figures are there: earlier versions measured others. */
        boolean isMeasured() throws IOException {
            return Files.exists(result())
                    && new ObjectMapper().readTree(result().toFile()).has("projection_spread");
        }
    }

    static void run(Settings given, Console console) throws Exception {
        Path out = given.get(OUT);
        Settings settings = withData(given, out, console);
        List<Run> runs = runs(given, out);
        List<AblationTable.Result> results;
        try (Datasets datasets = new Datasets(new Reading(console))) {
            AblateCommand command = new AblateCommand(settings, datasets, console);
            results = command.train(runs, parallel(given));
        }
        if (results.size() < runs.size()) {
            console.err()
                    .println("stopped and saved; " + results.size() + " of " + runs.size()
                            + " runs are done; the same command goes on");
            return;
        }
        AblationTable table = AblationTable.of(results);
        Path markdown = out.resolve("ablation.md");
        AtomicFile.write(markdown, ByteBuffer.wrap(table.markdown().getBytes(StandardCharsets.UTF_8)));
        Path plot = out.resolve("ablation.png");
        table.plot().write(plot);
        if (given.on(SharedSettings.JSON)) {
            console.out().println(Json.line(Map.of("results", results)));
        } else {
            console.out().print(table.text());
            console.out().println(markdown);
            console.out().println(plot);
        }
    }

    /** The settings with drawn pictures where no data are named. */
    private static Settings withData(Settings given, Path out, Console console) throws IOException {
        boolean data = given.find(SharedSettings.DATA).isPresent();
        if (data != (given.value("eval-data") != null)) {
            throw new SettingException(
                    "--data and --eval-data belong together: training and test samples; give both, or"
                            + " neither for drawn pictures");
        }
        if (data) {
            return given;
        }
        Path pictures = out.resolve("pictures");
        if (SampleSet.isEmpty(pictures)) {
            console.err().println("drawing pictures into " + pictures);
            new SampleSet(32, 0).write(pictures, given.get(PER_CLASS), given.get(TEST_PER_CLASS));
        }
        return given.with("data", pictures.resolve("train").toString())
                .with("eval-data", pictures.resolve("test").toString());
    }

    private static List<Run> runs(Settings given, Path out) {
        List<Long> seeds = new ArrayList<>();
        for (String seed : given.get(SEEDS).split(",", -1)) {
            if (!seed.matches("-?[0-9]{1,18}")) {
                throw new SettingException("--seeds must be whole numbers such as 0,1,2, found " + given.get(SEEDS));
            }
            seeds.add(Long.valueOf(seed));
        }
        List<String> names = Ablation.ALL.stream().map(Ablation::name).toList();
        List<String> chosen =
                given.find(ROWS).map(rows -> Arrays.asList(rows.split(",", -1))).orElse(names);
        for (String name : chosen) {
            if (!names.contains(name)) {
                throw new SettingException("--rows: expected some of " + String.join(", ", names) + ", found " + name);
            }
        }
        return Ablation.ALL.stream()
                .filter(row -> chosen.contains(row.name()))
                .flatMap(row -> seeds.stream()
                        .map(seed -> new Run(row, seed, out.resolve("runs").resolve(row.name() + "-" + seed))))
                .toList();
    }

    private static int parallel(Settings given) {
        int asked = given.get(PARALLEL);
        int fits = (int) Math.max(1, Math.min(1024, StepMemory.ofThisMachine() / BYTES_OF_A_RUN));
        return asked > 0 ? asked : Math.min(fits, Runtime.getRuntime().availableProcessors());
    }

    /** The results of the runs that are complete, in their order: all, unless a signal came. */
    private List<AblationTable.Result> train(List<Run> runs, int parallel) throws Exception {
        List<TrainingConfig> configs = new ArrayList<>();
        for (Run run : runs) { // before the first begins
            configs.add(config(run));
        }
        TrainingConfig first = configs.get(0);
        Dataset<?> test = datasets.open(
                String.valueOf(first.data().evalData()),
                first.graph().a().input().reading(),
                Selection.ALL);
        Dataset<?> bank = datasets.open(
                first.data().data(),
                first.graph().a().input().reading(),
                first.data().selection());
        long steps = 0;
        for (int i = 0; i < runs.size(); i++) {
            long total = steps(configs.get(i), bank);
            steps += total;
            stepsDone.addAndGet(runs.get(i).isMeasured() ? total : saved(runs.get(i)));
        }
        console.err().println(runs.size() + " runs, " + parallel + " at a time");
        ExecutorService workers = Executors.newFixedThreadPool(parallel);
        try (Console.Hold hold = console.hold();
                Progress progress = new Progress(console, "ablate", stepsDone.get(), steps)) {
            List<Future<AblationTable.@Nullable Result>> futures = new ArrayList<>();
            for (int i = 0; i < runs.size(); i++) {
                Run run = runs.get(i);
                TrainingConfig config = configs.get(i);
                futures.add(workers.submit(() -> result(run, config, bank, test, progress, hold::isStopRequested)));
            }
            List<AblationTable.Result> results = new ArrayList<>();
            for (Future<AblationTable.@Nullable Result> future : futures) {
                AblationTable.Result result = future.get();
                if (result != null) {
                    results.add(result);
                }
            }
            return results;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        } finally {
            workers.shutdownNow();
        }
    }

    private static long steps(TrainingConfig config, Dataset<?> bank) {
        return config.schedule()
                .totalSteps(bank.size() / config.graph().update().batchSize());
    }

    /** The step that a run goes on from. */
    private static long saved(Run run) throws IOException {
        List<RunFolder.Saved> saved = RunFolder.saved(run.folder);
        return saved.isEmpty() ? 0 : saved.get(saved.size() - 1).step();
    }

    private TrainingConfig config(Run run) throws IOException {
        Settings own =
                settings.as(OF_A_RUN).with("seed", String.valueOf(run.seed)).with("threads", "1");
        if (run.row.options().containsKey("base-lr")) { // in the place of the rate asked for
            own = own.without("lr");
        }
        for (Map.Entry<String, String> option : run.row.options().entrySet()) {
            own = own.with(option.getKey(), option.getValue());
        }
        DataConfig data = own.read(DataConfig.class);
        return RunOptions.training(own, data, SideInputs.of(own, data.selection(), datasets));
    }

    /** That of a run; null if it was stopped. */
    private AblationTable.@Nullable Result result(
            Run run, TrainingConfig config, Dataset<?> bank, Dataset<?> test, Progress progress, BooleanSupplier stop)
            throws Exception {
        if (!run.isMeasured()) {
            if (stop.getAsBoolean() || !trained(run, config, progress, stop)) {
                return null;
            }
            RunLayout layout = new RunLayout(run.folder);
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("encoder_knn", accuracy(layout.encoder(Side.A), bank, test, config));
            figures.put("untrained_knn", accuracy(layout.initialEncoder(Side.A), bank, test, config));
            figures.put("projection_spread", spread(run, test, config));
            AtomicFile.write(run.result(), ByteBuffer.wrap(Json.line(figures).getBytes(StandardCharsets.UTF_8)));
        }
        runsDone.incrementAndGet();
        JsonNode figures = new ObjectMapper().readTree(run.result().toFile());
        return new AblationTable.Result(
                run.row.name(),
                run.seed,
                figures.get("encoder_knn").asDouble(),
                figures.get("projection_spread").asDouble(),
                figures.get("untrained_knn").asDouble());
    }

    /** Trains to the end and exports; false if it was stopped. */
    private boolean trained(Run run, TrainingConfig config, Progress progress, BooleanSupplier stop) throws Exception {
        RunLayout layout = new RunLayout(run.folder);
        Trainer trainer;
        synchronized (datasets) {
            trainer = Files.exists(layout.config())
                    ? Trainer.resume(config, run.folder, null, datasets)
                    : Trainer.start(config, Map.of(), run.folder, Version.TEXT, datasets);
        }
        try (trainer) {
            Path start = trainer.folder().artifacts().checkpoint();
            RunExport.export(run.folder, Side.A, start, Version.TEXT, Map.of(), layout.initialEncoder(Side.A));
            Trainer.Outcome outcome = trainer.train(
                    new Trainer.Listener() {
                        @Override
                        public void step(Metrics.Line line, long totalSteps) {
                            progress.at(stepsDone.incrementAndGet(), runsDone + " runs done");
                        }

                        @Override
                        public void saved(RunFolder.Saved saved) {}
                    },
                    stop);
            if (!outcome.finished()) {
                return false;
            }
            Path last = outcome.last().file();
            RunExport.export(run.folder, Side.A, last, Version.TEXT, Map.of(), layout.encoder(Side.A));
            return true;
        }
    }

    private static double accuracy(Path encoder, Dataset<?> bank, Dataset<?> test, TrainingConfig config)
            throws IOException {
        try (EmbeddingModel model = open(encoder, config)) {
            List<String> classes = bank.labelNames();
            LabelledVectors<?> voting = embed(SampleForms.of(bank), model, bank, bank::label);
            LabelledVectors<?> classified =
                    embed(SampleForms.of(bank), model, test, KnnEvaluation.labelsAsIn(classes, test));
            KnnEvaluation.requireLabels(KnnClassifier.STANDARD.k(), bank, voting.size(), classified.size());
            return KnnClassifier.STANDARD.accuracy(
                    voting.encoder(), voting.labels(), classified.encoder(), classified.labels(), classes.size());
        }
    }

    /** Of the projections of the test samples, which is what an objective keeps from being one. */
    private static double spread(Run run, Dataset<?> test, TrainingConfig config) throws IOException {
        try (TemporaryFolder folder = TemporaryFolder.create("vicreg-ablate")) {
            Path file = folder.path().resolve("projection.onnx");
            Path last = RunExport.newest(run.folder).file();
            RunExport.exportProjection(run.folder, Side.A, last, Version.TEXT, file);
            try (EmbeddingModel model = open(file, config)) {
                return Spread.of(
                        embed(SampleForms.of(test), model, test, index -> 0).encoder());
            }
        }
    }

    private static EmbeddingModel open(Path encoder, TrainingConfig config) throws IOException {
        return EmbeddingModel.load(encoder, Device.CPU, config.machine().threads());
    }

    private static <S, R> LabelledVectors<R> embed(
            SampleForm<S, R> form, EmbeddingModel model, Dataset<?> data, IntUnaryOperator label) throws IOException {
        return LabelledVectors.of(form, form.kind().require(data), label, List.of(model), done -> {});
    }
}

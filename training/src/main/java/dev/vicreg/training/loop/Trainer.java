package dev.vicreg.training.loop;

import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.bench.StepProfile;
import dev.vicreg.training.config.LengthConfig;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.config.UpdateConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.finding.Finding;
import dev.vicreg.training.optim.Schedule;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.Host;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.session.Execution;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import dev.vicreg.training.step.lowering.Lowering;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One training run: two views of every sample of a batch, one step of the graph, a line of metrics, now and
 * then a checkpoint. Where pictures grow, the graph is written anew for each size, and what was learnt goes on.
 *
 * <p>A run that is stopped and resumed gives the same numbers as one that is not, bit for bit on the same machine with
 * the same number of threads. Not thread-safe.
 */
public final class Trainer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Trainer.class);

    private final RunFolder folder;
    private final RunConfig config;
    private final List<PairedData> data; // of each stage
    private final List<Stage> stages;
    private final List<Long> ends; // of each
    private final Closeable owned; // what is closed with it
    private final RunFolder.Saved start;

    /** Observes a run; called on the training thread. */
    public interface Listener {
        /** After every step. */
        void step(Metrics.Line line, long totalSteps);

        /** After the encoder was measured, as it is after {@code step} steps. */
        default void measured(long step, Map<String, Double> figures) {}

        /** After the network was looked into, as it is after {@code step} steps: finite figures by name. */
        default void probed(long step, Map<String, Float> figures) {}

        /** After a step's line, or before the first one, where something was found. */
        default void found(Finding finding) {}

        /** After a checkpoint was saved. */
        void saved(RunFolder.Saved saved);
    }

    /**
     * How a run ended.
     *
     * @param last the newest checkpoint
     * @param finished whether all steps were done; false if it was stopped
     * @param waited share of the time that steps waited for views, 0 to 1
     * @param seconds of this part of the run
     */
    public record Outcome(RunFolder.Saved last, boolean finished, double waited, double seconds) {}

    private Trainer(
            RunFolder folder,
            RunConfig config,
            List<PairedData> data,
            List<Stage> stages,
            List<Long> ends,
            Closeable owned,
            RunFolder.Saved start) {
        this.folder = folder;
        this.config = config;
        this.data = data;
        this.stages = stages;
        this.ends = ends;
        this.owned = owned;
        this.start = start;
    }

    /**
     * Prepares a new run: opens the data, writes config.json and the artifacts into {@code root}. After a failure the
     * folder is as empty as it was.
     *
     * @param origins where each option's value came from, by its name, for config.json
     * @param version of this project, for config.json
     * @param datasets has data open or opens them; the caller closes it after this
     * @throws IllegalArgumentException if settings do not fit each other or the data
     * @throws IOException if the data cannot be read, or the folder is not empty or cannot be written
     * @throws IllegalStateException if settings are strict and part of the step would leave the GPU
     */
    public static Trainer start(
            TrainingConfig settings, Map<String, String> origins, Path root, String version, Datasets datasets)
            throws IOException {
        return start(settings, origins, root, version, datasets, () -> {});
    }

    /** The same with data that are opened for this run alone. */
    public static Trainer start(TrainingConfig settings, Path root, String version) throws IOException {
        Datasets datasets = new Datasets();
        return start(settings, Map.of(), root, version, datasets, datasets);
    }

    private static Trainer start(
            TrainingConfig settings,
            Map<String, String> origins,
            Path root,
            String version,
            Datasets datasets,
            Closeable owned)
            throws IOException {
        RunFolder folder = null;
        try {
            List<Stage> stages = Stage.of(settings);
            Lowering lowering = lowering(settings); // finds out now if the device is missing
            execution(settings).require(stages.get(0).step());
            List<PairedData> all = data(stages, datasets);
            PairedData data = all.get(0);
            long stepsPerEpoch = stepsPerEpoch(settings, data);
            settings.schedule().over(stepsPerEpoch);
            List<Long> ends = Stage.ends(settings, stepsPerEpoch);
            if (OrtSessions.resolve(settings.computeDevice()).kind() == Device.Kind.CPU) {
                for (Stage stage : stages) {
                    StepMemory.require(
                            stage.built(),
                            stage.settings().graph(),
                            settings.machine().recompute(),
                            StepMemory.ofThisMachine());
                }
            }
            folder = RunFolder.create(root);
            RunConfig config = new RunConfig(
                    version,
                    NativeLibraries.load().version(),
                    data.fingerprint(),
                    data.size(),
                    settings,
                    origins,
                    Host.describe(OrtSessions.resolve(settings.computeDevice()).toString()));
            RunLayout layout = new RunLayout(root);
            Stage first = stages.get(Stage.at(0, ends)); // a size that lasts less than half a step is left out
            Map<String, Tensor> state = first.built().initialState(settings.seed());
            Artifacts artifacts = Artifacts.write(layout.artifacts(), first.built(), state, lowering);
            if (settings.output().evalEvery() > 0) {
                artifacts.writeTrainingModel(first.step(), lowering);
            }
            if (stages.size() > 1) { // exports are of the last size at any time
                artifacts.writeEvalModel(last(stages).built());
            }
            for (Side side : settings.graph().sides()) {
                settings.graph().branch(side).copyTo(layout.original(side));
            }
            requireKernels(first, artifacts);
            config.write(folder.config());
            return new Trainer(
                    folder, config, all, stages, ends, owned, new RunFolder.Saved(0, artifacts.checkpoint()));
        } catch (Throwable e) { // whatever it is, and thrown on
            abandon(folder, owned, e);
            throw e;
        }
    }

    /**
     * Prepares to go on with the run in {@code root}.
     *
     * @param given settings as the run's, but for where it runs and how long it is: from here on rates are those of a run
     *     of that length
     * @param from the step to go on from, of which there is a checkpoint, or 0 for the run's start; null for the newest
     *     checkpoint that is not damaged
     * @param datasets has data open or opens them; the caller closes it after this
     * @throws IllegalArgumentException if settings or data differ from the run's: says which
     * @throws IOException if there is no run, it is in use, or no checkpoint to go on from is left
     */
    public static Trainer resume(TrainingConfig given, Path root, @Nullable Long from, Datasets datasets)
            throws IOException {
        return resume(given, root, from, datasets, () -> {});
    }

    /** The same from the newest checkpoint, with data that are opened for this run alone. */
    public static Trainer resume(TrainingConfig given, Path root) throws IOException {
        Datasets datasets = new Datasets();
        return resume(given, root, null, datasets, datasets);
    }

    private static Trainer resume(
            TrainingConfig given, Path root, @Nullable Long from, Datasets datasets, Closeable owned)
            throws IOException {
        RunFolder folder = RunFolder.reopen(root);
        try {
            RunConfig config = RunConfig.read(folder.config());
            RunLayout layout = new RunLayout(root);
            TrainingConfig asked =
                    given.with(given.graph().adopting(config.settings().graph(), layout::original));
            List<String> differences = RunConfig.differences(config.settings(), asked);
            if (!differences.isEmpty()) {
                throw new SettingException("Cannot resume " + root + " with other settings: "
                        + String.join("; ", differences) + "; leave them out or start a new run");
            }
            TrainingConfig settings = asked.with(asked.graph().from(layout::original));
            List<Stage> stages = Stage.of(settings);
            List<PairedData> all = data(stages, datasets);
            PairedData data = all.get(0);
            if (!data.fingerprint().equals(config.dataFingerprint())) {
                throw new SettingException("Cannot resume " + root + ": the data in "
                        + settings.data().data()
                        + " changed since the run started (" + config.dataSize() + " " + data.noun() + " then, "
                        + data.size()
                        + " now); restore them or start a new run");
            }
            List<Long> ends = Stage.ends(settings, stepsPerEpoch(settings, data));
            folder.artifacts().writeEvalModel(last(stages).built());
            RunFolder.Saved last = lastState(folder, from);
            folder.goOnFrom(last.step());
            requireNotShorter(settings, root, last(ends), last.step());
            Stage stage = stages.get(Stage.at(last.step(), ends));
            execution(settings).require(stage.step());
            folder.artifacts().writeTrainingModel(stage.step(), lowering(settings));
            Path checkpoint = inPrecision(last.file(), stage.built(), layout.resumedCheckpoint());
            Artifacts models = folder.artifacts();
            requireKernels(stage, new Artifacts(models.trainingModel(), models.evalModel(), checkpoint));
            TrainingConfig recorded = config.settings().goingOnAs(settings);
            if (!recorded.equals(config.settings())) {
                config.with(recorded).write(folder.config());
            }
            return new Trainer(
                    folder,
                    config.with(settings),
                    all,
                    stages,
                    ends,
                    owned,
                    new RunFolder.Saved(last.step(), checkpoint));
        } catch (Throwable e) { // whatever it is, and thrown on
            release(folder, owned, e);
            throw e;
        }
    }

    /** What the run goes on from. */
    private static RunFolder.Saved lastState(RunFolder folder, @Nullable Long from) throws IOException {
        RunFolder.Saved start = new RunFolder.Saved(0, folder.artifacts().checkpoint());
        List<RunFolder.Saved> saved = folder.saved();
        if (from != null) {
            List<RunFolder.Saved> all = new ArrayList<>(List.of(start));
            all.addAll(saved);
            RunFolder.Saved chosen = all.stream()
                    .filter(each -> each.step() == from)
                    .findFirst()
                    .orElseThrow(() -> new SettingException("`from`: run " + folder.root()
                            + " has no checkpoint of step " + from + ", only of " + steps(all)));
            Optional<String> damage = RunFolder.damage(chosen);
            if (damage.isPresent()) {
                throw new IOException("Checkpoint " + chosen.file() + " is damaged: " + damage.get()
                        + "; choose another one of " + steps(all) + " by `from`");
            }
            return chosen;
        }
        List<String> damages = new ArrayList<>();
        for (int i = saved.size() - 1; i >= 0; i--) {
            RunFolder.Saved each = saved.get(i);
            Optional<String> damage = RunFolder.damage(each);
            if (damage.isEmpty()) {
                damages.forEach(damaged -> log.warn("{}; going on from step {}", damaged, each.step()));
                return each;
            }
            damages.add("Checkpoint " + each.file() + " is damaged: " + damage.get());
        }
        if (!damages.isEmpty()) {
            throw new IOException(
                    damages.get(0) + "; no other checkpoint is left, and `from` step-0 begins the run again");
        }
        return start;
    }

    private static void requireNotShorter(TrainingConfig settings, Path root, long total, long done) {
        if (total < done) {
            LengthConfig length = settings.schedule().length();
            String option = length.steps() > 0 ? "`steps` " + length.steps() : "`epochs` " + length.epochs();
            throw new SettingException("Cannot resume " + root + " with " + option + ": the run would have " + total
                    + " steps, and " + done + " are done; give more, or leave it out");
        }
    }

    private static String steps(List<RunFolder.Saved> saved) {
        return saved.stream().map(each -> "step-" + each.step()).collect(Collectors.joining(", "));
    }

    /**
     * The checkpoint, or where it is of another precision a copy in this one: loss scaling then starts from its beginning, or
     * is left out. All else is float32 in every precision.
     *
     * @param copy where the copy goes
     */
    static Path inPrecision(Path checkpoint, TrainingGraph.Built built, Path copy) throws IOException {
        Map<String, Tensor> state = CheckpointFile.read(checkpoint);
        if (state.keySet().equals(built.stateNames())) {
            return checkpoint;
        }
        Map<String, Tensor> adapted = new LinkedHashMap<>(state);
        adapted.keySet().removeAll(LossScaling.entries());
        LossScaling scaling = built.scaling();
        if (scaling != null) {
            adapted.putAll(scaling.initialState());
        }
        if (!adapted.keySet().equals(built.stateNames())) {
            throw new IOException("Checkpoint " + checkpoint + " holds other parameters than this run's network:"
                    + " go on from an earlier one, by `from` step-N");
        }
        CheckpointFile.write(copy, adapted);
        return copy;
    }

    /** On a GPU, tells what of a step leaves it, or refuses that if settings are strict. */
    private static void requireKernels(Stage stage, Artifacts artifacts) throws IOException {
        TrainingConfig settings = stage.settings();
        Device device = OrtSessions.resolve(settings.computeDevice());
        if (device.kind() != Device.Kind.CUDA) {
            return;
        }
        StepProfile profile = StepProfile.of(
                stage.built(),
                settings.graph(),
                artifacts,
                device,
                settings.machine().threads());
        profile.requireOn(device);
        if (profile.copies().isEmpty()) {
            log.info("{}: {}", device, profile.summary());
        } else {
            log.warn("The step doesn't stay on {}, which makes it slower: {}", device, profile.summary());
        }
    }

    /** How steps of the run are carried out. */
    static Execution execution(TrainingConfig settings) {
        MachineConfig machine = settings.machine();
        return new Execution(settings.computeDevice(), machine.threads(), machine.recompute(), machine.branches());
    }

    /** What steps of the run are written with, as one graph. */
    static Lowering lowering(TrainingConfig settings) {
        return execution(settings).lowering();
    }

    /** What each stage learns from: one set of samples, seen in different sizes. */
    private static List<PairedData> data(List<Stage> stages, Datasets datasets) throws IOException {
        List<PairedData> data = new ArrayList<>();
        for (Stage stage : stages) {
            data.add(TrainingData.open(stage.settings(), datasets));
        }
        return data;
    }

    private static <T> T last(List<T> list) {
        return list.get(list.size() - 1);
    }

    private static long stepsPerEpoch(TrainingConfig settings, PairedData data) {
        UpdateConfig update = settings.graph().update();
        update.requireBatch(data.size(), data.noun(), settings.data().data());
        return data.size() / update.batchSize();
    }

    /** The run's folder. */
    public RunFolder folder() {
        return folder;
    }

    /** The run's configuration. */
    public RunConfig config() {
        return config;
    }

    /** What the first views are of. */
    public Dataset<?> samples() {
        return data.get(0).a().origin();
    }

    /** Steps done before this part of the run. */
    public long startStep() {
        return start.step();
    }

    /** The learning rate of the next step. */
    public double rate() {
        Schedule schedule = config.settings().schedule().over(stepsPerEpoch(config.settings(), data.get(0)));
        return schedule.rate(Math.min(start.step(), totalSteps() - 1));
    }

    /** The last step of each size that pictures grow through, counted from 1; of other runs the last step alone. */
    public List<Long> stageEnds() {
        return ends;
    }

    /** Steps of the whole run. */
    public long totalSteps() {
        return last(ends);
    }

    /**
     * Trains to the end, or until {@code stop} answers true before the first step or after one; the state is saved
     * either way.
     *
     * @throws IOException if samples cannot be read or a checkpoint cannot be written
     * @throws IllegalStateException if the loss or what would be saved is no longer finite, or float16 overflows in every
     *     step: names the step and the last checkpoint
     */
    public Outcome train(Listener listener, BooleanSupplier stop) throws IOException, InterruptedException {
        return train(listener, null, vectors -> Map.of(), stop);
    }

    /**
     * The same, measured on the way as often as the settings say.
     *
     * @param online measures; null for nobody
     * @param measure of the vectors that are looked at on the way
     */
    public Outcome train(
            Listener listener, @Nullable OnlineEvaluation online, VectorMeasure measure, BooleanSupplier stop)
            throws IOException, InterruptedException {
        TrainingConfig settings = config.settings();
        long begin = System.nanoTime();
        FirstLook look = new FirstLook(settings, data.get(0), stepsPerEpoch(settings, data.get(0)), totalSteps());
        Past past = new Past(look.findings());
        try (Metrics metrics = Metrics.open(folder.metrics(), start.step(), past)) {
            TrainingLoop loop = new TrainingLoop(
                    folder,
                    settings,
                    stepsPerEpoch(settings, data.get(0)),
                    start,
                    metrics,
                    listener,
                    look,
                    past,
                    online,
                    measure,
                    stop);
            if (start.step() == 0) {
                loop.begin();
            }
            if (online != null && start.step() > 0) {
                online.restore(folder.online(start.step()));
            }
            int written = Stage.at(start.step(), ends); // the stage whose training model is in place
            while (!loop.isOver()) {
                int i = Stage.at(loop.last().step(), ends);
                Stage stage = stages.get(i);
                if (i != written) {
                    folder.artifacts().writeTrainingModel(stage.step(), lowering(settings));
                    written = i;
                }
                loop.run(stage, i, ends.get(i), data.get(i));
            }
            double seconds = (System.nanoTime() - begin) * 1e-9;
            return new Outcome(
                    loop.last(), loop.last().step() == totalSteps(), loop.secondsWaited() / seconds, seconds);
        }
    }

    /** Empties and closes what a run that could not start has opened; failures of that join the first one. */
    private static void abandon(@Nullable RunFolder folder, Closeable data, Throwable reason) {
        if (folder != null) {
            try {
                folder.clear();
            } catch (IOException | RuntimeException alsoFailed) {
                reason.addSuppressed(alsoFailed);
            }
        }
        release(folder, data, reason);
    }

    /** Closes what a run that could not go on has opened; failures of that join the first one. */
    private static void release(@Nullable RunFolder folder, Closeable data, Throwable reason) {
        try {
            close(folder, data);
        } catch (IOException | RuntimeException alsoFailed) {
            reason.addSuppressed(alsoFailed);
        }
    }

    private static void close(@Nullable RunFolder folder, Closeable data) throws IOException {
        try (folder;
                data) {
            return; // both closed, whatever the first does
        }
    }

    /** Lets go of the folder, and closes data that were opened for this run alone. */
    @Override
    public void close() throws IOException {
        close(folder, owned);
    }
}

package dev.vicreg.training.loop;

import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.OutputConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.pair.PairBatch;
import dev.vicreg.training.data.pair.PairLoader;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.finding.Fault;
import dev.vicreg.training.finding.Finding;
import dev.vicreg.training.finding.Findings;
import dev.vicreg.training.optim.Schedule;
import dev.vicreg.training.run.BestCheckpoint;
import dev.vicreg.training.run.CheckpointFile;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.StepRun;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.LossScaling;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The steps of one part of a run, from a checkpoint to the end or to a stop. Not thread-safe. */
final class TrainingLoop {
    /** Steps that float16 may overflow in a row once the loss scale can't fall any further. */
    private static final int MOST_SKIPPED = 50;

    /** How often a run goes back. */
    private static final int MOST_ROLLBACKS = 3;

    private static final List<String> ORDINALS = List.of("first", "second", "third");
    /** What the rate is multiplied by each time. */
    private static final double ROLLBACK_FACTOR = 0.5;

    /** Evidence of a finding by which a run went back: what the rates of the schedule are multiplied by since. */
    private static final String RATE_FACTOR = "rate_factor";

    /** Likewise: the step that it went back to. */
    private static final String BACK_TO = "back_to";

    private static final Logger log = LoggerFactory.getLogger(TrainingLoop.class);

    private final RunFolder folder;
    private final TrainingConfig settings;
    private final Metrics metrics;
    private final Trainer.Listener listener;
    private final FirstLook look;
    private final long stepsPerEpoch;
    private Findings findings;
    private int rollbacks;
    private long wentBackTo; // the last time; -1 for never
    private final @Nullable OnlineEvaluation online;
    private final VectorMeasure measure;
    private final BooleanSupplier stop;
    private final Set<String> neverFinite; // of what the run started from, such as a mask of an imported network
    private final Schedule schedule;
    private final long every; // steps between checkpoints
    private final long total;
    private RunFolder.Saved last;
    private @Nullable BestCheckpoint best;
    private @Nullable Probe probe; // of the stage at hand
    private boolean stopped;
    private @Nullable Finding failure; // with which the run is to end
    private double waited; // seconds

    /**
     * Asks {@code stop} once.
     *
     * @param last what the part goes on from
     * @param look at the run before its first step
     * @param past what the run has written so far
     * @param online measures the encoder, where the settings want that; null for nobody
     * @param measure of vectors that are looked at
     */
    TrainingLoop(
            RunFolder folder,
            TrainingConfig settings,
            long stepsPerEpoch,
            RunFolder.Saved last,
            Metrics metrics,
            Trainer.Listener listener,
            FirstLook look,
            Past past,
            @Nullable OnlineEvaluation online,
            VectorMeasure measure,
            BooleanSupplier stop)
            throws IOException {
        this.folder = folder;
        this.settings = settings;
        this.metrics = metrics;
        this.listener = listener;
        this.look = look;
        this.stepsPerEpoch = stepsPerEpoch;
        findings = past.findings();
        rollbacks = Math.round((float) (Math.log(past.lastNotFinite(RATE_FACTOR, 1)) / Math.log(ROLLBACK_FACTOR)));
        wentBackTo = (long) past.lastNotFinite(BACK_TO, -1);
        this.online = settings.output().evalEvery() == 0 ? null : online;
        this.measure = measure;
        this.stop = stop;
        this.last = last;
        neverFinite = CheckpointFile.notFinite(folder.artifacts().checkpoint());
        schedule = settings.schedule().over(stepsPerEpoch);
        total = settings.schedule().totalSteps(stepsPerEpoch);
        long asked = settings.output().checkpointEvery();
        every = asked == 0 ? stepsPerEpoch : asked;
        best = best(folder, settings, last);
        stopped = stop.getAsBoolean(); // before the first step too: from now on a signal waits for us
    }

    /** The best state up to the last one, by the measure that is chosen now. */
    private static @Nullable BestCheckpoint best(RunFolder folder, TrainingConfig settings, RunFolder.Saved last)
            throws IOException {
        return BestCheckpoint.of(folder.root())
                .filter(known -> known.step() <= last.step()
                        && known.measure().equals(settings.output().keepBest()))
                .orElse(null);
    }

    /** The newest checkpoint. */
    RunFolder.Saved last() {
        return last;
    }

    /** Whether no step is left to do, or none is to be done. */
    boolean isOver() {
        return stopped || last.step() >= total;
    }

    /** Seconds that steps waited for views. */
    double secondsWaited() {
        return waited;
    }

    /**
     * Trains to the end of a stage, whose training model is in place, or until it is to stop; what that gave is saved. Where
     * its numbers go wrong and the settings want it, it goes back to the last checkpoint instead and returns.
     *
     * @param end the stage's last step, counted from 1
     * @throws IllegalStateException if numbers go wrong otherwise; the step is then kept as an {@link Incident}
     */
    void run(Stage stage, int place, long end, PairedData data) throws IOException, InterruptedException {
        try {
            steps(stage, end, data);
        } catch (Spoilt e) {
            String origin = kept(e, stage, place, data);
            OutputConfig output = settings.output();
            boolean fatal = Fault.Names.include(output.failOn(), Fault.NOT_FINITE);
            if (!output.rollsBack() || fatal || rollbacks == MOST_ROLLBACKS) {
                String way = output.rollsBack() || fatal ? "" : "; `on-nan` rollback goes on at half the rate instead";
                metrics.write(epoch(e.step), new Finding(Fault.NOT_FINITE, e.step, e.step, Map.of(), origin + way));
                String tries = rollbacks == 0 ? "" : "; it was rolled back " + rollbacks + " times before";
                throw new IllegalStateException(e.getMessage() + tries + "; " + origin + way, e);
            }
            rollBack(e, stage, origin);
        }
    }

    private PairLoader loader(Stage stage, PairedData data) {
        GraphConfig graph = stage.settings().graph();
        return new PairLoader(
                data.a(),
                data.b(),
                graph.multiView().of(Side.A),
                graph.multiView().of(Side.B),
                graph.update().batchSize(),
                settings.seed(),
                settings.machine().workers(),
                last.step());
    }

    private TrainingSession session(Stage stage) throws IOException {
        return TrainingSession.open(
                stage.step(),
                stage.built().signature(),
                last.file(),
                folder.artifacts().trainingModel(),
                Trainer.execution(settings));
    }

    private void steps(Stage stage, long end, PairedData data) throws IOException, InterruptedException {
        try (PairLoader loader = loader(stage, data);
                TrainingSession session = session(stage)) {
            long step = last.step();
            while (step < end && !stopped) {
                try (Snapshot state = new Snapshot(session::save, folder.config())) {
                    TrainingSession.Losses losses = step(++step, loader, session, data, stage, state);
                    boolean isBest = isMeasured(step) && isBest(step, measure(step, losses, state));
                    Finding fatal = failure;
                    if (isBest || step % every == 0 || step == end || stopped || fatal != null) {
                        save(step, losses, state, stage.built().signature().state(), isBest);
                    }
                    if (fatal != null) {
                        throw failed(fatal);
                    }
                }
            }
            waited += loader.secondsWaited();
        } finally {
            if (probe != null) {
                probe.close();
                probe = null;
            }
        }
    }

    /** What a step is fed besides its views. */
    private StepNumbers numbers(long step) {
        return new StepNumbers((float) rate(step), step - 1, total, settings.seed());
    }

    private double rate(long step) {
        return schedule.rate(step - 1) * Math.pow(ROLLBACK_FACTOR, rollbacks);
    }

    /** Numbers have gone wrong in a step. */
    private static final class Spoilt extends IllegalStateException {
        private static final long serialVersionUID = 1;

        final long step;

        Spoilt(long step, String message) {
            super(message);
            this.step = step;
        }
    }

    /** Keeps the step, and tells in words where it went wrong and where that is kept; or why it isn't. */
    private String kept(Spoilt e, Stage stage, int place, PairedData data) throws InterruptedException {
        if (e.step > last.step() + 1) {
            log.warn(
                    "step {} gave numbers that aren't finite; steps {} to {} are done again, to know the parameters before it",
                    e.step,
                    last.step() + 1,
                    e.step - 1);
        }
        try {
            Incident incident = incident(e, stage, place, data);
            if (incident == null) {
                return "it was not kept, since the run was told to stop meanwhile";
            }
            return incident.keep(folder.root(), stage, e);
        } catch (IOException | RuntimeException | OutOfMemoryError failed) { // what went wrong first is what matters
            e.addSuppressed(failed);
            return "the step could not be kept: " + failed.getMessage();
        }
    }

    /** The step with the parameters before it, worked out from the last checkpoint; null if it is to stop meanwhile. */
    private @Nullable Incident incident(Spoilt e, Stage stage, int place, PairedData data)
            throws IOException, InterruptedException {
        try (TemporaryFolder here = TemporaryFolder.beside(folder.config());
                PairLoader loader = loader(stage, data);
                TrainingSession session = session(stage)) {
            Path state = here.path().resolve("checkpoint");
            Incident before = null;
            for (long step = last.step() + 1; step < e.step; step++) {
                if (stop.getAsBoolean()) {
                    return null;
                }
                PairBatch batch = loader.next();
                if (step == e.step - 1) { // which may be the one that spoilt parameters, with a loss that was good
                    session.save(state);
                    before = incident(step, place, e, state, batch, data);
                }
                session.step(batch.viewA(), batch.viewB(), numbers(step));
            }
            session.save(state);
            Set<String> spoilt = CheckpointFile.notFinite(state);
            spoilt.removeAll(neverFinite);
            return before != null && !spoilt.isEmpty()
                    ? before
                    : incident(e.step, place, e, state, loader.next(), data);
        }
    }

    private Incident incident(long step, int place, Spoilt e, Path state, PairBatch batch, PairedData data)
            throws IOException {
        return new Incident(
                step,
                place,
                last.step(),
                String.valueOf(e.getMessage()),
                Arrays.stream(batch.indices()).mapToObj(data::name).toList(),
                new StepRun.Given(
                        CheckpointFile.read(state),
                        Incident.copy(batch.viewA()),
                        Incident.copy(batch.viewB()),
                        numbers(step)));
    }

    /**
     * Goes on from the last checkpoint, as if nothing had been after it but that it goes on at half the rate; from the one
     * before where it went back to the last one before, to no avail.
     */
    private void rollBack(Spoilt e, Stage stage, String origin) throws IOException {
        rollbacks++;
        if (last.step() == wentBackTo) {
            last = before(last.step(), stage);
        }
        wentBackTo = last.step();
        folder.goOnFrom(last.step());
        Past past = new Past(look.findings());
        metrics.goBackTo(last.step(), past);
        findings = past.findings();
        if (online != null) {
            online.restore(last.step() == 0 ? Map.of() : folder.online(last.step()));
        }
        Map<String, Float> evidence = new LinkedHashMap<>();
        evidence.put("failed_step", (float) e.step);
        evidence.put(BACK_TO, (float) last.step());
        evidence.put(RATE_FACTOR, (float) Math.pow(ROLLBACK_FACTOR, rollbacks));
        String went =
                "rolled back for the " + ORDINALS.get(rollbacks - 1) + " time of " + MOST_ROLLBACKS + "; " + origin;
        tell(List.of(new Finding(Fault.NOT_FINITE, last.step(), e.step, evidence, went)), epoch(last.step()));
        metrics.sync();
        folder.deleteLeft(); // a run that is killed now must not go on from what failed twice
        best = best(folder, settings, last);
    }

    /** The newest sound checkpoint of an earlier step, or the run's start; in the precision of now. */
    private RunFolder.Saved before(long step, Stage stage) throws IOException {
        RunFolder.Saved before = folder.saved().stream()
                .filter(each -> each.step() < step && RunFolder.damage(each).isEmpty())
                .reduce((older, newer) -> newer)
                .orElse(new RunFolder.Saved(0, folder.artifacts().checkpoint()));
        Path copy = new RunLayout(folder.root()).resumedCheckpoint();
        return new RunFolder.Saved(before.step(), Trainer.inPrecision(before.file(), stage.built(), copy));
    }

    private int epoch(long step) {
        return Math.toIntExact(Math.max(0, step - 1) / stepsPerEpoch) + 1;
    }

    /** @param step counted from 1 */
    private TrainingSession.Losses step(
            long step, PairLoader loader, TrainingSession session, PairedData data, Stage stage, Snapshot state)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        PairBatch batch = loader.next();
        TrainingSession.Losses losses = session.step(batch.viewA(), batch.viewB(), numbers(step));
        requireProgress(losses, step, batch, data);
        double seconds = (System.nanoTime() - start) * 1e-9;
        TrainingSession.Scaling scaling = losses.scaling();
        Metrics.Line line = new Metrics.Line(
                batch.epoch() + 1,
                step,
                losses.loss(),
                losses.terms(),
                rate(step),
                settings.graph().update().batchSize() / seconds,
                scaling == null ? null : scaling.scale(),
                scaling == null ? null : scaling.skipped());
        metrics.write(line);
        if (online != null) {
            float[][] first = Arrays.copyOf(session.representations(), batch.indices().length); // of several views
            online.see(Arrays.stream(batch.indices()).map(data.a()::place).toArray(), first);
        }
        listener.step(line, total);
        tell(findings.see(step, line.values()), batch.epoch() + 1);
        long probes = settings.output().probeEvery();
        if (probes > 0 && total >= probes && (step == 1 || step % probes == 0)) {
            look(step, batch, state, stage);
        }
        stopped = stop.getAsBoolean();
        return losses;
    }

    /** Looks into the network as it is after a step, and at what that says. */
    private void look(long step, PairBatch batch, Snapshot state, Stage stage) throws IOException {
        Probe its = probe;
        if (its == null) {
            its = Probe.of(stage.settings(), measure);
            probe = its;
        }
        Probe.Measured measured =
                its.measure(CheckpointFile.read(state.file()), batch, numbers(Math.min(step + 1, total)));
        int epoch = batch.epoch() + 1;
        metrics.writeProbe(epoch, step, measured.figures(), measured.rows());
        listener.probed(step, measured.figures());
        tell(findings.see(step, measured.figures()), epoch);
    }

    /**
     * Looks at what is known before the first step.
     *
     * @throws IllegalStateException if that is a finding with which the run is to end
     */
    void begin() throws IOException {
        tell(findings.see(0, look.values()), 1);
        if (failure != null) {
            throw failed(failure);
        }
    }

    private void tell(List<Finding> found, int epoch) throws IOException {
        for (Finding finding : found) {
            metrics.write(epoch, finding);
            listener.found(finding);
            if (failure == null && Fault.Names.include(settings.output().failOn(), finding.fault())) {
                failure = finding;
            }
        }
    }

    private IllegalStateException failed(Finding finding) {
        String when = finding.step() == 0 ? "before the first step" : "at step " + finding.step();
        return new IllegalStateException(finding.text() + ": stopped " + when + ", as `fail-on` asks"
                + (last.step() == 0 ? "" : ", and saved in " + last.file().getParent()) + "; try "
                + finding.fault().remedy() + ", or go on with `resume`");
    }

    private boolean isMeasured(long step) {
        return online != null && (step % settings.output().evalEvery() == 0 || step == total);
    }

    private Map<String, Double> measure(long step, TrainingSession.Losses losses, Snapshot state) throws IOException {
        requireFinite(state.file(), losses, step);
        Map<String, Double> figures = Objects.requireNonNull(online).measure(state.file());
        metrics.write(epoch(step), step, figures);
        listener.measured(step, figures);
        return figures;
    }

    /** Whether what was measured is better than all before, by the measure that was chosen; remembers it. */
    private boolean isBest(long step, Map<String, Double> figures) {
        String measure = settings.output().keepBest();
        Double value = measure == null ? null : figures.get(measure);
        if (measure == null
                || value == null
                || (best != null && !settings.output().isBetter(value, best.value()))) {
            return false;
        }
        best = new BestCheckpoint(step, measure, value);
        return true;
    }

    private void save(long step, TrainingSession.Losses losses, Snapshot state, Set<String> names, boolean isBest)
            throws IOException {
        metrics.sync();
        last = folder.save(
                step,
                file -> {
                    state.moveTo(file);
                    requireFinite(file, losses, step);
                },
                names,
                online == null ? Map.of() : online.state(),
                settings.output().keep(),
                isBest ? best : null);
        listener.saved(last);
    }

    /** Refuses what training has spoilt. */
    private void requireFinite(Path state, TrainingSession.Losses losses, long step) throws IOException {
        Set<String> spoilt = CheckpointFile.notFinite(state);
        spoilt.removeAll(neverFinite);
        if (!spoilt.isEmpty()) {
            throw new Spoilt(
                    step,
                    spoilt.iterator().next() + " is not finite after step " + step
                            + ", though the loss was (" + losses.inWords()
                            + "): stopped; the last good checkpoint is step " + last.step() + " in "
                            + last.file().getParent() + "; try a lower `lr` or a longer `warmup-epochs`");
        }
    }

    private void requireProgress(TrainingSession.Losses losses, long step, PairBatch batch, PairedData data) {
        TrainingSession.Scaling scaling = losses.scaling();
        if (scaling != null && scaling.isSkipped()) {
            requireHope(scaling, step);
        } else if (!losses.isFinite()) {
            throw notFinite(losses, step, batch, data, last);
        }
    }

    private void requireHope(TrainingSession.Scaling scaling, long step) {
        if (scaling.scale() <= LossScaling.SMALLEST && scaling.skippedInARow() >= MOST_SKIPPED) {
            throw new Spoilt(
                    step,
                    "float16 overflowed in " + scaling.skippedInARow()
                            + " steps in a row, up to step " + step + ", though the loss scale fell to "
                            + LossScaling.SMALLEST + ": stopped; the last checkpoint is step " + last.step() + " in "
                            + last.file().getParent()
                            + "; go on from it with `resume` and `precision` fp32, or start again with a lower `lr`");
        }
    }

    private static Spoilt notFinite(
            TrainingSession.Losses losses, long step, PairBatch batch, PairedData data, RunFolder.Saved last) {
        String files =
                Arrays.stream(batch.indices()).limit(8).mapToObj(data::name).collect(Collectors.joining(", "));
        return new Spoilt(
                step,
                "Loss is not finite at step " + step + " (" + losses.inWords() + "): stopped; the last"
                        + " good checkpoint is step " + last.step() + " in "
                        + last.file().getParent()
                        + "; try a lower `lr` or a longer `warmup-epochs`; the batch's files: " + files
                        + (batch.indices().length > 8 ? ", … " + batch.indices().length + " in all" : ""));
    }
}

package dev.vicreg.tools.command;

import dev.vicreg.export.RunExport;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Version;
import dev.vicreg.tools.evaluation.LabelledVectors;
import dev.vicreg.tools.evaluation.SampleForm;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.loop.StepMemory;
import dev.vicreg.training.loop.Trainer;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.run.RunLayout;
import dev.vicreg.training.step.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Short runs of small networks on the same data, several at a time in this process, each with the threads that its
 * configuration says. A run that was stopped goes on from its newest checkpoint.
 */
final class ParallelRuns {
    /** What a run takes at most with a network of the size that is affordable here. */
    private static final long BYTES_OF_A_RUN = 1L << 30;

    private final String task;
    private final Datasets datasets;
    private final Console console;
    private final AtomicInteger runsDone = new AtomicInteger();
    private final AtomicLong stepsDone = new AtomicLong();

    /**
     * Runs on data that are open.
     *
     * @param task what is being done, a word, for the progress
     */
    ParallelRuns(String task, Datasets datasets, Console console) {
        this.task = task;
        this.datasets = datasets;
        this.console = console;
    }

    /**
     * One run.
     *
     * @param measured whether nothing is left to do
     */
    record Planned(Path folder, TrainingConfig config, boolean measured) {
        RunLayout layout() {
            return new RunLayout(folder);
        }

        /** The encoder in a file of the run, on the CPU with the run's threads; the caller closes it. */
        EmbeddingModel open(Path encoder) throws IOException {
            return EmbeddingModel.load(encoder, Device.CPU, config.machine().threads());
        }

        private long steps(Dataset<?> data) {
            return config.schedule()
                    .totalSteps(data.size() / config.graph().update().batchSize());
        }

        /** The step that it goes on from. */
        private long saved() throws IOException {
            List<RunFolder.Saved> saved = RunFolder.saved(folder);
            return saved.isEmpty() ? 0 : saved.get(saved.size() - 1).step();
        }
    }

    /** What is asked of a run whose encoders, before and after, are exported. Called by several threads. */
    interface Measurement<T> {
        /** Measures the run at this place of the list, or tells what was measured before. */
        T of(int place) throws IOException;
    }

    /** How many runs fit at a time: those asked for, or of 0 as many as processors and memory allow. */
    static int parallel(int asked) {
        int fits = (int) Math.max(1, Math.min(1024, StepMemory.ofThisMachine() / BYTES_OF_A_RUN));
        return asked > 0 ? asked : Math.min(fits, Runtime.getRuntime().availableProcessors());
    }

    /**
     * What was measured of the runs that are complete, in their order: all, unless a signal came or {@code timeUp} says so.
     *
     * @param data that all are trained on
     */
    <T> List<T> results(
            List<Planned> runs, Dataset<?> data, int parallel, BooleanSupplier timeUp, Measurement<T> measurement)
            throws Exception {
        long steps = 0;
        for (Planned run : runs) {
            steps += run.steps(data);
            stepsDone.addAndGet(run.measured ? run.steps(data) : run.saved());
        }
        ExecutorService workers = Executors.newFixedThreadPool(parallel);
        try (Console.Hold hold = console.hold();
                Progress progress = new Progress(console, task, stepsDone.get(), steps)) {
            BooleanSupplier stop = () -> hold.isStopRequested() || timeUp.getAsBoolean();
            List<Future<@Nullable T>> futures = new ArrayList<>();
            for (int i = 0; i < runs.size(); i++) {
                int place = i;
                futures.add(workers.submit(() -> result(runs.get(place), place, measurement, progress, stop)));
            }
            List<T> results = new ArrayList<>();
            for (Future<@Nullable T> future : futures) {
                T result = future.get();
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

    /** That of a run; null if it was stopped. */
    private <T> @Nullable T result(
            Planned run, int place, Measurement<T> measurement, Progress progress, BooleanSupplier stop)
            throws Exception {
        if (!run.measured && (stop.getAsBoolean() || !trained(run, progress, stop))) {
            return null;
        }
        T result = measurement.of(place);
        runsDone.incrementAndGet();
        return result;
    }

    /** Trains to the end and exports; false if it was stopped. */
    private boolean trained(Planned run, Progress progress, BooleanSupplier stop) throws Exception {
        RunLayout layout = run.layout();
        Trainer trainer;
        synchronized (datasets) {
            trainer = Files.exists(layout.config())
                    ? Trainer.resume(run.config, run.folder, null, datasets)
                    : Trainer.start(run.config, Map.of(), run.folder, Version.TEXT, datasets);
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

    /** The samples as a model and nothing else sees them. */
    static <S, R> LabelledVectors<R> embed(
            SampleForm<S, R> form, EmbeddingModel model, Dataset<?> data, IntUnaryOperator label) throws IOException {
        return LabelledVectors.of(form, form.kind().require(data), label, List.of(model), done -> {});
    }
}

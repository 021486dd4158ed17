package dev.vicreg.training.loop;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.training.config.MachineConfig;
import dev.vicreg.training.config.PrecisionConfig;
import dev.vicreg.training.config.SupervisedConfig;
import dev.vicreg.training.data.pair.PairBatch;
import dev.vicreg.training.data.pair.PairLoader;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.optim.Schedule;
import dev.vicreg.training.run.RunFolder;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Training on labelled samples: one view of each sample of a batch, one step of the graph, and now and then a checkpoint,
 * at which somebody looks at what was learnt. From a checkpoint it goes on as if it had not stopped, bit for bit on the same
 * machine with the same number of threads.
 *
 * @param built the graphs, as {@link dev.vicreg.training.step.SupervisedGraph} makes them of {@code config}
 * @param views of the samples that are learnt from
 * @param targets what is to be said of each, [samples][outputs]; nobody writes into them afterwards
 * @param config resolved
 * @param seed of order and views
 * @param machine resolved
 */
public record SupervisedTraining(
        TrainingGraph.Built built,
        ViewSource views,
        float[][] targets,
        SupervisedConfig config,
        long seed,
        MachineConfig machine) {
    /** How often somebody looks, at most. */
    private static final int LOOKS = 20;

    /** Follows the training; called on its thread. */
    public interface Watch {
        /** After every step, counted from 1. */
        void step(long step, float loss);

        /**
         * After a checkpoint was saved at the end of an epoch.
         *
         * @return whether to go on
         */
        boolean look(RunFolder.Saved saved) throws IOException;

        /** After a checkpoint was saved since it is to stop. */
        void stopped(RunFolder.Saved saved) throws IOException;

        /** Whether it is to stop; asked after every step. */
        boolean isStopRequested();
    }

    /** The file of a checkpoint in a folder. */
    public static Path checkpoint(Path folder, long step) {
        return folder.resolve("step-%08d".formatted(step));
    }

    /** Where it computes. */
    public Device device() {
        return machine.computeDevice(PrecisionConfig.FLOAT32);
    }

    /** Steps of an epoch; samples that fill no batch at its end are left out. */
    public long stepsPerEpoch() {
        return targets.length / config.batchSize();
    }

    /** Steps from one look to the next. */
    public long stepsPerLook() {
        return stepsPerEpoch() * Math.max(1, (config.epochs() + LOOKS - 1) / LOOKS);
    }

    /** Steps of the whole training. */
    public long totalSteps() {
        return stepsPerEpoch() * config.epochs();
    }

    /**
     * Trains to the end, or until somebody says otherwise.
     *
     * @param model the training model, lowered for {@link #device} and the machine's threads
     * @param from what it goes on from
     * @param folder takes the checkpoints; who looks at them deletes them
     * @throws IOException if a sample cannot be read or a checkpoint cannot be written
     * @throws IllegalStateException if the loss is no longer finite
     */
    public void run(Path model, RunFolder.Saved from, Path folder, Watch watch)
            throws IOException, InterruptedException {
        Schedule schedule = config.schedule(totalSteps());
        long every = stepsPerLook();
        try (PairLoader loader =
                        new PairLoader(views, views, 1, 0, config.batchSize(), seed, machine.workers(), from.step());
                TrainingSession session =
                        TrainingSession.open(built.signature(), from.file(), model, device(), machine.threads())) {
            boolean goesOn = !watch.isStopRequested();
            for (long step = from.step() + 1; goesOn && step <= totalSteps(); step++) {
                PairBatch batch = loader.next();
                float loss = session.step(batch.viewA(), targets(batch), (float) schedule.rate(step - 1))
                        .loss();
                requireFinite(loss, step);
                watch.step(step, loss);
                if (step % every == 0 || step == totalSteps()) {
                    goesOn = watch.look(save(session, folder, step)) && !watch.isStopRequested();
                } else if (watch.isStopRequested()) {
                    watch.stopped(save(session, folder, step));
                    goesOn = false;
                }
            }
        }
    }

    private Tensor targets(PairBatch batch) {
        int outputs = targets[0].length;
        float[] values = new float[batch.indices().length * outputs];
        for (int row = 0; row < batch.indices().length; row++) {
            System.arraycopy(targets[batch.indices()[row]], 0, values, row * outputs, outputs);
        }
        return Tensor.of(Shape.of(batch.indices().length, outputs), values);
    }

    private void requireFinite(float loss, long step) {
        if (!Float.isFinite(loss)) {
            throw new IllegalStateException("Loss is not finite at step " + step + " (" + loss
                    + "): stopped; try a lower `encoder-lr` and `head-lr`");
        }
    }

    private static RunFolder.Saved save(TrainingSession session, Path folder, long step) throws IOException {
        Path target = checkpoint(folder, step);
        Path temporary = AtomicFile.temporaryName(target);
        session.save(temporary);
        AtomicFile.sync(temporary);
        AtomicFile.move(Map.of(target, temporary));
        return new RunFolder.Saved(step, target);
    }
}

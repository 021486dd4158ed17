package dev.vicreg.training.bench;

import ai.onnxruntime.OrtException;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.run.Artifacts;
import dev.vicreg.training.session.StepNumbers;
import dev.vicreg.training.session.TrainingSession;
import dev.vicreg.training.step.Side;
import dev.vicreg.training.step.TrainingGraph;
import java.io.IOException;
import java.util.function.IntConsumer;

/** Tries what was written for others to train: both models are opened, and one step is done on made-up views. */
public final class StepTrial {
    /** What is done: the evaluation model opened, the training model opened, a step. */
    public static final int PARTS = 3;

    private static final float RATE = 1e-3f;

    /**
     * What came of it.
     *
     * @param losses of the step
     * @param seconds that the step took
     */
    public record Result(TrainingSession.Losses losses, double seconds) {}

    private StepTrial() {}

    /**
     * Opens and steps; the files stay as they are.
     *
     * @param done told how many of the {@link #PARTS} are
     * @throws IOException if ONNX Runtime doesn't open a model: says why
     * @throws IllegalStateException if the step fails
     */
    public static Result run(
            Artifacts artifacts,
            TrainingGraph.Built built,
            GraphConfig config,
            Device device,
            int threads,
            IntConsumer done)
            throws IOException {
        try {
            OrtSessions.open(artifacts.evalModel(), device, threads).close();
        } catch (OrtException e) {
            throw new IllegalStateException("Cannot close a session: " + OrtSessions.firstLine(e), e);
        }
        done.accept(1);
        try (TrainingSession session = TrainingSession.open(
                built.signature(), artifacts.checkpoint(), artifacts.trainingModel(), device, threads)) {
            done.accept(2);
            long start = System.nanoTime();
            TrainingSession.Losses losses = session.step(
                    StepBenchmark.randomViews(built, Side.A, config),
                    StepBenchmark.randomViews(built, Side.B, config),
                    new StepNumbers(RATE));
            done.accept(PARTS);
            return new Result(losses, (System.nanoTime() - start) * 1e-9);
        }
    }
}

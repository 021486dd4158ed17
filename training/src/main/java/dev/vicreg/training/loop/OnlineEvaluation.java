package dev.vicreg.training.loop;

import dev.vicreg.models.graph.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What is measured of an encoder while it is trained. The run shows what it makes of its samples; nothing comes back, and
 * labels, if there are any, are known to nobody else. All is called on the training thread.
 */
public interface OnlineEvaluation {
    /**
     * Sees a step's representations, such as to fit a probe to them.
     *
     * @param indices places of the batch's samples in {@link Trainer#samples}, [B]
     * @param representations of their first views, before the step's update, [B][D]; may be kept
     */
    void see(int[] indices, float[][] representations);

    /**
     * Figures of the encoder as it is now, finite numbers by name in snake case; those that it doesn't have are left out.
     *
     * @param checkpoint holds its state; gone once this returns
     * @throws IOException if the samples that it is measured on cannot be read
     */
    Map<String, Double> measure(Path checkpoint) throws IOException;

    /** All that {@link #see} has left here, by name, for the run's checkpoints; empty where that is nothing. */
    Map<String, Tensor> state();

    /**
     * Goes on from a state that {@link #state} gave.
     *
     * @param state empty where the run has none, since nothing was measured up to there
     */
    void restore(Map<String, Tensor> state);
}

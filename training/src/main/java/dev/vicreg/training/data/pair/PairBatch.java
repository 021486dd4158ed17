package dev.vicreg.training.data.pair;

import dev.vicreg.training.data.view.ViewBatch;

/**
 * Two views of each of B samples. Valid until the loader is asked for the next batch, which reuses the buffers.
 *
 * @param step counted from the start of the run, 0 for the first
 * @param epoch counted from 0
 * @param indices of the samples in the data set, [B]
 * @param viewA in the order of the indices
 * @param viewB likewise; row i shows the same sample as row i of view a
 */
public record PairBatch(long step, int epoch, int[] indices, ViewBatch viewA, ViewBatch viewB) {}

package dev.vicreg.training.data.pair;

import dev.vicreg.training.data.view.ViewBatch;

/**
 * Views of each of B samples, of two sides. Valid until the loader is asked for the next batch, which reuses the buffers.
 *
 * @param step counted from the start of the run, 0 for the first
 * @param epoch counted from 0
 * @param indices of the samples in the data set, [B]
 * @param viewA of each sample in the order of the indices; of several views a side the first of all samples, then the second
 * @param viewB likewise; row i shows the same sample as row i of view a, and as rows i + B, i + 2B and so on of both
 */
public record PairBatch(long step, int epoch, int[] indices, ViewBatch viewA, ViewBatch viewB) {}

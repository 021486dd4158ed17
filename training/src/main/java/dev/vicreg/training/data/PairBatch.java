package dev.vicreg.training.data;

import java.nio.ByteBuffer;

/**
 * Two views of each of B samples. Valid until the loader is asked for the next batch, which reuses the buffers.
 *
 * @param step counted from the start of the run, 0 for the first
 * @param epoch counted from 0
 * @param indices of the samples in the data set, [B]
 * @param viewA direct, [B, size, size, 3], 0–255 unsigned, position 0, limit at the end
 * @param viewB likewise; row i shows the same sample as row i of view a
 */
public record PairBatch(long step, int epoch, int[] indices, ByteBuffer viewA, ByteBuffer viewB) {}

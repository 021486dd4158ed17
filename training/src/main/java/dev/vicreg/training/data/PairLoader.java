package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Pairs of views in batches, made ahead of need by worker threads.
 *
 * <p>Step s belongs to epoch s / {@link #stepsPerEpoch}. Every epoch visits the samples in an order of its own; those
 * that do not fill a batch at its end are left out. Order and views depend on (seed, epoch, index, view) alone, so
 * neither the number of workers nor the step that a loader starts at changes a byte of any batch.
 *
 * <p>A picture that cannot be decoded is replaced by the next one of the set that can; it is named in the log once, and
 * more than 1 % of such pictures are an error. (Smaller sets were cleared of them when they were opened.)
 *
 * <p>Work is handed out in chunks of a batch rather than in batches, so that the first batch too is made by all workers.
 * One thread calls {@link #next}; {@link #close} may be called by any.
 */
public final class PairLoader implements AutoCloseable {
    /** One in use, two ready or being made. */
    private static final int SLOTS = 3;

    private static final int CHUNK = 8;

    private final PictureDataset dataset;
    private final Augmentation augmentation;
    private final int imageSize;
    private final int batchSize;
    private final long seed;
    private final int chunks; // in a batch
    private final EpochOrder order;
    private final Undecodable undecodable;
    private final ByteBuffer[] buffersA = new ByteBuffer[SLOTS];
    private final ByteBuffer[] buffersB = new ByteBuffer[SLOTS];
    private final List<Thread> threads = new ArrayList<>();

    // Guarded by this, but for reads of closed. Step s lives in slot s % SLOTS.
    private final @Nullable PairBatch[] slots = new PairBatch[SLOTS];
    private final int[] chunksDone = new int[SLOTS];
    private long nextStep; // of the next chunk to be made
    private int nextChunk;
    private long consumed; // first step that the caller has not asked for
    private @Nullable Throwable failure;
    private volatile boolean closed;
    private long nanosWaited;

    /**
     * Starts the workers.
     *
     * @param imageSize side of the views, in pixels
     * @param workers threads, at least 1
     * @param firstStep where to start, 0 for a new run
     * @throws IllegalArgumentException if the set holds fewer pictures than a batch, or a number is out of range
     */
    public PairLoader(
            PictureDataset dataset,
            Augmentation augmentation,
            int imageSize,
            int batchSize,
            long seed,
            int workers,
            long firstStep) {
        check(dataset, augmentation, imageSize, batchSize, workers, firstStep);
        this.dataset = dataset;
        this.augmentation = augmentation;
        this.imageSize = imageSize;
        this.batchSize = batchSize;
        this.seed = seed;
        nextStep = firstStep;
        consumed = firstStep;
        chunks = (batchSize + CHUNK - 1) / CHUNK;
        order = new EpochOrder(dataset.size(), seed);
        undecodable = new Undecodable("the data set", dataset.size());
        for (int slot = 0; slot < SLOTS; slot++) {
            buffersA[slot] = ByteBuffer.allocateDirect(Math.multiplyExact(batchSize, viewBytes()));
            buffersB[slot] = ByteBuffer.allocateDirect(Math.multiplyExact(batchSize, viewBytes()));
        }
        for (int i = 0; i < workers; i++) {
            threads.add(new Thread(this::work, "pair-loader-" + i));
            threads.get(i).setDaemon(true);
        }
        threads.forEach(Thread::start);
    }

    private static void check(
            PictureDataset dataset,
            Augmentation augmentation,
            int imageSize,
            int batchSize,
            int workers,
            long firstStep) {
        if (imageSize < 1 || batchSize < 1 || workers < 1 || firstStep < 0) {
            throw new IllegalArgumentException("image size " + imageSize + ", batch size " + batchSize + " and workers "
                    + workers + " must be at least 1, the first step " + firstStep + " at least 0");
        }
        if (dataset.size() < batchSize) {
            throw new IllegalArgumentException("a batch of " + batchSize + " is larger than the data set of "
                    + dataset.size() + " pictures; lower the batch size or add pictures");
        }
        if (augmentation.unrelatedViews() && dataset.size() < 2) {
            throw new IllegalArgumentException("views of different pictures need at least 2 pictures, found 1");
        }
    }

    /** Batches in an epoch. */
    public int stepsPerEpoch() {
        return dataset.size() / batchSize;
    }

    /** Seconds that {@link #next} has waited for the workers. */
    public synchronized double secondsWaited() {
        return nanosWaited * 1e-9;
    }

    /**
     * The next step's batch; the one before becomes invalid.
     *
     * @throws IOException if more than 1 % of the pictures cannot be decoded
     * @throws IllegalStateException if a worker failed otherwise, or the loader is closed
     */
    public synchronized PairBatch next() throws IOException, InterruptedException {
        long step = consumed++;
        notifyAll(); // the slot of the step before is free
        int slot = (int) (step % SLOTS);
        long start = System.nanoTime();
        while (true) {
            if (closed) {
                throw new IllegalStateException("the loader is closed");
            }
            if (failure instanceof IOException e) {
                throw new IOException(e.getMessage(), e);
            }
            if (failure != null) {
                throw new IllegalStateException("making views failed: " + failure, failure);
            }
            PairBatch batch = slots[slot];
            if (batch != null && batch.step() == step && chunksDone[slot] == chunks) {
                nanosWaited += System.nanoTime() - start;
                return batch;
            }
            wait();
        }
    }

    /** Stops the workers; each finishes at most the picture at hand. Idempotent. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void work() {
        try {
            for (Chunk chunk = take(); chunk != null; chunk = take()) {
                int end = Math.min(batchSize, chunk.row + CHUNK);
                for (int row = chunk.row; row < end && !closed; row++) {
                    makePair(chunk.batch, row);
                }
                done(chunk);
            }
        } catch (Throwable e) { // whatever it is, the caller of next() has to hear of it
            fail(e);
        }
    }

    /** Rows of a batch that one worker makes at a time, from {@code row} on. */
    private record Chunk(PairBatch batch, int row) {}

    /** Blocks while all slots are full; null when there is no more to do. */
    private synchronized @Nullable Chunk take() throws InterruptedException {
        while (!closed && failure == null && nextStep >= consumed + SLOTS - 1) {
            wait();
        }
        if (closed || failure != null) {
            return null;
        }
        int slot = (int) (nextStep % SLOTS);
        PairBatch batch = slots[slot];
        if (nextChunk == 0 || batch == null) {
            batch = emptyBatch(nextStep);
            slots[slot] = batch;
            chunksDone[slot] = 0;
        }
        Chunk chunk = new Chunk(batch, nextChunk * CHUNK);
        nextChunk = (nextChunk + 1) % chunks;
        nextStep += nextChunk == 0 ? 1 : 0;
        return chunk;
    }

    private PairBatch emptyBatch(long step) {
        int slot = (int) (step % SLOTS);
        int epoch = Math.toIntExact(step / stepsPerEpoch());
        int first = firstPosition(step);
        int[] indices = Arrays.copyOfRange(order.of(epoch), first, first + batchSize);
        return new PairBatch(step, epoch, indices, buffersA[slot].duplicate(), buffersB[slot].duplicate());
    }

    private synchronized void done(Chunk chunk) {
        int slot = (int) (chunk.batch.step() % SLOTS);
        if (++chunksDone[slot] == chunks) {
            notifyAll();
        }
    }

    private synchronized void fail(Throwable e) {
        failure = failure == null ? e : failure;
        notifyAll();
    }

    private void makePair(PairBatch batch, int row) throws IOException {
        int index = batch.indices()[row];
        int indexB = augmentation.unrelatedViews() ? unrelatedIndex(batch, row) : index;
        Picture a = picture(index);
        Picture b = indexB == index ? a : picture(indexB);
        int epoch = batch.epoch();
        Picture viewA = augmentation.view(a, imageSize, seed, epoch, index, 0);
        Picture viewB = augmentation.view(b, imageSize, seed, epoch, index, 1);
        // The batch's own buffers belong to the caller, who may move their positions.
        int slot = (int) (batch.step() % SLOTS);
        buffersA[slot].put(row * viewBytes(), viewA.rgb());
        buffersB[slot].put(row * viewBytes(), viewB.rgb());
    }

    /** Half an epoch's order away: never the same picture, and another one each epoch. */
    private int unrelatedIndex(PairBatch batch, int row) {
        int position = firstPosition(batch.step()) + row;
        return order.of(batch.epoch())[(int) ((position + dataset.size() / 2L) % dataset.size())];
    }

    private int firstPosition(long step) {
        return (int) (step % stepsPerEpoch()) * batchSize;
    }

    private Picture picture(int wanted) throws IOException {
        int index = wanted;
        while (true) {
            if (!undecodable.contains(index)) {
                try {
                    return dataset.picture(index);
                } catch (IOException e) {
                    undecodable.add(index, e);
                    undecodable.check();
                }
            }
            index = (index + 1) % dataset.size();
        }
    }

    private int viewBytes() {
        return imageSize * imageSize * 3;
    }
}

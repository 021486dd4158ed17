package dev.vicreg.training.data.pair;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.source.Undecodable;
import dev.vicreg.training.data.view.EpochOrder;
import dev.vicreg.training.data.view.ViewBatch;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
 * <p>A sample that cannot be decoded, on either side, is replaced by the next one of the set that can; it is named in the
 * log once, and more than 1 % of such samples are an error. (Smaller sets were cleared of them when they were opened.)
 *
 * <p>Work is handed out in chunks of a batch rather than in batches, so that the first batch too is made by all workers.
 * One thread calls {@link #next}; {@link #close} may be called by any.
 */
public final class PairLoader implements AutoCloseable {
    /** One in use, two ready or being made. */
    private static final int SLOTS = 3;

    private static final int CHUNK = 8;

    private final ViewSource sourceA;
    private final ViewSource sourceB;
    private final int size; // samples
    private final boolean unrelatedViews;
    private final int bytesA; // of one view
    private final int bytesB;
    private final int viewsA; // of a sample
    private final int viewsB;
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

    /** A loader of pairs: one view a side. */
    public PairLoader(ViewSource sourceA, ViewSource sourceB, int batchSize, long seed, int workers, long firstStep) {
        this(sourceA, sourceB, 1, 1, batchSize, seed, workers, firstStep);
    }

    /**
     * Starts the workers.
     *
     * @param sourceA of the first views; sample i of both sources is one pair
     * @param sourceB of the second views; the same object where both sides are alike
     * @param viewsA how many views of a sample are made of the first source, at least 1
     * @param viewsB likewise of the second, or 0 for none of it
     * @param workers threads, at least 1
     * @param firstStep where to start, 0 for a new run
     * @throws IllegalArgumentException if the sources differ in size, hold fewer samples than a batch, or a number is out
     *     of range
     */
    public PairLoader(
            ViewSource sourceA,
            ViewSource sourceB,
            int viewsA,
            int viewsB,
            int batchSize,
            long seed,
            int workers,
            long firstStep) {
        this.viewsA = viewsA;
        this.viewsB = viewsB;
        this.sourceA = sourceA;
        this.sourceB = sourceB;
        this.batchSize = batchSize;
        this.seed = seed;
        size = sourceA.data().size();
        unrelatedViews = sourceA.unrelatedViews();
        check(workers, firstStep);
        bytesA = sourceA.type().bytes();
        bytesB = sourceB.type().bytes();
        nextStep = firstStep;
        consumed = firstStep;
        chunks = (batchSize + CHUNK - 1) / CHUNK;
        order = new EpochOrder(size, seed);
        undecodable = new Undecodable("the data set", sourceA.data().noun(), size);
        for (int slot = 0; slot < SLOTS; slot++) {
            buffersA[slot] = direct(viewsA, bytesA);
            buffersB[slot] = direct(viewsB, bytesB);
        }
        for (int i = 0; i < workers; i++) {
            threads.add(new Thread(this::work, "pair-loader-" + i));
            threads.get(i).setDaemon(true);
        }
        threads.forEach(Thread::start);
    }

    private void check(int workers, long firstStep) {
        if (batchSize < 1 || workers < 1 || firstStep < 0) {
            throw new IllegalArgumentException("batch size " + batchSize + " and workers " + workers
                    + " must be at least 1, the first step " + firstStep + " at least 0");
        }
        String noun = sourceA.data().noun();
        if (sourceB.data().size() != size) {
            throw new SettingException("pairs need as many samples on either side, found " + size + " " + noun
                    + " and " + sourceB.data().size() + " "
                    + sourceB.data().noun());
        }
        if (size < batchSize) {
            throw new SettingException("a batch of " + batchSize + " is larger than the data set of " + size + " "
                    + noun + "; lower the batch size or add " + noun);
        }
        if (unrelatedViews != sourceB.unrelatedViews()) {
            throw new SettingException("views of different samples must be asked for on both sides or neither");
        }
        if (unrelatedViews && size < 2) {
            throw new SettingException("views of different " + noun + " need at least 2 " + noun + ", found 1");
        }
    }

    private ByteBuffer direct(int views, int viewBytes) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(Math.multiplyExact(batchSize, views), viewBytes))
                .order(ByteOrder.nativeOrder());
    }

    /** Batches in an epoch. */
    public int stepsPerEpoch() {
        return size / batchSize;
    }

    /** Seconds that {@link #next} has waited for the workers. */
    public synchronized double secondsWaited() {
        return nanosWaited * 1e-9;
    }

    /**
     * The next step's batch; the one before becomes invalid.
     *
     * @throws IOException if more than 1 % of the samples cannot be decoded
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

    /**
     * Stops the workers; each finishes at most the pair at hand. Returns when all have ended, so that nobody reads data that
     * are closed next: an interrupt on the way is kept for afterwards. Idempotent.
     */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
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
        return new PairBatch(
                step,
                epoch,
                indices,
                new ViewBatch(sourceA.type(), forCaller(buffersA[slot])),
                new ViewBatch(sourceB.type(), forCaller(buffersB[slot])));
    }

    /** The caller may move the position and the limit of a buffer of its own. */
    private static ByteBuffer forCaller(ByteBuffer buffer) {
        return buffer.duplicate().order(ByteOrder.nativeOrder());
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
        ViewSource.Sample a;
        ViewSource.Sample b;
        if (unrelatedViews) {
            a = undecodable.next(index, sourceA::sample);
            b = undecodable.next(unrelatedIndex(batch, row), sourceB::sample);
        } else if (sourceA == sourceB) {
            a = undecodable.next(index, sourceA::sample);
            b = a;
        } else {
            Both both = undecodable.next(index, sample -> new Both(sourceA.sample(sample), sourceB.sample(sample)));
            a = both.a;
            b = both.b;
        }
        int slot = (int) (batch.step() % SLOTS);
        for (int view = 0; view < viewsA; view++) {
            ViewKey key = new ViewKey(seed, batch.epoch(), index, 2 * view);
            a.write(key, buffersA[slot], (view * batchSize + row) * bytesA);
        }
        for (int view = 0; view < viewsB; view++) {
            ViewKey key = new ViewKey(seed, batch.epoch(), index, 2 * view + 1);
            b.write(key, buffersB[slot], (view * batchSize + row) * bytesB);
        }
    }

    private record Both(ViewSource.Sample a, ViewSource.Sample b) {}

    /** Half an epoch's order away: never the same sample, and another one each epoch. */
    private int unrelatedIndex(PairBatch batch, int row) {
        int position = firstPosition(batch.step()) + row;
        return order.of(batch.epoch())[(int) ((position + size / 2L) % size)];
    }

    private int firstPosition(long step) {
        return (int) (step % stepsPerEpoch()) * batchSize;
    }
}

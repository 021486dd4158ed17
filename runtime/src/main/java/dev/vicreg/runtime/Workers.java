package dev.vicreg.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What a model works with besides its session, and keeps from call to call: threads that prepare samples, so that nobody
 * else's wait for them, and memory for batches. Thread-safe.
 */
final class Workers implements AutoCloseable {
    private final @Nullable ForkJoinPool pool; // starts its threads when they are needed, and ends idle ones
    private final ConcurrentLinkedQueue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();

    /** @param threads 1 for the caller's alone */
    Workers(int threads) {
        pool = threads > 1 ? new ForkJoinPool(threads) : null;
    }

    /**
     * Does {@code work} for 0 to {@code count} - 1, at the same time where that is of use; returns when all is done.
     *
     * @throws RuntimeException what one of them threw, as it was thrown
     */
    void forEach(int count, IntConsumer work) {
        if (pool == null || count <= 1) {
            for (int i = 0; i < count; i++) {
                work.accept(i);
            }
            return;
        }
        var failure = new AtomicReference<@Nullable RuntimeException>();
        pool.invoke(new Range(0, count, i -> {
            try {
                if (failure.get() == null) {
                    work.accept(i);
                }
            } catch (RuntimeException e) {
                failure.compareAndSet(null, e);
            }
        }));
        RuntimeException thrown = failure.get();
        if (thrown != null) {
            throw thrown;
        }
    }

    /** Direct memory of at least so many bytes, in native order; {@link #giveBack} it when nobody uses it any more. */
    ByteBuffer take(int bytes) {
        ByteBuffer kept = buffers.poll();
        return kept != null && kept.capacity() >= bytes
                ? kept
                : ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** Keeps the memory for the next caller. */
    void giveBack(ByteBuffer buffer) {
        buffers.add(buffer);
    }

    /** Ends the threads and lets go of the memory; nobody may be using them. */
    @Override
    public void close() {
        if (pool != null) {
            pool.shutdown();
        }
        buffers.clear();
    }

    /** A range that is halved until single ones are left. */
    private static final class Range extends RecursiveAction {
        private static final long serialVersionUID = 1;
        private final int from;
        private final int to;
        private final transient IntConsumer work;

        Range(int from, int to, IntConsumer work) {
            this.from = from;
            this.to = to;
            this.work = work;
        }

        @Override
        protected void compute() {
            if (to - from == 1) {
                work.accept(from);
            } else {
                int middle = (from + to) >>> 1;
                invokeAll(new Range(from, middle, work), new Range(middle, to, work));
            }
        }
    }
}

package dev.vicreg.serve;

import dev.vicreg.runtime.Batcher;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** A model under its name, whose file may be exchanged while it serves. Thread-safe. */
final class ModelSlot implements AutoCloseable {
    private final ServeConfig.Source source;
    private final ServeConfig config;
    private final Batcher.Watch watch;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private volatile OpenModel<?> current;
    private volatile Instant loaded;
    private boolean closed; // guarded by this

    /** @throws IOException as {@link OpenModel#open} */
    ModelSlot(ServeConfig.Source source, ServeConfig config, Batcher.Watch watch) throws IOException {
        this(source, config, watch, OpenModel.open(source, config, watch));
    }

    /** Of a model that is open already. */
    ModelSlot(ServeConfig.Source source, ServeConfig config, Batcher.Watch watch, OpenModel<?> open) {
        this.source = source;
        this.config = config;
        this.watch = watch;
        this.current = open;
        this.loaded = Instant.now();
    }

    String name() {
        return source.name();
    }

    OpenModel<?> current() {
        return current;
    }

    /** When what serves now was opened. */
    Instant loaded() {
        return loaded;
    }

    /**
     * Queues samples that were prepared for a model of this slot; a newer one runs them if it has come meanwhile, since it
     * takes the same.
     *
     * @param <S> a prepared sample
     */
    @SuppressWarnings("unchecked") // a newer model takes the same samples
    <S> List<CompletableFuture<Outcome>> submit(List<S> samples) {
        lock.readLock().lock();
        try {
            return ((OpenModel<S>) current).batcher().submit(samples);
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * Opens the file anew beside what serves, warms it, and exchanges the two.
     *
     * @return what served, which the caller closes; that waits for its last run
     * @throws IOException if the file can't be opened, or clients would go wrong with it, or this is closed; nothing has
     *     changed then
     */
    synchronized OpenModel<?> reload() throws IOException {
        if (closed) {
            throw new IOException("this server ends");
        }
        if (!Files.isRegularFile(source.file())) {
            throw new IOException(source.file() + ": no such file");
        }
        OpenModel<?> next = OpenModel.open(source, config, watch);
        OpenModel<?> old = current;
        String difference = next.differenceFrom(old);
        if (difference != null) {
            next.close();
            throw new IOException(
                    source.file() + " is not what clients rely on: " + difference + "; serve it under another name");
        }
        lock.writeLock().lock();
        try {
            current = next;
            loaded = Instant.now();
        } finally {
            lock.writeLock().unlock();
        }
        return old;
    }

    /** Runs what waits, and releases the model, after a {@link #reload} under way. */
    @Override
    public synchronized void close() {
        closed = true;
        current.close();
    }
}

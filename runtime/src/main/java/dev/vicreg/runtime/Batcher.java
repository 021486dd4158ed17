package dev.vicreg.runtime;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Gathers the samples of many callers into batches. One thread takes what has queued while the last batch ran, and runs it:
 * alone a caller waits for nobody, and together they fill the device.
 *
 * <pre>{@code
 * Embedder<Picture> steps = model.pictures();
 * var batcher = new Batcher<Picture, float[]>(
 *         "pictures", batch -> List.of(steps.embed(batch)), blank, Batcher.Limits.DEFAULT, Batcher.Watch.NONE);
 * float[] vector = batcher.submit(steps.prepare(picture)).get(30, TimeUnit.SECONDS);
 * }</pre>
 *
 * <p>Samples are prepared by the caller, so that what queues is small. A batch that fails is run again one by one, so that
 * only the sample at fault has the failure. If nothing of a batch works, {@code first} tells whose fault it is. If that
 * fails, too, or the thread ends by an {@link Error}, {@link #isHealthy} is false until a new thread has run {@code first},
 * which it tries every second. Thread-safe; samples run in the order in which they came. What follows an answer runs on
 * the batching thread, unless the caller names another: see {@link CompletableFuture}.
 *
 * @param <S> a prepared sample
 * @param <R> what comes of it
 */
public final class Batcher<S, R> implements AutoCloseable {
    private static final Duration BETWEEN_TRIALS = Duration.ofSeconds(1);

    /**
     * How large batches and queue may grow.
     *
     * @param batch the most samples that run at once, at least 1
     * @param delay how long the first of a batch waits for others; zero runs it as soon as the last batch is done
     * @param queue the most samples that wait, at least 1
     */
    public record Limits(int batch, Duration delay, int queue) {
        /** 64 samples a batch, none waits for others, 1024 queue. */
        public static final Limits DEFAULT = new Limits(64, Duration.ZERO, 1024);

        /** @throws IllegalArgumentException if one is out of its range */
        public Limits {
            if (batch < 1 || queue < 1 || delay.isNegative()) {
                throw new IllegalArgumentException("a batch of " + batch + ", a delay of " + delay + " and a queue of "
                        + queue + ", expected 1 or more, 0 or more and 1 or more");
            }
        }
    }

    /** Told of what happens, by the thread that batches; quick, and throws nothing. */
    public interface Watch {
        /** Looks at nothing. */
        Watch NONE = new Watch() {};

        /** A sample was taken from the queue after so many nanoseconds. */
        default void waited(long nanos) {}

        /** So many samples ran in so many nanoseconds. */
        default void ran(int samples, long nanos) {}

        /** The thread ended by this; samples that had no answer yet have it as their failure, and another thread follows. */
        default void ended(Throwable cause) {}
    }

    private record Waiting<S, R>(S sample, CompletableFuture<R> answer, long since) {}

    private final String name;
    private final Function<List<S>, List<R>> run;
    private final S first;
    private final Limits limits;
    private final Watch watch;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Queue<Waiting<S, R>> queue = new ArrayDeque<>();
    private Thread thread; // guarded by lock
    private boolean closed; // guarded by lock
    private volatile boolean healthy;
    private volatile long busySince; // 0 while nothing runs

    /**
     * Runs {@code first} here and now, so that what is slow at first has happened, and starts the thread.
     *
     * @param name of the thread, for whoever looks at the process
     * @param run gives one result a sample, in order; called by one thread at a time
     * @param first any sample that works; run again where others don't, and by each thread that follows one that ended
     * @throws RuntimeException what {@code run} throws of it
     */
    public Batcher(String name, Function<List<S>, List<R>> run, S first, Limits limits, Watch watch) {
        this.name = name;
        this.run = run;
        this.first = first;
        this.limits = limits;
        this.watch = watch;
        warm();
        healthy = true;
        thread = thread(() -> work(false));
        thread.start();
    }

    private void warm() {
        busySince = System.nanoTime();
        try {
            int results = run.apply(List.of(first)).size();
            if (results != 1) {
                throw new IllegalStateException(name + " gave " + results + " results of one sample");
            }
        } finally {
            busySince = 0;
        }
    }

    private Thread thread(Runnable work) {
        Thread made = new Thread(work, "batches of " + name);
        made.setDaemon(true);
        return made;
    }

    /**
     * Queues a prepared sample. Whoever no longer wants the answer cancels it, or lets it time out, and it isn't run.
     *
     * @throws RejectedExecutionException if the queue is full, or this is closed
     */
    public CompletableFuture<R> submit(S prepared) {
        return submit(List.of(prepared)).get(0);
    }

    /**
     * Queues prepared samples, all or none, with one answer each in their order.
     *
     * @throws RejectedExecutionException if the queue has no place for all of them, or this is closed
     */
    public List<CompletableFuture<R>> submit(List<S> prepared) {
        List<CompletableFuture<R>> answers = new ArrayList<>(prepared.size());
        lock.lock();
        try {
            if (closed) {
                throw new RejectedExecutionException(name + " is closed");
            }
            if (queue.size() + prepared.size() > limits.queue()) {
                queue.removeIf(waiting -> waiting.answer.isDone()); // nobody wants it any more
            }
            if (queue.size() + prepared.size() > limits.queue()) {
                throw new RejectedExecutionException("the queue is full: " + queue.size() + " samples wait, of at most "
                        + limits.queue() + ", and " + prepared.size() + " came");
            }
            long now = System.nanoTime();
            for (S sample : prepared) {
                CompletableFuture<R> answer = new CompletableFuture<>();
                queue.add(new Waiting<>(sample, answer, now));
                answers.add(answer);
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
        return answers;
    }

    /** Samples that wait now. */
    public int depth() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the last run worked, or {@code first} did after it: not while samples fail whatever they are. */
    public boolean isHealthy() {
        return healthy;
    }

    /** How long what runs now, a batch or {@code first}, has been running; zero while nothing does. */
    public Duration busy() {
        long since = busySince;
        return since == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
    }

    private void work(boolean isNew) {
        List<Waiting<S, R>> batch = List.of();
        boolean worked = !isNew;
        try {
            if (isNew) {
                warm();
                worked = true;
                healthy = true;
            }
            for (batch = take(); !batch.isEmpty(); batch = take()) {
                answer(batch);
            }
        } catch (Throwable e) { // the thread ends here, and another one follows
            healthy = false;
            watch.ended(e);
            batch.forEach(each -> each.answer.completeExceptionally(e));
            follow(worked);
        }
    }

    private void follow(boolean worked) {
        lock.lock();
        try {
            if (closed) {
                refuse();
                return;
            }
            thread = thread(() -> {
                if (worked || !pause()) {
                    work(true);
                }
            });
            thread.start();
        } finally {
            lock.unlock();
        }
    }

    /** Waits between trials that fail at once; whether this was closed meanwhile. */
    private boolean pause() {
        lock.lock();
        try {
            long left = BETWEEN_TRIALS.toNanos();
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (closed) {
                refuse();
            }
            return closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void refuse() {
        queue.forEach(each -> each.answer.completeExceptionally(new RejectedExecutionException(name + " is closed")));
        queue.clear();
    }

    /** The next batch, as soon as there is one; empty at the end. */
    private List<Waiting<S, R>> take() throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                while (!queue.isEmpty() && queue.element().answer.isDone()) {
                    queue.remove(); // nobody wants it any more
                }
                if (queue.isEmpty()) {
                    if (closed) {
                        return List.of();
                    }
                    changed.await();
                    continue;
                }
                long left = queue.element().since + limits.delay().toNanos() - System.nanoTime();
                if (left > 0 && !closed && queue.size() < limits.batch()) {
                    changed.awaitNanos(left);
                    continue;
                }
                return taken();
            }
        } finally {
            lock.unlock();
        }
    }

    private List<Waiting<S, R>> taken() {
        List<Waiting<S, R>> batch = new ArrayList<>();
        long now = System.nanoTime();
        while (batch.size() < limits.batch() && !queue.isEmpty()) {
            Waiting<S, R> next = queue.remove();
            if (!next.answer.isDone()) {
                batch.add(next);
                watch.waited(now - next.since);
            }
        }
        return batch;
    }

    private void answer(List<Waiting<S, R>> batch) {
        boolean worked = ran(batch);
        if (!worked && batch.size() > 1) {
            for (Waiting<S, R> each : batch) {
                worked |= ran(List.of(each));
            }
        }
        if (!worked) {
            warm(); // if that fails, too, it isn't the samples
        }
    }

    /** Answers a batch, one of a single sample by its failure as well; whether it worked. */
    private boolean ran(List<Waiting<S, R>> batch) {
        try {
            long start = System.nanoTime();
            busySince = start;
            List<R> results = run.apply(batch.stream().map(Waiting::sample).toList());
            if (results.size() != batch.size()) {
                throw new IllegalStateException(results.size() + " results of " + batch.size() + " samples");
            }
            watch.ran(batch.size(), System.nanoTime() - start);
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).answer.complete(results.get(i));
            }
            return true;
        } catch (RuntimeException e) {
            if (batch.size() == 1) {
                batch.get(0).answer.completeExceptionally(e);
            }
            return false;
        } finally {
            busySince = 0;
        }
    }

    /** Refuses further samples, and returns when those that wait have been run. Idempotent. */
    @Override
    public void close() {
        Thread last = null;
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        while (last != current()) { // one that ends by an error may have been followed
            last = current();
            join(last);
        }
    }

    private Thread current() {
        lock.lock();
        try {
            return thread;
        } finally {
            lock.unlock();
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive() && thread != Thread.currentThread()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

package dev.vicreg.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * The way of samples through a server: as many as there are places are decoded, queue, run in batches with those of other
 * requests, and are answered before a time has passed; searches have threads of their own, and are counted with them.
 * Thread-safe.
 */
final class Embedding implements AutoCloseable {
    private static final int SEARCHES = 2; // at once: one that goes through all vectors uses all processors by itself

    private final ServeConfig.Limits limits;
    private final Semaphore places;
    private final Decoding decoding;
    private final Executor answering;
    private final ExecutorService searching = Executors.newFixedThreadPool(SEARCHES, work -> {
        Thread thread = new Thread(work, "searching");
        thread.setDaemon(true);
        return thread;
    });

    /** @param answering threads that write answers, so that those of the batches don't */
    Embedding(ServeConfig.Limits limits, Decoding decoding, Executor answering) {
        this.limits = limits;
        this.places = new Semaphore(limits.queue());
        this.decoding = decoding;
        this.answering = answering;
    }

    /** The most samples of one request. */
    int most() {
        return limits.queue();
    }

    /**
     * What comes of samples, in their order; the first that fails has its {@link Refusal} or exception stand for all.
     *
     * @param drafts for this slot's model
     * @param where what messages call each draft
     */
    <S> CompletableFuture<List<Outcome>> outcomes(ModelSlot slot, List<Draft<S>> drafts, IntFunction<String> where) {
        int count = drafts.size();
        if (count == 0) {
            throw Refusal.bad("there is nothing to embed");
        }
        if (count > limits.queue()) {
            throw Refusal.tooLarge(count + " samples, expected at most " + limits.queue() + " (`queue`)");
        }
        take(count);
        return made(slot, drafts, where)
                .whenComplete((outcomes, failure) -> places.release(count))
                .thenApplyAsync(outcomes -> requireFinite(outcomes, where), answering);
    }

    /** What comes of samples that have their places. */
    private <S> CompletableFuture<List<Outcome>> made(
            ModelSlot slot, List<Draft<S>> drafts, IntFunction<String> where) {
        int count = drafts.size();
        List<CompletableFuture<S>> made = new ArrayList<>(count);
        List<CompletableFuture<Outcome>> answers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            made.add(decoding.make(drafts.get(i), where.apply(i)));
        }
        CompletableFuture<List<Outcome>> all = inOrder(made)
                .thenCompose(samples -> {
                    List<CompletableFuture<Outcome>> submitted = slot.submit(samples);
                    synchronized (answers) {
                        answers.addAll(submitted);
                    }
                    return inOrder(submitted);
                })
                .orTimeout(limits.timeout().toNanos(), TimeUnit.NANOSECONDS);
        return all.whenComplete((outcomes, failure) -> {
            made.forEach(each -> each.cancel(false)); // what isn't needed any more isn't made or run
            synchronized (answers) {
                answers.forEach(each -> each.cancel(false));
            }
        });
    }

    /**
     * What a search gives: it waits as a sample does, and runs on a thread that no request is read by, which is interrupted
     * when the time is over.
     *
     * @param since when the request's time began, as {@link System#nanoTime} has it
     */
    <T> CompletableFuture<T> searched(long since, Supplier<T> search) {
        take(1);
        return answered(onThread(since, search));
    }

    /** The same by the vector of a sample, which keeps its place from the one to the other. */
    <S, T> CompletableFuture<T> searched(
            long since, ModelSlot slot, Draft<S> draft, IntFunction<String> where, Function<float[], T> search) {
        take(1);
        return answered(made(slot, List.of(draft), where).thenCompose(outcomes -> {
            float[] vector = requireFinite(outcomes, where).get(0).embedding();
            return onThread(since, () -> search.apply(vector));
        }));
    }

    /** Gives the place back that a search had. */
    private <T> CompletableFuture<T> answered(CompletableFuture<T> found) {
        return found.whenComplete((value, failure) -> places.release()).thenApplyAsync(value -> value, answering);
    }

    private <T> CompletableFuture<T> onThread(long since, Supplier<T> search) {
        CompletableFuture<T> found = new CompletableFuture<>();
        Future<?> running = searching.submit(() -> {
            if (found.isDone()) { // nobody waits for it any more
                return;
            }
            try {
                found.complete(search.get());
            } catch (Throwable e) { // ends this request alone
                found.completeExceptionally(e);
            }
        });
        long left = limits.timeout().toNanos() - (System.nanoTime() - since);
        return found.orTimeout(Math.max(0, left), TimeUnit.NANOSECONDS).whenComplete((value, failure) -> {
            if (failure instanceof TimeoutException) {
                running.cancel(true);
            }
        });
    }

    private void take(int count) {
        if (!places.tryAcquire(count)) {
            throw Refusal.later(429, "this server is busy: " + limits.queue() + " samples wait already");
        }
    }

    /** All values, when all are there; the first failure in their order, as soon as all have come or failed. */
    private static <T> CompletableFuture<List<T>> inOrder(List<CompletableFuture<T>> all) {
        return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
                .handle((nothing, failure) ->
                        all.stream().map(CompletableFuture::join).toList());
    }

    private static List<Outcome> requireFinite(List<Outcome> outcomes, IntFunction<String> where) {
        for (int i = 0; i < outcomes.size(); i++) {
            if (!outcomes.get(i).isFinite()) {
                throw new Refusal(
                        500, "the model gives a vector for " + where.apply(i) + " with values that are not finite");
            }
        }
        return outcomes;
    }

    /** What a client is told of a failure; what isn't one of those is this program's. */
    Refusal refusal(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof Refusal refusal) {
            return refusal;
        }
        if (cause instanceof TimeoutException) {
            return Refusal.later(503, "no answer within " + limits.timeout().toMillis() / 1000.0 + " s (`timeout-s`)")
                    .because(cause);
        }
        if (cause instanceof RejectedExecutionException || cause instanceof CancellationException) {
            return Refusal.later(503, "this server is busy or ends").because(cause);
        }
        if (cause instanceof OutOfMemoryError) {
            return Refusal.later(503, "not enough memory now").because(cause);
        }
        return new Refusal(500, "this server failed; its log says why").because(cause);
    }

    @Override
    public void close() {
        decoding.close();
        searching.shutdownNow();
    }
}

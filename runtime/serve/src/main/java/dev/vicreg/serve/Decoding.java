package dev.vicreg.serve;

import dev.vicreg.runtime.file.Reason;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that decode and resize what clients send, one a processor, so that only small samples queue for the device;
 * and the memory that they may take for large pictures, of all requests together.
 */
final class Decoding implements AutoCloseable {
    /**
     * Of a picture on its way from file to sample at worst, as measured: 16-bit samples as they are stored, the picture of
     * 8 bits, and that turned upright.
     */
    private static final int BYTES_PER_PIXEL = 14;

    private static final int UNIT = 1 << 10; // pixels at a time

    private final ExecutorService threads;
    private final Budget pixels;
    private final ServeMetrics metrics;

    /** @param memory bytes that pictures may take */
    Decoding(int threads, long memory, ServeMetrics metrics) {
        AtomicInteger number = new AtomicInteger();
        this.threads = Executors.newFixedThreadPool(threads, work -> {
            Thread thread = new Thread(work, "decoding " + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        this.pixels = new Budget(memory / BYTES_PER_PIXEL / UNIT);
        this.metrics = metrics;
    }

    /**
     * The sample; not made where nobody waits for it any more.
     *
     * @param where what messages call it
     */
    <S> CompletableFuture<S> make(Draft<S> draft, String where) {
        CompletableFuture<S> made = new CompletableFuture<>();
        threads.execute(() -> {
            if (made.isDone()) {
                return;
            }
            try {
                make(draft, where, made);
            } catch (OutOfMemoryError e) {
                made.completeExceptionally(Refusal.later(503, "not enough memory to decode " + where + " now")
                        .because(e));
            } catch (Throwable e) { // whatever a decoder stumbles over ends this request alone
                made.completeExceptionally(e);
            }
        });
        return made;
    }

    private <S> void make(Draft<S> draft, String where, CompletableFuture<S> made) throws InterruptedException {
        try {
            long part = (draft.pixels() + UNIT - 1) / UNIT;
            if (part > pixels.total()) {
                throw Refusal.tooLarge(where + " has " + part * UNIT / 1_000_000 + " million pixels, and the memory of"
                        + " this server is for " + pixels.total() * UNIT / 1_000_000);
            }
            pixels.take(part);
            long start = System.nanoTime();
            try {
                if (!made.isDone()) { // nor where nobody waits for it any more
                    made.complete(draft.make());
                }
            } finally {
                pixels.give(part);
                metrics.decoded(System.nanoTime() - start);
            }
        } catch (IOException e) { // worded by the decoders of runtime; the name in it is ours
            throw Refusal.bad(Reason.of(e)).because(e);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}

package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Over a function that lets batches run one by one as the test allows. */
@Timeout(60) // seconds: what is waited for may never come
class BatcherTest {
    private final List<List<Integer>> batches = new CopyOnWriteArrayList<>();
    private final Semaphore allowed = new Semaphore(1); // the first run, which warms
    private final Semaphore started = new Semaphore(0);

    private List<Integer> run(List<Integer> batch) {
        started.release();
        allowed.acquireUninterruptibly();
        batches.add(batch);
        if (batch.contains(-1)) {
            throw new IllegalArgumentException("a bad sample");
        }
        return batch.stream().map(sample -> 10 * sample).toList();
    }

    private Batcher<Integer, Integer> batcher(int batch, Duration delay, int queue) {
        return new Batcher<>("test", this::run, 0, new Batcher.Limits(batch, delay, queue), Batcher.Watch.NONE);
    }

    @Test
    void takesWhatHasQueuedWhileTheLastBatchRan() throws Exception {
        try (Batcher<Integer, Integer> batcher = batcher(3, Duration.ZERO, 100)) {
            started.acquire();
            CompletableFuture<Integer> alone = batcher.submit(1);
            started.acquire(); // it runs, and has waited for nobody
            List<CompletableFuture<Integer>> others = batcher.submit(List.of(2, 3, 4, 5));
            assertEquals(4, batcher.depth());
            allowed.release(3);
            assertEquals(10, alone.get());
            assertEquals(50, others.get(3).get());
            assertEquals(List.of(List.of(0), List.of(1), List.of(2, 3, 4), List.of(5)), batches);
        }
    }

    @Test
    void waitsForOthersUntilABatchIsFull() throws Exception {
        try (Batcher<Integer, Integer> batcher = batcher(2, Duration.ofDays(1), 100)) {
            allowed.release(10);
            CompletableFuture<Integer> first = batcher.submit(1);
            assertEquals(20, batcher.submit(2).get());
            assertEquals(10, first.get());
            assertEquals(List.of(1, 2), batches.get(1));
        }
    }

    @Test
    void badSampleHarmsNoOtherOfItsBatch() throws Exception {
        try (Batcher<Integer, Integer> batcher = batcher(8, Duration.ZERO, 100)) {
            CompletableFuture<Integer> blocker = batcher.submit(7);
            started.acquire(2);
            List<CompletableFuture<Integer>> all = batcher.submit(List.of(1, -1, 2));
            allowed.release(10);
            assertEquals(70, blocker.get());
            assertEquals(10, all.get(0).get());
            assertEquals(20, all.get(2).get());
            var failure =
                    assertThrows(ExecutionException.class, () -> all.get(1).get());
            assertEquals("a bad sample", failure.getCause().getMessage());
            assertTrue(batcher.isHealthy());
        }
    }

    @Test
    void whatNobodyWaitsForIsNotRun() throws Exception {
        try (Batcher<Integer, Integer> batcher = batcher(8, Duration.ZERO, 100)) {
            CompletableFuture<Integer> blocker = batcher.submit(7);
            started.acquire(2);
            assertFalse(batcher.busy().isZero());
            CompletableFuture<Integer> given = batcher.submit(1);
            CompletableFuture<Integer> wanted = batcher.submit(2);
            given.cancel(false);
            allowed.release(10);
            assertEquals(20, wanted.get());
            assertEquals(70, blocker.get());
            assertEquals(List.of(2), batches.get(2));
        }
    }

    @Test
    void firstSampleThatHangsIsSeenToRun() throws Exception {
        try (Batcher<Integer, Integer> batcher = batcher(8, Duration.ZERO, 100)) {
            allowed.release(); // the bad one, after which the first one runs again
            CompletableFuture<Integer> bad = batcher.submit(-1);
            started.acquire(3);
            assertTrue(bad.isCompletedExceptionally());
            assertFalse(batcher.busy().isZero());
            allowed.release(10);
            assertEquals(20, batcher.submit(2).get());
        }
    }

    @Test
    void fullQueueTakesAllOfACallOrNone() throws Exception {
        Batcher<Integer, Integer> batcher = batcher(1, Duration.ZERO, 3);
        CompletableFuture<Integer> first = batcher.submit(7);
        started.acquire(2);
        batcher.submit(List.of(1, 2));
        var full = assertThrows(RejectedExecutionException.class, () -> batcher.submit(List.of(3, 4)));
        assertEquals("the queue is full: 2 samples wait, of at most 3, and 2 came", full.getMessage());
        CompletableFuture<Integer> last = batcher.submit(5);
        allowed.release(10);
        batcher.close(); // runs what waits
        assertEquals(70, first.get());
        assertEquals(50, last.get());
        assertThrows(RejectedExecutionException.class, () -> batcher.submit(6));
    }

    @Test
    void placesOfSamplesThatNobodyWaitsForAreFree() throws Exception {
        try (Batcher<Integer, Integer> batcher = batcher(1, Duration.ZERO, 2)) {
            CompletableFuture<Integer> first = batcher.submit(7);
            started.acquire(2);
            CompletableFuture<Integer> second = batcher.submit(1);
            batcher.submit(2).cancel(false);
            CompletableFuture<Integer> last = batcher.submit(3);
            assertThrows(RejectedExecutionException.class, () -> batcher.submit(4));
            allowed.release(10);
            assertEquals(70, first.get());
            assertEquals(10, second.get());
            assertEquals(30, last.get());
        }
    }

    @Test
    void badSampleAloneLeavesABatcherHealthy() throws Exception {
        try (Batcher<Integer, Integer> batcher = batcher(8, Duration.ZERO, 100)) {
            allowed.release(10);
            assertThrows(ExecutionException.class, () -> batcher.submit(-1).get());
            assertEquals(10, batcher.submit(1).get());
            assertTrue(batcher.isHealthy());
            assertEquals(List.of(List.of(0), List.of(-1), List.of(0), List.of(1)), batches, "the first is run again");
        }
    }

    private static Batcher.Watch counting(CountDownLatch ended) {
        return new Batcher.Watch() {
            @Override
            public void ended(Throwable cause) {
                ended.countDown();
            }
        };
    }

    @Test
    void functionThatFailsWhateverItIsGivenIsUnhealthyUntilItWorks() throws Exception {
        AtomicBoolean broken = new AtomicBoolean();
        CountDownLatch ended = new CountDownLatch(1);
        try (Batcher<Integer, Integer> batcher = new Batcher<>(
                "test",
                batch -> {
                    if (broken.get()) {
                        throw new IllegalStateException("the device is gone");
                    }
                    return batch;
                },
                0,
                Batcher.Limits.DEFAULT,
                counting(ended))) {
            broken.set(true);
            var failure = assertThrows(
                    ExecutionException.class, () -> batcher.submit(1).get());
            assertEquals("the device is gone", failure.getCause().getMessage());
            ended.await();
            assertFalse(batcher.isHealthy());
            broken.set(false);
            assertEquals(2, batcher.submit(2).get());
            assertTrue(batcher.isHealthy());
        }
    }

    @Test
    void threadThatEndsByAnErrorIsFollowedByOneThatHasWorked() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch mended = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        try (Batcher<Integer, Integer> batcher = new Batcher<>(
                "test",
                batch -> {
                    if (runs.getAndIncrement() == 1) {
                        throw new OutOfMemoryError("made up");
                    } else if (runs.get() > 2) {
                        try {
                            mended.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                    return batch;
                },
                0,
                Batcher.Limits.DEFAULT,
                counting(ended))) {
            CompletableFuture<Integer> failed = batcher.submit(1);
            var failure = assertThrows(ExecutionException.class, failed::get);
            assertEquals("made up", failure.getCause().getMessage());
            ended.await();
            assertFalse(batcher.isHealthy());
            CompletableFuture<Integer> next = batcher.submit(2);
            mended.countDown();
            assertEquals(2, next.get());
            assertTrue(batcher.isHealthy());
        }
    }

    @Test
    void functionThatDoesNotWorkMakesNoBatcher() {
        assertThrows(
                IllegalStateException.class,
                () -> new Batcher<Integer, Integer>(
                        "test",
                        batch -> {
                            throw new IllegalStateException("no device");
                        },
                        0,
                        Batcher.Limits.DEFAULT,
                        Batcher.Watch.NONE));
    }
}

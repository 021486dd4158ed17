package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkersTest {
    @Test
    void everythingIsDoneOnceByThreadsOfTheirOwn() {
        try (Workers workers = new Workers(3)) {
            var done = new AtomicIntegerArray(100);
            Set<ForkJoinPool> pools = ConcurrentHashMap.newKeySet();
            workers.forEach(100, i -> {
                done.incrementAndGet(i);
                pools.add(ForkJoinTask.getPool());
            });
            for (int i = 0; i < 100; i++) {
                assertEquals(1, done.get(i));
            }
            assertEquals(1, pools.size());
            assertNotSame(ForkJoinPool.commonPool(), pools.iterator().next());
        }
    }

    @Test
    void oneThreadAndOneSampleNeedNobodyElse() {
        Thread caller = Thread.currentThread();
        try (Workers alone = new Workers(1);
                Workers many = new Workers(4)) {
            alone.forEach(5, i -> assertSame(caller, Thread.currentThread()));
            many.forEach(1, i -> assertSame(caller, Thread.currentThread()));
            many.forEach(0, i -> {
                throw new AssertionError();
            });
        }
    }

    @Test
    void whatIsThrownComesBackAsItWas() {
        try (Workers workers = new Workers(3)) {
            var thrown = new IllegalArgumentException("sample 7");
            assertSame(
                    thrown,
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> workers.forEach(20, i -> {
                                if (i == 7) {
                                    throw thrown;
                                }
                            })));
        }
    }

    @Test
    void memoryIsUsedAgainWhereItIsEnough() {
        try (Workers workers = new Workers(1)) {
            ByteBuffer first = workers.take(100);
            assertNotSame(first, workers.take(100), "two callers at once");
            workers.giveBack(first);
            assertSame(first, workers.take(60));
            workers.giveBack(first);
            assertTrue(workers.take(200).capacity() >= 200);
        }
    }

    @Test
    void nothingIsKeptAfterClosing() {
        Workers workers = new Workers(2);
        ByteBuffer kept = workers.take(8);
        workers.giveBack(kept);
        workers.close();
        assertNotSame(kept, workers.take(8));
        assertThrows(RejectedExecutionException.class, () -> workers.forEach(2, i -> {}));
    }
}

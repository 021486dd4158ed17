package dev.vicreg.serve;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** So much of something that many share. Thread-safe. */
final class Budget {
    private final long total;
    private long taken; // guarded by this

    Budget(long total) {
        this.total = total;
    }

    /** All there is. */
    long total() {
        return total;
    }

    /** Takes a part, if it is there. */
    synchronized boolean tryTake(long part) {
        if (part > total - taken) {
            return false;
        }
        taken += part;
        return true;
    }

    /** Takes a part as soon as it is there; waits for ever for more than {@link #total}. */
    synchronized void take(long part) throws InterruptedException {
        while (!tryTake(part)) {
            wait();
        }
    }

    /** Gives a part back. */
    synchronized void give(long part) {
        taken -= part;
        notifyAll();
    }

    /** Waits until nothing is taken, or a time has passed; whether nothing is. */
    synchronized boolean awaitNone(Duration most) throws InterruptedException {
        long end = System.nanoTime() + most.toNanos();
        for (long left = most.toNanos(); taken > 0 && left > 0; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return taken == 0;
    }
}

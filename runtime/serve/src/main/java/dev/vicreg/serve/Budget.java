package dev.vicreg.serve;

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

    /** What is taken now. */
    synchronized long taken() {
        return taken;
    }
}

package dev.vicreg.training.data.view;

/** The order in which an epoch visits the samples: a function of (seed, epoch) alone. Thread-safe. */
public final class EpochOrder {
    /** Keeps the stream of the order apart from those of the samples, whose third key is an index. */
    private static final int ORDER = -1;

    private final int size;
    private final long seed;
    // Workers stand in the same epoch, or at most in two neighbouring ones.
    private int firstCached = -1;
    private int[] first = {};
    private int secondCached = -1;
    private int[] second = {};

    public EpochOrder(int size, long seed) {
        this.size = size;
        this.seed = seed;
    }

    /** A permutation of 0 … size - 1, shared: not to be written to. */
    public synchronized int[] of(int epoch) {
        if (firstCached == epoch) {
            return first;
        }
        if (secondCached != epoch) {
            secondCached = epoch;
            second = shuffled(epoch);
        }
        int[] found = second;
        second = first;
        first = found;
        secondCached = firstCached;
        firstCached = epoch;
        return found;
    }

    private int[] shuffled(int epoch) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = i;
        }
        new SampleRandom(seed, epoch, ORDER).shuffle(order);
        return order;
    }
}

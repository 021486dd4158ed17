package dev.vicreg.training.data.view;

/**
 * Random numbers that are a function of their keys, the same on every JVM.
 *
 * <p>SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014), written out because
 * the JDK does not promise that its own generators stay the same from version to version, and a resumed run must see
 * the numbers of the interrupted one. Not thread-safe.
 */
public final class SampleRandom {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** One over the deviation of a sum of four numbers that are uniform in 0 … 65535: √(4·(2³² - 1)/12). */
    private static final double NOISE_SCALE = 1 / Math.sqrt(4 * (0x1p32 - 1) / 12);

    private long state;

    /** A stream of its own for every list of keys. */
    public SampleRandom(long... keys) {
        for (long key : keys) {
            state = mix(state + GOLDEN_GAMMA) ^ mix(key + GOLDEN_GAMMA);
        }
    }

    public long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** Uniform in [0, 1). */
    double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /** Uniform in [low, high). */
    public double uniform(double low, double high) {
        return low + (high - low) * nextDouble();
    }

    public boolean chance(double probability) {
        return nextDouble() < probability;
    }

    /** Uniform in 0 … bound - 1, up to a bias of 2^-32. */
    public int below(int bound) {
        return (int) (((nextLong() >>> 32) * bound) >>> 32);
    }

    /**
     * Nearly normal, with mean 0 and deviation 1: the sum of four uniform numbers of 16 bits, which lies within ±3.47. For
     * noise on data, where the far tails don't matter and millions are drawn.
     */
    public double nextNoise() {
        long bits = nextLong();
        long sum = (bits & 0xffff) + (bits >>> 16 & 0xffff) + (bits >>> 32 & 0xffff) + (bits >>> 48);
        return (sum - 2 * 65535) * NOISE_SCALE;
    }

    /** Fisher–Yates. */
    public void shuffle(int[] values) {
        for (int i = values.length - 1; i > 0; i--) {
            int j = below(i + 1);
            int swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}

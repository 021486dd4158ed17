package dev.vicreg.runtime.signal;

import java.lang.ref.SoftReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Changes the rate of a series: it is taken as band-limited and evaluated at the new places, by a sinc that a Kaiser
 * window cuts off (Smith, Digital Audio Resampling; the filter's shape is that of resampy's {@code kaiser_best}).
 *
 * <p>Going down, the sinc is stretched so that what lies above half the new rate is removed. The pass band ends at
 * {@value #ROLLOFF} of the lower half rate; {@value #ZEROS} zero crossings on either side and β = {@value #BETA} leave
 * less than -100 dB in the stop band. Beyond its ends the series is zero. Immutable, thread-safe.
 */
final class Resampler {
    private static final int ZEROS = 64;
    private static final double ROLLOFF = 0.945;
    private static final double BETA = 12;
    private static final double WINDOW_MIDDLE = bessel(BETA);
    /**
     * Rates with so large a common multiple would need a table out of proportion, made anew for every rate that files come
     * up with: those up to 48 kHz do with 6.5 million, whatever their factors.
     */
    private static final int MAX_WEIGHTS = 1 << 23;

    /** Values of a resampled series, 512 MiB: three quarters of an hour at 48 kHz. */
    static final int MAX_LENGTH = 1 << 27;

    /** Those made so far, while there is memory for them: files of one set tend to share a rate. */
    private static final Map<Long, SoftReference<Resampler>> MADE = new ConcurrentHashMap<>();

    private final int up; // the new rate and
    private final int down; // the old one, without common factors
    private final int reach; // old values on either side that a new one is made of
    private final float[] weights; // [up phases][2·reach]

    /** The same as {@link #Resampler}, made once for each pair of rates. */
    static Resampler between(int from, int to) {
        long rates = (long) from << Integer.SIZE | to;
        SoftReference<Resampler> made = MADE.get(rates);
        Resampler resampler = made == null ? null : made.get();
        if (resampler == null) {
            resampler = new Resampler(from, to);
            MADE.put(rates, new SoftReference<>(resampler));
        }
        return resampler;
    }

    /**
     * From one rate to another, in the same unit.
     *
     * @throws IllegalArgumentException if one is not positive, or both are large and nearly without common factors
     */
    Resampler(int from, int to) {
        if (from < 1 || to < 1) {
            throw new IllegalArgumentException("Resampling needs two rates of 1 or more, found " + from + " and " + to);
        }
        int common = gcd(from, to);
        up = to / common;
        down = from / common;
        double cutoff = ROLLOFF * Math.min(1, (double) up / down); // as a share of half the old rate
        reach = (int) Math.ceil(ZEROS / cutoff);
        if ((long) up * 2 * reach > MAX_WEIGHTS) {
            throw new IllegalArgumentException("Resampling from " + from + " to " + to + " would need a filter of "
                    + (long) up * 2 * reach + " values, expected at most " + MAX_WEIGHTS
                    + "; choose a rate with more factors in common");
        }
        weights = new float[up * 2 * reach];
        for (int phase = 0; phase < up; phase++) {
            for (int tap = 0; tap < 2 * reach; tap++) {
                double distance = tap - (reach - 1) - (double) phase / up; // of the old value from the new one
                weights[phase * 2 * reach + tap] = (float) (cutoff * sinc(cutoff * distance) * window(distance));
            }
        }
    }

    /**
     * The series at the new rate: ⌈length · to/from⌉ values, the first at the same time as before.
     *
     * @throws IllegalArgumentException if it would become longer than {@link #MAX_LENGTH} and than it is
     */
    float[] apply(float[] series) {
        long wanted = ((long) series.length * up + down - 1) / down;
        if (wanted > Math.max(MAX_LENGTH, series.length)) {
            throw new IllegalArgumentException("Resampling " + series.length + " values to " + up + "/" + down
                    + " of their rate would give " + wanted + ", expected at most " + MAX_LENGTH
                    + "; cut the recording, or choose a lower rate");
        }
        int length = (int) wanted;
        float[] resampled = new float[length];
        for (int i = 0; i < length; i++) {
            long place = (long) i * down;
            int whole = (int) (place / up);
            int filter = (int) (place % up) * 2 * reach;
            int first = whole - (reach - 1);
            double sum = 0;
            for (int tap = Math.max(0, -first); tap < 2 * reach && first + tap < series.length; tap++) {
                sum += (double) weights[filter + tap] * series[first + tap];
            }
            resampled[i] = (float) sum;
        }
        return resampled;
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    }

    /** Kaiser's, over ±reach. */
    private double window(double distance) {
        double x = distance / reach;
        return x * x >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / WINDOW_MIDDLE;
    }

    /** Modified Bessel function of the first kind and order 0, by its series. */
    private static double bessel(double x) {
        double sum = 1;
        double term = 1;
        for (int k = 1; term > 1e-17 * sum; k++) {
            term *= (x / (2 * k)) * (x / (2 * k));
            sum += term;
        }
        return sum;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}

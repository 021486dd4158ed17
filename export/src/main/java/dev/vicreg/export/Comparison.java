package dev.vicreg.export;

import dev.vicreg.runtime.Embeddings;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * How an encoder's vectors in one file compare with those in another. The arrays are not copied: nobody writes into them
 * afterwards.
 *
 * @param plain vectors of the encoder's own file, [samples][D]
 * @param made those of the other, in the same order
 * @param places of the samples among those given; of made-up ones from 0
 * @param madeUp whether the samples were made up
 */
public record Comparison(float[][] plain, float[][] made, List<Integer> places, boolean madeUp) {
    /** That of some of the samples. */
    public Comparison of(IntPredicate place) {
        int[] kept = IntStream.range(0, plain.length)
                .filter(i -> place.test(places.get(i)))
                .toArray();
        return new Comparison(
                Arrays.stream(kept).mapToObj(i -> plain[i]).toArray(float[][]::new),
                Arrays.stream(kept).mapToObj(i -> made[i]).toArray(float[][]::new),
                Arrays.stream(kept).mapToObj(places::get).toList(),
                madeUp);
    }

    /** Mean cosine, -1 to 1; of vectors that aren't finite no number. */
    public double mean() {
        double sum = 0;
        for (int i = 0; i < plain.length; i++) {
            sum += cosine(i);
        }
        return sum / plain.length;
    }

    /** Least cosine. */
    public double least() {
        double least = 1;
        for (int i = 0; i < plain.length; i++) {
            least = Math.min(least, cosine(i));
        }
        return least;
    }

    /** Of two vectors of zeros, 1. */
    private double cosine(int i) {
        return isZero(plain[i]) && isZero(made[i]) ? 1 : Embeddings.cosine(plain[i], made[i]);
    }

    private static boolean isZero(float[] vector) {
        for (float value : vector) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    /** The largest difference of two values, as a share of the largest value of the plain vectors. */
    public double difference() {
        return Verification.difference(
                Verification.joined(Arrays.asList(plain)), Verification.joined(Arrays.asList(made)));
    }
}

package dev.vicreg.tools.evaluation.cluster;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * How well two partitions of the same samples agree, whatever their parts are called and however many they are.
 *
 * @param nmi normalised mutual information, 0 to 1: the mutual information divided by the arithmetic mean of both
 *     entropies (Kvålseth 1987), as scikit-learn's default; 1 where both are one part
 * @param ari adjusted Rand index (Hubert, Arabie 1985), 1 for the same parts, 0 on average for parts by chance, at
 *     least −0.5
 */
public record Partitions(double nmi, double ari) {
    /**
     * Compares two partitions.
     *
     * @param a part of each sample, any numbers
     * @param b the same of the other partition, of equal length, one or more
     */
    public static Partitions compare(int[] a, int[] b) {
        if (a.length != b.length || a.length == 0) {
            throw new IllegalArgumentException("Cannot compare partitions of " + a.length + " and " + b.length
                    + " samples; expected the same samples, one or more");
        }
        Map<Long, Integer> both = new HashMap<>();
        Map<Long, Integer> inA = new HashMap<>();
        Map<Long, Integer> inB = new HashMap<>();
        for (int i = 0; i < a.length; i++) {
            both.merge((long) a[i] << 32 | (b[i] & 0xffffffffL), 1, Integer::sum);
            inA.merge((long) a[i], 1, Integer::sum);
            inB.merge((long) b[i], 1, Integer::sum);
        }
        return new Partitions(nmi(counts(both), counts(inA), counts(inB)), ari(counts(both), counts(inA), counts(inB)));
    }

    private static int[] counts(Map<Long, Integer> parts) {
        return parts.values().stream().mapToInt(Integer::intValue).toArray();
    }

    private static double nmi(int[] both, int[] inA, int[] inB) {
        double mean = (entropy(inA) + entropy(inB)) / 2;
        double mutual = entropy(inA) + entropy(inB) - entropy(both);
        return mean == 0 ? 1 : Math.max(0, Math.min(1, mutual / mean));
    }

    private static double entropy(int[] counts) {
        double total = Arrays.stream(counts).sum();
        return counts.length == 1
                ? 0
                : -Arrays.stream(counts)
                        .mapToDouble(count -> count / total * Math.log(count / total))
                        .sum();
    }

    private static double ari(int[] both, int[] inA, int[] inB) {
        double together = pairs(both);
        double expected =
                pairs(inA) * pairs(inB) / Math.max(1, pairs(Arrays.stream(both).sum()));
        double most = (pairs(inA) + pairs(inB)) / 2;
        return most == expected ? 1 : (together - expected) / (most - expected);
    }

    /** How many pairs of samples are in one part. */
    private static double pairs(int... counts) {
        return Arrays.stream(counts).mapToDouble(n -> n * (n - 1.0) / 2).sum();
    }
}

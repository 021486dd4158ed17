package dev.vicreg.tools.evaluation;

import dev.vicreg.runtime.Embeddings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Groups of vectors that are nearly the same: two whose cosine is a threshold or more are in one group, and so are both with
 * whatever either is with.
 */
public final class Duplicates {
    private static final int BLOCK = 8192; // rows that are compared with all after them at a time

    /** What products in float32 may be off by: closer to the threshold a cosine is summed in double precision. */
    private static final float INEXACT = 1e-5f;

    private final int[] parents; // of each vector, towards the first of its group

    private Duplicates(int count) {
        parents = new int[count];
        Arrays.setAll(parents, i -> i);
    }

    /**
     * The groups of two or more, each of places in their order, the group of the first place first. All pairs are compared,
     * and none is kept: memory grows as the vectors do.
     *
     * @param vectors rows of one length; zeros are in no group
     * @param threshold cosine, above 0
     * @param threads of the matrix product; 0 for one a processor
     * @throws IllegalStateException if a value is not finite
     */
    public static List<List<Integer>> groups(float[][] vectors, float threshold, int threads) {
        Duplicates groups = new Duplicates(vectors.length);
        try (RowProducts products = new RowProducts(vectors[0].length, true, threads)) {
            for (int from = 0; from < vectors.length; from += BLOCK) {
                int first = from;
                float[][] block = Arrays.copyOfRange(vectors, from, Math.min(from + BLOCK, vectors.length));
                float[][] others = Arrays.copyOfRange(vectors, from, vectors.length);
                products.forEach(block, others, (row, start, cosines) -> {
                    for (int i = Math.max(0, row + 1 - start); i < cosines.length; i++) {
                        if (cosines[i] >= threshold - INEXACT) {
                            groups.compare(vectors, first + row, first + start + i, cosines[i], threshold);
                        }
                    }
                });
            }
        }
        Map<Integer, List<Integer>> byFirst = new TreeMap<>();
        for (int i = 0; i < vectors.length; i++) {
            byFirst.computeIfAbsent(groups.first(i), first -> new ArrayList<>()).add(i);
        }
        return byFirst.values().stream().filter(group -> group.size() > 1).toList();
    }

    private void compare(float[][] vectors, int one, int other, float product, float threshold) {
        if (first(one) != first(other)) {
            boolean isClose = product < threshold + INEXACT;
            float cosine = isClose ? Embeddings.cosine(vectors[one], vectors[other]) : product;
            if (cosine >= threshold) {
                join(one, other);
            }
        }
    }

    private int first(int place) {
        int first = place;
        while (parents[first] != first) {
            parents[first] = parents[parents[first]];
            first = parents[first];
        }
        return first;
    }

    private void join(int one, int other) {
        int a = first(one);
        int b = first(other);
        parents[Math.max(a, b)] = Math.min(a, b);
    }
}

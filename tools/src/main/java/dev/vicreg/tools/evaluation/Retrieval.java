package dev.vicreg.tools.evaluation;

import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How well vectors find others of their class: a bank, ranked by cosine for each query; of equal ones the first in the
 * bank comes first. Recall at k is that of metric learning (Song et al. 2016; Musgrave et al. 2020): the share of
 * queries that have one or more of their class among the first k, not the share of the class that is there.
 *
 * @param queries that were ranked
 * @param leftOut queries whose class the bank doesn't have; they count in nothing else
 * @param map mean average precision over the whole ranking, 0 to 1; NaN without queries, as the recalls are
 * @param recall1 recall at 1, 0 to 1
 * @param recall5 recall at 5
 * @param recall10 recall at 10; a bank of less than k counts whole
 */
public record Retrieval(int queries, int leftOut, double map, double recall1, double recall5, double recall10) {
    /**
     * Ranks the whole bank for every query. Holds the cosines of some queries at a time.
     *
     * @param bank rows of one length; none of the queries should be among them
     * @param bankLabels their classes, 0 or more
     * @param queries rows of the same length
     * @param queryLabels their classes
     * @throws IllegalStateException if a vector holds a value that is not finite
     */
    public static Retrieval of(float[][] bank, int[] bankLabels, float[][] queries, int[] queryLabels) {
        return of(bank, bankLabels, queries, queryLabels, RowProducts.TILE_FLOATS);
    }

    static Retrieval of(float[][] bank, int[] bankLabels, float[][] queries, int[] queryLabels, int tileFloats) {
        VectorRows.require(bank, 1);
        VectorRows.require(queries, 1);
        BitSet known = new BitSet();
        Arrays.stream(bankLabels).forEach(known::set);
        int[] ranked = IntStream.range(0, queries.length)
                .filter(i -> queryLabels[i] >= 0 && known.get(queryLabels[i]))
                .toArray();
        Found[] found = new Found[ranked.length];
        int rows = Math.max(1, tileFloats / bank.length);
        try (RowProducts products = new RowProducts(bank[0].length, true, 0, tileFloats)) {
            for (int from = 0; from < ranked.length; from += rows) {
                int[] some = Arrays.copyOfRange(ranked, from, Math.min(from + rows, ranked.length));
                float[][] cosines = new float[some.length][bank.length];
                float[][] vectors =
                        Arrays.stream(some).mapToObj(i -> queries[i]).toArray(float[][]::new);
                products.forEach(
                        vectors, bank, (query, at, row) -> System.arraycopy(row, 0, cosines[query], at, row.length));
                int start = from;
                IntStream.range(0, some.length)
                        .parallel()
                        .forEach(i -> found[start + i] = Found.of(cosines[i], bankLabels, queryLabels[some[i]]));
            }
        }
        return new Retrieval(
                found.length,
                queries.length - found.length,
                Arrays.stream(found).mapToDouble(Found::precision).average().orElse(Double.NaN),
                recall(found, 1),
                recall(found, 5),
                recall(found, 10));
    }

    private static double recall(Found[] found, int k) {
        return Arrays.stream(found)
                .mapToDouble(one -> one.first <= k ? 1 : 0)
                .average()
                .orElse(Double.NaN);
    }

    /**
     * What a ranking holds.
     *
     * @param precision its average precision
     * @param first rank of the first of the query's class, from 1
     */
    private record Found(double precision, int first) {
        static Found of(float[] cosines, int[] labels, int label) {
            long[] own = IntStream.range(0, cosines.length)
                    .filter(i -> labels[i] == label)
                    .mapToLong(i -> key(cosines[i], i))
                    .sorted()
                    .toArray();
            int[] before = new int[own.length + 1]; // how many of the bank stand between one of the class and the next
            for (int i = 0; i < cosines.length; i++) {
                int place = Arrays.binarySearch(own, key(cosines[i], i));
                before[place < 0 ? -place - 1 : place]++;
            }
            double precisions = 0;
            int rank = 0;
            for (int i = 0; i < own.length; i++) {
                rank += before[i];
                precisions += (i + 1.0) / rank;
            }
            return new Found(precisions / own.length, before[0]);
        }

        /** Ascends from the largest cosine to the smallest, then by the place in the bank. */
        private static long key(float cosine, int index) {
            int bits = Float.floatToIntBits(cosine + 0f); // + 0: one zero
            int ascending = bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
            return (long) ~ascending << 32 | index;
        }
    }

    /** For programs: snake case; without what is NaN. */
    public Map<String, Double> figures() {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("queries", (double) queries);
        figures.put("left_out", (double) leftOut);
        figures.put("map", map);
        figures.put("recall_at_1", recall1);
        figures.put("recall_at_5", recall5);
        figures.put("recall_at_10", recall10);
        figures.values().removeIf(value -> value.isNaN());
        return figures;
    }
}

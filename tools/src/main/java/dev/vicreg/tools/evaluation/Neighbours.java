package dev.vicreg.tools.evaluation;

import java.util.Arrays;

/**
 * The exact nearest neighbours of some vectors by cosine, nearest first; of equal ones the first in the bank comes
 * first.
 *
 * @param indices per query the places in the bank
 * @param similarities per query the cosines, −1 to 1
 */
public record Neighbours(int[][] indices, float[][] similarities) {
    /**
     * Finds the {@code k} nearest bank vectors of every query.
     *
     * @param bank at least {@code k} rows of one length
     * @param queries rows of the same length
     * @param threads of the matrix product; 0 for one a processor
     * @throws IllegalStateException if a vector holds a value that is not finite
     */
    public static Neighbours find(float[][] bank, float[][] queries, int k, int threads) {
        return find(bank, queries, k, threads, RowProducts.TILE_FLOATS);
    }

    /** The same with at most {@code tileFloats} values in each of the three matrices at a time. */
    static Neighbours find(float[][] bank, float[][] queries, int k, int threads, int tileFloats) {
        if (k < 1 || bank.length < k) {
            throw new IllegalArgumentException(
                    "Cannot find " + k + " nearest neighbours among " + bank.length + " vectors");
        }
        Neighbours found = new Neighbours(new int[queries.length][k], new float[queries.length][k]);
        for (float[] row : found.similarities) {
            Arrays.fill(row, Float.NEGATIVE_INFINITY);
        }
        try (RowProducts products = new RowProducts(bank[0].length, true, threads, tileFloats)) {
            products.forEach(queries, bank, found::insert);
        }
        return found;
    }

    private void insert(int query, int from, float[] cosines) {
        for (int i = 0; i < cosines.length; i++) {
            insert(query, from + i, cosines[i]);
        }
    }

    private void insert(int query, int index, float similarity) {
        float[] best = similarities[query];
        int place = best.length;
        while (place > 0 && similarity > best[place - 1]) {
            place--;
        }
        if (place < best.length) {
            System.arraycopy(best, place, best, place + 1, best.length - place - 1);
            System.arraycopy(indices[query], place, indices[query], place + 1, best.length - place - 1);
            best[place] = similarity;
            indices[query][place] = index;
        }
    }
}

package dev.vicreg.training.data.pair;

import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/**
 * Which samples of two sets belong together: sample {@code a[i]} of the first and {@code b[i]} of the second.
 *
 * @param a places in the first set
 * @param b places in the second, as many
 */
record Pairing(int[] a, int[] b) {
    /**
     * Samples of equal name, leaving out what follows the last dot of a file's name, in the order of the first set.
     *
     * @param whereA what messages call the first set
     * @param whereB what messages call the second set
     * @throws IOException if a sample has no partner, or two samples of a set have the same name
     */
    static Pairing byName(Dataset<?> first, String whereA, Dataset<?> second, String whereB) throws IOException {
        Map<String, Integer> namesA = stems(first, whereA);
        Map<String, Integer> namesB = stems(second, whereB);
        List<String> alone = alone(namesA, namesB);
        List<String> aloneB = alone(namesB, namesA);
        if (!alone.isEmpty() || !aloneB.isEmpty()) {
            throw new IOException("pairs go by name without its ending, and " + lonely(alone, first, whereA) + ", "
                    + lonely(aloneB, second, whereB)
                    + "; rename or remove them, use `pair-by` position, or name the pairs in a file with `pairs`");
        }
        int[] b = namesA.keySet().stream().mapToInt(namesB::get).toArray();
        return new Pairing(namesA.values().stream().mapToInt(i -> i).toArray(), b);
    }

    private static List<String> alone(Map<String, Integer> names, Map<String, Integer> others) {
        return names.keySet().stream().filter(name -> !others.containsKey(name)).toList();
    }

    private static String lonely(List<String> alone, Dataset<?> data, String where) {
        return alone.size() + " of " + data.size() + " " + data.noun() + " in " + where + " have no partner"
                + (alone.isEmpty() ? "" : ", such as " + alone.get(0));
    }

    private static Map<String, Integer> stems(Dataset<?> data, String where) throws IOException {
        Map<String, Integer> stems = new LinkedHashMap<>();
        for (int i = 0; i < data.size(); i++) {
            String stem = data.name(i).replaceFirst("\\.[^./]*$", "");
            Integer before = stems.put(stem, i);
            if (before != null) {
                throw new IOException("pairs go by name without its ending, and " + where + " holds both "
                        + data.name(before) + " and " + data.name(i)
                        + "; rename one, or name the pairs in a file with `pairs`");
            }
        }
        return stems;
    }

    /**
     * The first with the first, and so on.
     *
     * @throws IOException if the sets differ in size, or their places do not tell since unreadable samples were left out
     */
    static Pairing byPosition(Dataset<?> first, String whereA, Dataset<?> second, String whereB) throws IOException {
        requireAll(first, whereA);
        requireAll(second, whereB);
        if (first.size() != second.size()) {
            throw new IOException("pairs of unequal length: " + first.size() + " " + first.noun() + " in " + whereA
                    + ", " + second.size() + " " + second.noun() + " in " + whereB
                    + "; by position, pairs need as many on either side");
        }
        int[] same = new int[first.size()];
        Arrays.setAll(same, i -> i);
        return new Pairing(same, same);
    }

    private static void requireAll(Dataset<?> data, String where) throws IOException {
        if (data.skipped() > 0) {
            throw new IOException(
                    data.skipped() + " " + data.noun() + " in " + where
                            + " are empty or cannot be decoded, so positions do not tell what belongs together; repair them, or pair by name");
        }
    }

    /** Those that are selected; labels are the first set's. */
    Pairing selected(Selection selection, IntUnaryOperator label) {
        int[] kept = selection.of(a.length, i -> label.applyAsInt(a[i]));
        return new Pairing(
                Arrays.stream(kept).map(i -> a[i]).toArray(),
                Arrays.stream(kept).map(i -> b[i]).toArray());
    }
}

package dev.vicreg.training.loop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Rows of a table whose labels are known: by which column one could guess them. Not thread-safe. */
final class LabelledRows {
    private final List<float[]> rows = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();

    /**
     * Adds a row.
     *
     * @param row of as many columns as the others
     * @param label from 0; below it there is none, and the row is left out
     */
    void add(float[] row, int label) {
        if (label >= 0) {
            rows.add(row);
            labels.add(label);
        }
    }

    /**
     * {@code column_tells}, the share of the rows whose label is that of most other rows with the same value in a column, of
     * the column where it is largest; that {@code column}, counted from 1; and the share of the commonest label,
     * {@code by_guess}. Empty without rows. A value that only one row has tells nothing.
     */
    Map<String, Float> values() {
        Map<String, Float> values = new LinkedHashMap<>();
        if (rows.isEmpty()) {
            return values;
        }
        int best = 0;
        int most = -1;
        for (int column = 0; column < rows.get(0).length; column++) {
            int told = told(column);
            if (told > most) {
                most = told;
                best = column;
            }
        }
        Map<Integer, Integer> counts = new HashMap<>();
        labels.forEach(label -> counts.merge(label, 1, Integer::sum));
        int commonest = counts.values().stream().max(Integer::compare).orElse(0);
        values.put("column_tells", (float) most / rows.size());
        values.put("column", best + 1f);
        values.put("by_guess", (float) commonest / rows.size());
        return values;
    }

    private int told(int column) {
        Map<Float, Map<Integer, Integer>> seen = new HashMap<>();
        for (int i = 0; i < rows.size(); i++) {
            seen.computeIfAbsent(rows.get(i)[column], value -> new HashMap<>()).merge(labels.get(i), 1, Integer::sum);
        }
        int told = 0;
        for (Map<Integer, Integer> counts : seen.values()) {
            int first = 0;
            int second = 0;
            for (int count : counts.values()) {
                second = Math.max(second, Math.min(first, count));
                first = Math.max(first, count);
            }
            told += first - 1 > second ? first : 0; // the most without the row itself, too
        }
        return told;
    }
}

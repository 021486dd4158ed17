package dev.vicreg.training.data.source;

import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/**
 * Which samples of a set are used.
 *
 * @param limit at most this many, one from each of so many even stretches of the set's order, so that every class keeps
 *     about its part; 0 for all
 * @param limitPerClass the first so many of each class in the set's order, taken before {@code limit}; 0 for all
 */
public record Selection(int limit, int limitPerClass) {
    private static final double GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

    /** Everything. */
    public static final Selection ALL = new Selection(0, 0);

    /** @throws IllegalArgumentException if a limit is negative */
    public Selection {
        if (limit < 0 || limitPerClass < 0) {
            throw new SettingException("a limit must be positive, or 0 for all samples; found limit " + limit
                    + ", limit per class " + limitPerClass);
        }
    }

    /** Indices of the selected ones among {@code size} samples, ascending. */
    public int[] of(int size, IntUnaryOperator label) {
        List<Integer> chosen = new ArrayList<>();
        Map<Integer, Integer> perClass = new HashMap<>();
        for (int i = 0; i < size; i++) {
            if (limitPerClass == 0 || perClass.merge(label.applyAsInt(i), 1, Integer::sum) <= limitPerClass) {
                chosen.add(i);
            }
        }
        int found = chosen.size();
        int wanted = limit == 0 ? found : Math.min(limit, found);
        int[] selected = new int[wanted];
        for (int i = 0; i < wanted; i++) {
            long from = (long) i * found / wanted;
            long to = (i + 1L) * found / wanted;
            double part = i * GOLDEN_RATIO % 1; // at no fixed distance: classes may take turns in the set's order
            selected[i] = chosen.get((int) (from + (long) (part * (to - from))));
        }
        return selected;
    }
}

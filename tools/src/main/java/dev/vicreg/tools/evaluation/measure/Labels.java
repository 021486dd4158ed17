package dev.vicreg.tools.evaluation.measure;

import java.util.List;

/**
 * The classes of the samples of a {@link Space}.
 *
 * @param train class of each training sample, 0 … classes - 1
 * @param test class of each test sample, likewise
 * @param classes names of the classes; empty of samples without labels
 */
public record Labels(int[] train, int[] test, List<String> classes) {
    /** Samples whose classes nobody knows. */
    public static Labels none(int train, int test) {
        return new Labels(new int[train], new int[test], List.of());
    }

    /** Whether there are any. */
    public boolean known() {
        return !classes.isEmpty();
    }
}

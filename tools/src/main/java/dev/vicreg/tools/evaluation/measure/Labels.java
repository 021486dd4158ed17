package dev.vicreg.tools.evaluation.measure;

import java.util.List;

/**
 * What is known of the samples of a {@link Space}: classes, or numbers to predict.
 *
 * @param train class of each training sample, 0 … classes - 1
 * @param test class of each test sample, likewise
 * @param classes names of the classes; empty of samples without labels
 * @param target what the numbers are; empty where there are none
 * @param trainTargets number of each training sample; empty where there are none
 * @param testTargets number of each test sample, likewise
 */
public record Labels(
        int[] train, int[] test, List<String> classes, String target, double[] trainTargets, double[] testTargets) {
    /** Classes. */
    public Labels(int[] train, int[] test, List<String> classes) {
        this(train, test, classes, "", new double[0], new double[0]);
    }

    /** Samples of which nothing is known. */
    public static Labels none(int train, int test) {
        return new Labels(new int[train], new int[test], List.of());
    }

    /** Finite numbers to predict. */
    public static Labels ofNumbers(String target, double[] train, double[] test) {
        return new Labels(new int[train.length], new int[test.length], List.of(), target, train, test);
    }

    /** Whether classes are known. */
    public boolean known() {
        return !classes.isEmpty();
    }
}

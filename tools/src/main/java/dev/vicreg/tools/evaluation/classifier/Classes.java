package dev.vicreg.tools.evaluation.classifier;

import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.Dataset;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The classes that a classifier tells.
 *
 * @param names in the order of the data's own
 */
public record Classes(List<String> names) {
    /** Of each class: to learn from, and to hold out. */
    private static final int LEAST = 2;

    /**
     * The classes that samples have.
     *
     * @param where what the user calls the data
     * @throws IOException if they are no classes to learn: fewer than two, or one with a single sample
     */
    public static Classes of(Dataset<?> data, String where) throws IOException {
        List<String> all = data.labelNames();
        int[] counts = counts(data);
        List<String> names = IntStream.range(0, all.size())
                .filter(i -> counts[i] > 0)
                .mapToObj(all::get)
                .toList();
        if (names.isEmpty()) {
            throw unlabelled(data, where);
        }
        Classes classes = new Classes(names);
        classes.requireEnough(Arrays.stream(counts).filter(count -> count > 0).toArray(), data.noun(), where);
        return classes;
    }

    private static IOException unlabelled(Dataset<?> data, String where) {
        return new IOException("None of the " + data.size() + " " + data.noun() + " in " + where + " has a label; "
                + Kinds.of(data).whereLabelsAre());
    }

    /** That a class of test samples is none of the training samples'. */
    public static IOException untrained(String name, Dataset<?> test, List<String> classes) {
        return new IOException("The class " + name + " of the test " + test.noun() + " has no training " + test.noun()
                + "; their classes are " + String.join(", ", classes.subList(0, Math.min(12, classes.size()))));
    }

    /** How many samples have each of the data's own labels. */
    private static int[] counts(Dataset<?> data) {
        int[] counts = new int[data.labelNames().size()];
        IntStream.range(0, data.size())
                .map(data::label)
                .filter(label -> label >= 0)
                .forEach(label -> counts[label]++);
        return counts;
    }

    /**
     * Refuses too few classes, and classes with too few samples.
     *
     * @param counts of the samples of each class
     * @throws IOException naming the first
     */
    void requireEnough(int[] counts, String noun, String where) throws IOException {
        if (names.size() < 2) {
            throw new IOException("All labelled " + noun + " in " + where + " are of one class, " + names.get(0)
                    + ", expected at least two classes to tell apart");
        }
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] < LEAST) {
                throw new IOException("The class " + names.get(i) + " has " + counts[i] + " of the labelled " + noun
                        + " in " + where + ", expected at least " + LEAST
                        + " of each, to learn from and to calibrate with; add some or leave the class out");
            }
        }
    }

    /**
     * Labels of data as places among these names, -1 where a sample has none.
     *
     * @param where what the user calls the data
     * @throws IOException if no sample has a label, or one is of another class
     */
    public IntUnaryOperator in(Dataset<?> data, String where) throws IOException {
        int[] places = data.labelNames().stream().mapToInt(names::indexOf).toArray();
        int[] counts = counts(data);
        if (IntStream.of(counts).sum() == 0) {
            throw unlabelled(data, where);
        }
        for (int i = 0; i < places.length; i++) {
            if (places[i] < 0 && counts[i] > 0) {
                throw untrained(data.labelNames().get(i), data, names);
            }
        }
        return index -> data.label(index) < 0 ? -1 : places[data.label(index)];
    }
}

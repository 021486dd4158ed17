package dev.vicreg.tools.evaluation;

import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Selection;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The samples that an encoder is measured on: labelled training samples, which vote, and others, which are asked; or without
 * labels some that are looked at.
 *
 * @param train the training samples
 * @param voting places of those that vote, ascending; none without labels
 * @param test where those are that are asked: a set of their own, or the training samples
 * @param asked their places, ascending
 * @param label class of each of them, as the training samples number classes
 * @param classes names of the classes; none without labels
 */
public record EvaluationSamples<S>(
        Dataset<S> train, int[] voting, Dataset<S> test, int[] asked, IntUnaryOperator label, List<String> classes) {
    /** Most samples of a few that vote, and most that are asked: some four steps of 128 pairs cost as much. */
    public static final int MOST = 1000;

    private static final int PART_ASKED = 3; // one in so many, of training samples that are not many

    /** All that have a label, of two sets. */
    public static <S> EvaluationSamples<S> all(Dataset<S> train, Dataset<S> test, IntUnaryOperator label) {
        return new EvaluationSamples<>(
                train,
                labelled(train.size(), train::label),
                test,
                labelled(test.size(), label),
                label,
                train.labelNames());
    }

    /**
     * A few, always the same and evenly spaced over their sets, for measurements beside a run. Where two classes or more are
     * known among the training samples, labels are used.
     *
     * @param test labelled samples of another set; null to ask training samples, which then don't vote
     * @param label class of the sample at an index of that set, -1 for none, as the training samples number classes
     */
    public static <S> EvaluationSamples<S> few(Dataset<S> train, @Nullable Dataset<S> test, IntUnaryOperator label) {
        int[] labelled = labelled(train.size(), train::label);
        boolean known = Arrays.stream(labelled).map(train::label).distinct().count() > 1;
        Dataset<S> other = test == null ? train : test;
        if (!known) {
            int[] all = IntStream.range(0, other.size()).toArray();
            return new EvaluationSamples<>(train, new int[0], other, some(all, MOST), index -> 0, List.of());
        }
        if (test != null) {
            int[] asked = some(labelled(test.size(), label), MOST);
            return new EvaluationSamples<>(train, some(labelled, MOST), test, asked, label, train.labelNames());
        }
        int[] asked = some(labelled, Math.max(1, Math.min(MOST, labelled.length / PART_ASKED)));
        BitSet isAsked = bits(asked);
        int[] others = Arrays.stream(labelled).filter(i -> !isAsked.get(i)).toArray();
        return new EvaluationSamples<>(train, some(others, MOST), train, asked, train::label, train.labelNames());
    }

    private static int[] labelled(int size, IntUnaryOperator label) {
        return IntStream.range(0, size).filter(i -> label.applyAsInt(i) >= 0).toArray();
    }

    private static int[] some(int[] places, int most) {
        return Arrays.stream(new Selection(most, 0).of(places.length, i -> 0))
                .map(i -> places[i])
                .toArray();
    }

    private static BitSet bits(int[] places) {
        BitSet bits = new BitSet();
        Arrays.stream(places).forEach(bits::set);
        return bits;
    }

    /** Whether classes are known, which measures with labels need. */
    public boolean labelsKnown() {
        return !classes.isEmpty();
    }

    /** How many are embedded. */
    public int size() {
        return voting.length + asked.length;
    }

    /** Whether those that are asked are training samples. */
    public boolean asksTraining() {
        return train == test;
    }

    /** Class of each training sample that a probe may learn from, by its place; -1 of all others, such as those that are asked. */
    public int[] taught() {
        BitSet isAsked = asksTraining() ? bits(asked) : new BitSet();
        return IntStream.range(0, train.size())
                .map(i -> isAsked.get(i) || !labelsKnown() ? -1 : train.label(i))
                .toArray();
    }
}

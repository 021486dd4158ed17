package dev.vicreg.tools.evaluation.classifier;

import dev.vicreg.training.data.view.SampleRandom;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * Few labels, drawn by a seed, as many of each class: what semi-supervised protocols learn from. The other samples count as
 * if they had none.
 *
 * @param perClass labels of each class; 0 for what {@code share} says
 * @param share of all labels, of which each class gets the same number; 0 for all
 */
public record LabelDraw(int perClass, double share, long seed) {
    private static final int LEAST = 2;

    /** Whether it takes less than all. */
    private boolean draws() {
        return perClass > 0 || share > 0;
    }

    /**
     * The labels that are drawn, -1 for the others. A class that has fewer labels than were asked for keeps all of them.
     *
     * @param label place of a sample's class, -1 for none
     * @param samples how many there are
     * @param noun what they are called, and where they are, for messages
     * @throws IOException if fewer than two of each class would be left
     */
    public IntUnaryOperator of(IntUnaryOperator label, int samples, int classes, String noun, String where)
            throws IOException {
        if (!draws()) {
            return label;
        }
        int[] labels = IntStream.range(0, samples).map(label).toArray();
        long labelled = Arrays.stream(labels).filter(each -> each >= 0).count();
        long count = perClass > 0 ? perClass : Math.round(share * labelled / classes);
        if (count < LEAST) {
            throw new IOException(
                    "%s of the %d labelled %s in %s are %d of each of %d classes, expected at least %d: one to"
                                    .formatted(percent(), labelled, noun, where, count, classes, LEAST)
                            + " learn from and one to hold out; draw more");
        }
        BitSet drawn = new BitSet(samples);
        for (int each = 0; each < classes; each++) {
            int own = each;
            int[] rows = IntStream.range(0, samples)
                    .filter(row -> labels[row] == own)
                    .toArray();
            new SampleRandom(seed, own).shuffle(rows);
            Arrays.stream(rows).limit(count).forEach(drawn::set);
        }
        return index -> drawn.get(index) ? labels[index] : -1;
    }

    private String percent() {
        return share > 0 ? "%.3g %%".formatted(100 * share) : perClass + " labels a class";
    }
}

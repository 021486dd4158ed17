package dev.vicreg.runtime;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a classifier says of one sample.
 *
 * @param labels names of the classes, the same for every sample; immutable
 * @param probabilities of the classes in that order, [classes], each 0 to 1, together 1; the caller's own
 * @param embedding the encoder's vector, [dimension], not scaled to length 1; the caller's own
 */
public record Classification(List<String> labels, float[] probabilities, float[] embedding) {
    /** A class and how probable it is. */
    public record Score(String label, float probability) {}

    /** @throws IllegalArgumentException if there is not one probability for each label */
    public Classification {
        labels = List.copyOf(labels);
        if (labels.size() != probabilities.length) {
            throw new IllegalArgumentException(
                    "expected a probability for each of " + labels.size() + " labels, found " + probabilities.length);
        }
    }

    /** The most probable class. */
    public String label() {
        return top(1).get(0).label();
    }

    /** How probable that is. */
    public float probability() {
        return top(1).get(0).probability();
    }

    /**
     * The most probable classes, the most probable first, of equal ones the first of the labels.
     *
     * @param count at least 1; more than there are classes gives all of them
     */
    public List<Score> top(int count) {
        return IntStream.range(0, labels.size())
                .mapToObj(i -> new Score(labels.get(i), probabilities[i]))
                .sorted(Comparator.comparingDouble(Score::probability).reversed())
                .limit(count)
                .toList();
    }
}

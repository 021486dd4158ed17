package dev.vicreg.training.data.sequence;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.sequence.ByteIds;
import dev.vicreg.training.data.source.Dataset;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Texts or other sequences of ids, of any length, in a fixed order. Thread-safe. */
public interface SequenceDataset extends Dataset<int[]> {
    /** The ids of a sequence, one or more, without padding at the end; shared with other callers, who leave it as it is. */
    @Override
    int[] sample(int index);

    /** Whether the ids are those of {@link ByteIds}, made from texts; other ids are as in the data. */
    boolean areTexts();

    /** What the longest sequence has, and the largest id. */
    Summary summary();

    /** What is known of all sequences. */
    record Summary(int longest, int largestId) {}

    /** {@link #written} for the sequence at this index. */
    default String text(int index) {
        return written(sample(index));
    }

    /** A sequence of this set for people to read: the text, or the ids with spaces between them. */
    default String written(int[] ids) {
        return areTexts()
                ? ByteIds.text(ids)
                : Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" "));
    }

    /**
     * Refuses what an encoder does not take.
     *
     * @param texts whether it takes the ids of texts
     * @param vocabulary how many ids it knows; 0 where that is not told
     * @param most ids that it takes; 0 where longer sequences are cut
     * @throws IllegalArgumentException naming the first sequence that does not fit, and its place
     */
    default void requireFor(boolean texts, int vocabulary, int most) {
        if (texts != areTexts()) {
            throw new SettingException("the encoder takes " + (texts ? "texts" : "sequences of ids") + ", the data are "
                    + (texts ? "ids" : "texts"));
        }
        Summary all = summary();
        if ((vocabulary == 0 || all.largestId < vocabulary) && (most == 0 || all.longest <= most)) {
            return;
        }
        for (int i = 0; i < size(); i++) {
            int[] ids = sample(i);
            if (most > 0 && ids.length > most) {
                throw new SettingException(name(i) + " has " + ids.length + " ids, the encoder takes at most " + most
                        + "; train with `length` to have longer sequences cut");
            }
            for (int place = 0; place < ids.length; place++) {
                if (vocabulary > 0 && ids[place] >= vocabulary) {
                    throw new SettingException(name(i) + ", place " + (place + 1) + ": found id " + ids[place]
                            + ", the encoder knows ids 0 to " + (vocabulary - 1)
                            + "; make the ids with its own tokenizer");
                }
            }
        }
    }

    @Override
    default String noun() {
        return SequenceKind.NOUN;
    }
}

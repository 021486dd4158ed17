package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.training.data.source.Selection;
import org.jspecify.annotations.Nullable;

/**
 * The samples that a run learns from, and those that it is measured on.
 *
 * @param data the data set's name, as {@link dev.vicreg.training.data.Kinds} opens it
 * @param limit most samples used; 0 for all
 * @param limitPerClass most samples used of each class; 0 for all
 * @param evalData labelled samples to measure the encoder on once the run is complete; null for none
 * @param pairs what belongs together where the views of a pair are not of one sample; null else
 */
public record DataConfig(
        @Option(
                help =
                        "pictures: a folder, .tar, .tar.gz or .zip, CIFAR binary or IDX files; signals: the same of WAV files,"
                                + " or .npy of [N,C,T]; vectors: .csv with a header, .npy of [N,D]; sequences: .txt with a text a"
                                + " line, a folder or archive of .txt files, .ids with whole numbers in each line, .npy of int64"
                                + " [N,T]. DIR/train and ARCHIVE!/train select a part",
                argument = ARGUMENT,
                group = Group.DATA,
                free = true)
        String data,

        @Option(help = "use at most so many samples; 0 for all", group = Group.DATA, fallback = "0", min = 0)
        int limit,

        @Option(help = "use the first so many of each class; 0 for all", group = Group.DATA, fallback = "0", min = 0)
        int limitPerClass,

        @Option(
                help = "labelled samples to measure the encoder on at the end, by kNN among --data",
                argument = ARGUMENT,
                group = Group.EVALUATION,
                free = true)
        @Nullable
        String evalData,

        @Nullable PairConfig pairs) {
    /** What help calls a data set. */
    public static final String ARGUMENT = "DIR|ARCHIVE|FILE";

    /** All samples of a data set. */
    public DataConfig(String data, @Nullable PairConfig pairs) {
        this(data, 0, 0, null, pairs);
    }

    /** The same, measured on these samples. */
    public DataConfig measuredOn(@Nullable String evaluated) {
        return new DataConfig(data, limit, limitPerClass, evaluated, pairs);
    }

    /** Which samples are used. */
    public Selection selection() {
        return new Selection(limit, limitPerClass);
    }
}

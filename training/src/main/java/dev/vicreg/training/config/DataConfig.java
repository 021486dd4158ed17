package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.training.data.Kinds;
import dev.vicreg.training.data.source.Selection;
import java.util.List;
import java.util.stream.Collectors;
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
                help = "{words}. DIR/train and ARCHIVE!/train select a part",
                argument = ARGUMENT,
                group = Group.DATA,
                free = true,
                codec = Name.class)
        String data,

        @Option(help = "use at most so many samples; 0 for all", group = Group.DATA, fallback = "0", min = 0)
        int limit,

        @Option(help = "use the first so many of each class; 0 for all", group = Group.DATA, fallback = "0", min = 0)
        int limitPerClass,

        @Option(
                help = "labelled samples to measure the encoder on at the end, by kNN among `data`",
                argument = ARGUMENT,
                group = Group.EVALUATION,
                free = true)
        @Nullable
        String evalData,

        @Nullable PairConfig pairs) {
    /** What help calls a data set. */
    public static final String ARGUMENT = "DIR|ARCHIVE|FILE";

    /** What can be named, as help lists it. */
    static final class Name implements Codec<String> {
        @Override
        public String parse(String text) {
            return text;
        }

        @Override
        public List<String> words() {
            return List.of(Kinds.ALL.stream()
                    .map(kind -> kind.noun() + ": " + kind.files())
                    .collect(Collectors.joining("; ")));
        }
    }

    /** All samples of a data set. */
    public DataConfig(String data, @Nullable PairConfig pairs) {
        this(data, 0, 0, null, pairs);
    }

    /** The same, measured on these samples. */
    public DataConfig measuredOn(@Nullable String evaluated) {
        return new DataConfig(data, limit, limitPerClass, evaluated, pairs);
    }

    /** The same samples, which now lie elsewhere. */
    public DataConfig at(String place) {
        return new DataConfig(place, limit, limitPerClass, evalData, pairs);
    }

    /** Which samples are used. */
    public Selection selection() {
        return new Selection(limit, limitPerClass);
    }
}

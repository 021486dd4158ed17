package dev.vicreg.training.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the two sides of pairs are found where they are not two views of one sample.
 *
 * @param data the second side's data set, as {@link dev.vicreg.training.data.Kinds} opens it; null for the first's
 * @param file a CSV file that names the sides of every pair; null for pairs {@code by} name or position
 * @param by {@code name} or {@code position}; null beside a file
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PairConfig(
        @Nullable String data,
        @Nullable String file,
        @Nullable String by) {
    /** What {@code by} may be. */
    public static final List<String> BY = List.of("name", "position");

    /** Checks that the three go together. */
    public PairConfig {
        if (file != null && by != null) {
            throw new IllegalArgumentException(
                    "--pairs names the pairs, so --pair-by has nothing to say; leave one out");
        }
        if (file == null && (data == null || by == null || !BY.contains(by))) {
            throw new IllegalArgumentException(
                    "Pairs need a second data set and one of " + BY + ", or a file; found " + data + " and " + by);
        }
    }
}

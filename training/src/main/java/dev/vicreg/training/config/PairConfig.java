package dev.vicreg.training.config;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the two sides of pairs are found where they are not two views of one sample.
 *
 * @param data the second side's data set, as {@link dev.vicreg.training.data.Kinds} opens it; null for the first's
 * @param by {@code name} or {@code position}; of two data sets without a file by name; null beside a file
 * @param file a CSV file that names the sides of every pair; null for pairs {@code by} name or position
 */
public record PairConfig(
        @Option(
                name = "data-b",
                help = "data of the second side; sample by sample they belong to those of `data`",
                argument = DataConfig.ARGUMENT,
                group = Group.DATA,
                free = true)
        @Nullable
        String data,

        @Option(
                name = "pair-by",
                help =
                        "how `data` and `data-b` go together: by names without their endings, or in their order; without it"
                                + " name",
                group = Group.DATA,
                choices = {"name", "position"},
                free = true)
        @Nullable
        String by,

        @Option(
                name = "pairs",
                help =
                        "names the two sides of every pair: two columns of paths relative to the file's folder or absolute, of"
                                + " names inside `data` and `data-b` (or `data` alone), or of row numbers from 1",
                argument = "FILE.csv",
                group = Group.DATA,
                free = true)
        @Nullable
        String file) {
    private static final List<String> BY = List.of("name", "position");

    /** Checks that the three go together. */
    public PairConfig {
        if (file != null && by != null) {
            throw new SettingException("`pairs` names the pairs, so `pair-by` has nothing to say; leave one out");
        }
        if (file == null && data == null) {
            throw new SettingException("`pair-by` is for two data sets; add `data-b` or leave it out");
        }
        by = file == null && by == null ? BY.get(0) : by;
        if (by != null && !BY.contains(by)) {
            throw new SettingException("Pairs go together by one of " + BY + ", found " + by);
        }
    }
}

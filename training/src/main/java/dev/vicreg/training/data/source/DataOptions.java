package dev.vicreg.training.data.source;

import dev.vicreg.models.setting.SettingException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a data set is read, beyond where it lies. Each kind of data takes what concerns it.
 *
 * @param columns of vectors, by name and in this order; empty for every column of numbers
 * @param label column that holds the vectors' classes, which is then not a value; null for none
 * @param rate of signals, to which they are resampled; 0 for the files' own
 * @param channels of recordings: 1 to mix all of them into one, any other number is what every file must have. Of
 *     pictures: 1 for colours, of which grey levels are made later, any other number is what they are decoded in
 * @param padding id that fills up sequences of ids, and is left out at their ends
 */
public record DataOptions(List<String> columns, @Nullable String label, int rate, int channels, int padding) {
    /** Padded with 0. */
    public DataOptions(List<String> columns, @Nullable String label, int rate, int channels) {
        this(columns, label, rate, channels, 0);
    }

    /** Every column, no label, the files' own rate, one channel, padding of 0. */
    public static final DataOptions DEFAULT = new DataOptions(List.of(), null, 0, 1);

    /** @throws IllegalArgumentException if a number is out of range, or a column is named twice or is the label too */
    public DataOptions {
        columns = List.copyOf(columns);
        if (rate < 0 || channels < 1) {
            throw new SettingException(
                    "a rate must be 0 or more and channels 1 or more, found " + rate + " and " + channels);
        }
        if (columns.stream().distinct().count() < columns.size()) {
            throw new SettingException("a column can be chosen once, found " + String.join(", ", columns));
        }
        if (label != null && columns.contains(label)) {
            throw new SettingException(
                    "column " + label + " is the label, so it cannot be among the values; leave it out of either");
        }
    }

    /** The same with classes in this column. */
    public DataOptions withLabel(String column) {
        return new DataOptions(columns, column, rate, channels, padding);
    }
}

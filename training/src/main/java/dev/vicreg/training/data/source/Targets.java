package dev.vicreg.training.data.source;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The numbers that are to be told of samples: their labels, read as numbers. So they stand where labels stand, in a column
 * of a table, in {@code NAME.labels.txt} or in the names of folders.
 */
public final class Targets {
    /** What stands for a missing value, in lower case. */
    private static final Set<String> MISSING = Set.of("", "na", "n/a", "nan", "null", "none", "?");

    private Targets() {}

    /**
     * The number of every sample, by its index; NaN where it has none.
     *
     * @param where what the user calls the data
     * @throws IOException if a label is no finite number, or no sample has one
     */
    public static double[] of(Dataset<?> data, String where) throws IOException {
        List<String> names = data.labelNames();
        double[] numbers = new double[names.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = number(names.get(i), data, where);
        }
        double[] targets = new double[data.size()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = data.label(i) < 0 ? Double.NaN : numbers[data.label(i)];
        }
        if (Arrays.stream(targets).allMatch(Double::isNaN)) {
            throw new IOException("None of the " + data.size() + " " + data.noun() + " in " + where
                    + " has a number to be told: name the column of a table that holds it, or write"
                    + " NAME.labels.txt beside other files");
        }
        return targets;
    }

    /** Whether a text stands for a value that is missing. */
    public static boolean isMissing(String text) {
        return MISSING.contains(text.strip().toLowerCase(Locale.ROOT));
    }

    private static double number(String text, Dataset<?> data, String where) throws IOException {
        if (isMissing(text)) {
            return Double.NaN;
        }
        try {
            double value = Double.parseDouble(text.strip());
            if (Float.isFinite((float) value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // reported like a number out of range
        }
        throw new IOException("The " + data.noun() + " in " + where + " have the target '" + text
                + "', expected finite numbers; classes are learnt without a target, by their labels");
    }
}

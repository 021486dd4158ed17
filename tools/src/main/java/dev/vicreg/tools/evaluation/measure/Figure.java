package dev.vicreg.tools.evaluation.measure;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A number with its name.
 *
 * @param key for programs, in snake case
 * @param name for a person
 * @param value a share from 0 to 1, or a number
 * @param share whether it is a share, which a person reads as per cent
 * @param interval where the value lies with a probability of 95 %, or from several draws its standard deviation; null where
 *     none is known
 */
public record Figure(
        String key,
        String name,
        double value,
        boolean share,
        @Nullable Interval interval) {
    /**
     * How sure a value is.
     *
     * @param low lower end
     * @param high upper end
     */
    public record Interval(double low, double high) {}

    /** A share without an interval. */
    public static Figure share(String key, String name, double value) {
        return new Figure(key, name, value, true, null);
    }

    /** A number without an interval. */
    public static Figure number(String key, String name, double value) {
        return new Figure(key, name, value, false, null);
    }

    /** For a cell of a table: {@code 75.4 %} or {@code 12.3}, with {@code ± 1.9} where an interval is known. */
    public String text() {
        double shown = share ? 100 * value : value;
        String digits = share || Math.abs(value) >= 10 ? "%.1f" : "%.2f";
        String spread = interval == null
                ? ""
                : String.format(Locale.ROOT, " ± " + digits, (interval.high - interval.low) / 2 * (share ? 100 : 1));
        return String.format(Locale.ROOT, digits, shown) + spread + (share ? " %" : "");
    }
}

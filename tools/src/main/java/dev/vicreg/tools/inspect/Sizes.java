package dev.vicreg.tools.inspect;

import java.util.Locale;

/** Numbers as people read them. */
final class Sizes {
    private Sizes() {}

    /** A count with commas. */
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** So many of what {@code noun} names one of. */
    static String count(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }

    /** Bytes in decimal units. */
    static String bytes(long bytes) {
        return bytes < 1000 ? bytes + " B" : scaled((double) bytes) + "B";
    }

    /** A number to three or four digits with its unit: {@code 1.82 G}. */
    static String scaled(double number) {
        String[] units = {"", "k", "M", "G", "T", "P"};
        int unit = 0;
        double rest = number;
        while (rest >= 1000 && unit < units.length - 1) {
            rest /= 1000;
            unit++;
        }
        String digits = unit == 0 || rest >= 100 ? "%.0f %s" : rest >= 10 ? "%.1f %s" : "%.2f %s";
        return String.format(Locale.ROOT, digits, rest, units[unit]);
    }
}

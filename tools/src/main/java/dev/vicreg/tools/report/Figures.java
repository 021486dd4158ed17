package dev.vicreg.tools.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers in as many digits as a page shows. */
final class Figures {
    private static final MathContext DIGITS = new MathContext(5);

    private Figures() {}

    /** The number in five digits; null for what JSON has no number for. */
    static @Nullable Double rounded(double value) {
        return Double.isFinite(value)
                ? (Double) new BigDecimal(value).round(DIGITS).doubleValue()
                : null;
    }

    /** A whole number with commas between its thousands. */
    static String counted(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** The same of all. */
    static List<@Nullable Double> rounded(double[] values) {
        return Arrays.stream(values)
                .<@Nullable Double>mapToObj(Figures::rounded)
                .toList();
    }
}

package dev.vicreg.tools.output;

import org.apache.commons.csv.CSVFormat;

/** Tables with commas, line by line (RFC 4180, but for the ends of lines, which are LF). */
public final class Csv {
    private static final CSVFormat FORM =
            CSVFormat.DEFAULT.builder().setRecordSeparator("\n").get();

    private Csv() {}

    /** A line with its end. */
    public static String line(Object... values) {
        return FORM.format(values) + "\n";
    }
}

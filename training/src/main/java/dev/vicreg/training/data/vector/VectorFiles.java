package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.FloatList;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/**
 * Tables in CSV files (RFC 4180, UTF-8, a header in the first line) and in NumPy's format, [N,D].
 *
 * <p>Columns of an array are called by their number, from 0. Its classes may stand in {@code NAME.labels.txt} beside
 * {@code NAME.npy}, one a line, an empty one for none.
 */
public final class VectorFiles {
    private static final CSVFormat CSV = CSVFormat.RFC4180
            .builder()
            .setIgnoreSurroundingSpaces(true)
            .setIgnoreEmptyLines(true)
            .get();
    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final int LISTED = 12; // names in a message
    /** What stands for a missing value, in lower case: it tells nothing about its column. */
    private static final Set<String> MISSING = Set.of("", "na", "n/a", "nan", "null", "none", "?");

    private VectorFiles() {}

    /**
     * Reads the chosen columns of a CSV file, which is opened once; without a choice those whose first value is a number.
     *
     * @throws IOException if a column is missing, a line has too many or too few values, or a value is missing or no
     *     finite number: says where
     */
    public static VectorDataset csv(Path file, DataOptions reading, Selection selection) throws IOException {
        boolean chosen = !reading.columns().isEmpty();
        FloatList values = new FloatList();
        List<String> classes = new ArrayList<>();
        try (Lines lines = Lines.of(file)) {
            List<String> names = lines.header;
            for (String column : reading.columns()) {
                require(names.contains(column), file + " has no column ", column, names);
            }
            int label = reading.label() == null ? -1 : names.indexOf(reading.label());
            require(reading.label() == null || label >= 0, file + " has no label column ", reading.label(), names);
            CSVRecord first = lines.next();
            if (first == null) {
                throw chosen ? new IOException(file + " holds no rows, only a header") : noNumbers(file, names);
            }
            int[] places =
                    chosen ? reading.columns().stream().mapToInt(names::indexOf).toArray() : numbers(first, label);
            List<Integer> empty = chosen ? List.of() : missing(first, label);
            for (CSVRecord line = first; line != null; line = lines.next()) {
                empty = stillEmpty(file, empty, first, line, names);
                for (int place : places) {
                    values.add(number(file, line, place, names.get(place)));
                }
                if (label >= 0) {
                    classes.add(line.get(label));
                }
            }
            if (places.length == 0) {
                throw noNumbers(file, names);
            }
            List<String> columns = Arrays.stream(places).mapToObj(names::get).toList();
            return new VectorTable(columns, values.toArray(), classes, selection);
        }
    }

    private static IOException noNumbers(Path file, List<String> names) {
        return new IOException(file + " has no column of numbers; its columns are " + listed(names));
    }

    private static void require(boolean condition, String start, @Nullable String column, List<String> names)
            throws IOException {
        if (!condition) {
            throw new IOException(start + column + "; it has " + listed(names));
        }
    }

    static String listed(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(LISTED, names.size())))
                + (names.size() > LISTED ? ", … " + names.size() + " in all" : "");
    }

    /** Columns that have a number in the first row. */
    private static int[] numbers(CSVRecord first, int label) {
        return IntStream.range(0, first.size())
                .filter(column -> column != label && !isMissing(first, column) && parse(first.get(column)) != null)
                .toArray();
    }

    /** Columns that have nothing in the first row. */
    private static List<Integer> missing(CSVRecord first, int label) {
        return IntStream.range(0, first.size())
                .filter(column -> column != label && isMissing(first, column))
                .boxed()
                .toList();
    }

    private static boolean isMissing(CSVRecord line, int column) {
        return MISSING.contains(line.get(column).toLowerCase(Locale.ROOT));
    }

    /**
     * Those of the columns without a value so far that have none in this line either.
     *
     * @throws IOException if the first value of one is a number: a column of numbers has one in every row
     */
    private static List<Integer> stillEmpty(
            Path file, List<Integer> empty, CSVRecord first, CSVRecord line, List<String> names) throws IOException {
        List<Integer> still = empty;
        for (int column : empty) {
            if (!isMissing(line, column)) {
                if (parse(line.get(column)) != null) {
                    number(file, first, column, names.get(column)); // tells that it is missing there
                }
                still = still.stream().filter(other -> other != column).toList();
            }
        }
        return still;
    }

    /** A number; Java's own suffixes, as in {@code 10d}, make none. */
    private static @Nullable Float parse(String text) {
        if (text.matches(".*[dDfF]")) {
            return null;
        }
        try {
            return Float.valueOf(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static float number(Path file, CSVRecord line, int place, String column) throws IOException {
        String text = line.get(place);
        Float value = parse(text);
        if (value == null || !Float.isFinite(value)) {
            throw new IOException(file + ": row " + (line.getRecordNumber() - 1) + ", column " + column + " "
                    + (text.isEmpty() ? "is empty" : "is '" + text + "'")
                    + ", expected a finite number; fill it in, remove the row, or choose other `columns`");
        }
        return value;
    }

    /** The lines of a CSV file, all as long as the header. */
    private static final class Lines implements AutoCloseable {
        final List<String> header;
        private final Path file;
        private final CSVParser parser;
        private final Iterator<CSVRecord> lines;

        private Lines(Path file, CSVParser parser) throws IOException {
            this.file = file;
            this.parser = parser;
            this.lines = parser.iterator();
            CSVRecord first = read();
            if (first == null) {
                throw new IOException(file + " is empty: expected a header and rows");
            }
            List<String> names = new ArrayList<>(first.toList());
            names.set(0, names.get(0).replaceFirst("^" + BYTE_ORDER_MARK, ""));
            if (names.stream().distinct().count() < names.size() || names.contains("")) {
                throw new IOException(file + ": the columns need a name each, all different, found " + listed(names));
            }
            header = List.copyOf(names);
        }

        static Lines of(Path file) throws IOException {
            Reader reader = Files.newBufferedReader(file);
            try {
                return new Lines(file, CSVParser.parse(reader, CSV));
            } catch (Throwable e) { // whatever it is, and thrown on
                reader.close();
                throw e;
            }
        }

        @Nullable
        CSVRecord next() throws IOException {
            CSVRecord line = read();
            if (line != null && line.size() != header.size()) {
                throw new IOException(file + ": row " + (line.getRecordNumber() - 1) + " has " + line.size()
                        + " values, expected " + header.size() + " as in the header");
            }
            return line;
        }

        private @Nullable CSVRecord read() throws IOException {
            try {
                return lines.hasNext() ? lines.next() : null;
            } catch (UncheckedIOException | IllegalStateException e) { // a quote that is not closed; bytes not UTF-8
                throw new IOException(
                        file + " is no CSV file in UTF-8 at line " + parser.getCurrentLineNumber() + ": "
                                + e.getMessage(),
                        e);
            }
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }

    /** Reads the chosen columns of an opened array [N,D], and closes it. */
    public static VectorDataset npy(NpyFile array, DataOptions reading, Selection selection) throws IOException {
        Path file = array.path();
        int width = array.shape()[1];
        float[] all = array.floats();
        if (all.length == 0) {
            throw new IOException(file + " holds no values: its shape is " + Arrays.toString(array.shape()));
        }
        List<String> names =
                IntStream.range(0, width).mapToObj(Integer::toString).toList();
        int label = reading.label() == null ? -1 : names.indexOf(reading.label());
        require(reading.label() == null || label >= 0, file + " has no label column ", reading.label(), names);
        int[] places = places(file, reading.columns(), names, label);
        require(places.length > 0, file + " has no column but ", reading.label(), names);
        int rows = array.shape()[0];
        float[] values = new float[rows * places.length];
        List<String> classes = new ArrayList<>(label >= 0 ? List.of() : RowLabels.beside(file, rows));
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < places.length; i++) {
                float value = all[row * width + places[i]];
                if (!Float.isFinite(value)) {
                    throw new IOException(file + ": row " + (row + 1) + ", column " + places[i] + " is " + value
                            + ", expected a finite number");
                }
                values[row * places.length + i] = value;
            }
            if (label >= 0) {
                classes.add(className(all[row * width + label]));
            }
        }
        List<String> columns = reading.columns().isEmpty()
                ? Arrays.stream(places).mapToObj(Integer::toString).toList()
                : reading.columns();
        return new VectorTable(columns, values, classes, selection);
    }

    /** Columns by number; names that come from another file stand for all of them in order. */
    private static int[] places(Path file, List<String> columns, List<String> all, int label) throws IOException {
        int[] values = IntStream.range(0, all.size()).filter(i -> i != label).toArray();
        if (columns.isEmpty() || (!all.containsAll(columns) && columns.size() == values.length)) {
            return values;
        }
        for (String column : columns) {
            require(all.contains(column), file + " has no column ", column, all);
        }
        return columns.stream().mapToInt(all::indexOf).toArray();
    }

    private static String className(float value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? Integer.toString((int) value) : "" + value;
    }
}

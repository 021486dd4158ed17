package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.DoubleList;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.source.Utf8;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tables in CSV files (RFC 4180, UTF-8, a header in the first line) and in NumPy's format, [N,D]. A CSV file may have
 * semicolons or tabs instead of commas, say so in a line {@code sep=;} before the header, and be compressed by gzip.
 *
 * <p>Columns of an array are called by their number, from 0. Its classes may stand in {@code NAME.labels.txt} beside
 * {@code NAME.npy}, one a line, an empty one for none.
 */
public final class VectorFiles {
    private static final Logger log = LoggerFactory.getLogger(VectorFiles.class);
    private static final CSVFormat CSV = CSVFormat.RFC4180
            .builder()
            .setIgnoreSurroundingSpaces(true)
            .setIgnoreEmptyLines(true)
            .get();
    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final int LISTED = 12; // names in a message
    private static final int SHOWN = 20; // characters of a value in a message
    /** Also those that spreadsheets put where a line must not break. */
    private static final Pattern SPACES_AROUND = Pattern.compile("^[\\s\u00A0\u202F]+|[\\s\u00A0\u202F]+$");

    private static final Pattern DECIMAL_COMMA = Pattern.compile("-?\\d+,\\d+");
    /** What stands for a missing value, in lower case: it tells nothing about its column. */
    private static final Set<String> MISSING = Set.of("", "na", "n/a", "nan", "null", "none", "?");

    private VectorFiles() {}

    /**
     * Reads the chosen columns of a CSV file; without a choice those whose first value is a number. The others are named
     * in the log.
     *
     * @throws IOException if a column is missing, a line has too many or too few values, or a value is missing or no
     *     finite number: says where
     */
    public static VectorDataset csv(Path file, DataOptions reading, Selection selection) throws IOException {
        List<String> names = new ArrayList<>();
        List<String> columns = new ArrayList<>(reading.columns());
        if (columns.isEmpty()) {
            columns.addAll(numbers(file, reading.label()));
        }
        DoubleList values = new DoubleList();
        List<String> classes = new ArrayList<>();
        try (Lines lines = Lines.of(file)) {
            names.addAll(lines.header);
            lines.warnOfNumbers();
            int[] places =
                    columns.stream().mapToInt(column -> names.indexOf(column)).toArray();
            for (int i = 0; i < places.length; i++) {
                String column = columns.get(i);
                require(places[i] >= 0, file + " has no column ", column, names);
                require(names.lastIndexOf(column) == places[i], file + " has several columns ", column, names);
            }
            int label = reading.label() == null ? -1 : names.indexOf(reading.label());
            require(reading.label() == null || label >= 0, file + " has no label column ", reading.label(), names);
            for (CSVRecord line = lines.next(); line != null; line = lines.next()) {
                for (int i = 0; i < places.length; i++) {
                    values.add(number(file, line, places[i], columns.get(i)));
                }
                if (label >= 0) {
                    classes.add(line.get(label));
                }
            }
        }
        if (values.size() == 0) {
            throw new IOException(file + " holds no rows, only a header");
        }
        double[] cells = values.toArray();
        int width = columns.size();
        return new VectorTable(
                columns, cells.length / width, (row, column) -> cells[row * width + column], classes, selection);
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

    /** What is known of a column. */
    private static final class Column {
        private final String name;
        private int row; // of the first value that is there; 0 for none
        private String first = "";
        private boolean isNumber;
        private int numbers;
        private int values;

        Column(String name) {
            this.name = name;
        }

        void take(String text, int line) {
            if (MISSING.contains(text.toLowerCase(Locale.ROOT))) {
                return;
            }
            if (row == 0) {
                row = line;
                first = text;
                isNumber = parse(text) != null;
            }
            values++;
            if (!isNumber) { // else whoever reads the values tells
                numbers += parse(text) == null ? 0 : 1;
            }
        }

        @Override
        public String toString() {
            String shown = first.length() > SHOWN ? first.substring(0, SHOWN) + "…" : first;
            String why = row == 0 ? "no value" : "'" + shown + "' in row " + row;
            return name + " (" + why + (numbers > 0 ? ", but " + numbers + " of " + values + " are numbers" : "") + ")";
        }
    }

    /** Columns with a name whose first value that is there is a number. */
    private static List<String> numbers(Path file, @Nullable String label) throws IOException {
        try (Lines lines = Lines.of(file)) {
            List<String> named =
                    lines.header.stream().filter(name -> !name.isEmpty()).toList();
            if (named.stream().distinct().count() < named.size()) {
                throw new IOException(
                        file + ": the columns need a name each, all different, found " + listed(lines.header));
            }
            List<Column> columns = lines.header.stream().map(Column::new).toList();
            int rows = 0;
            for (CSVRecord line = lines.next(); line != null; line = lines.next()) {
                rows++;
                for (int i = 0; i < columns.size(); i++) {
                    columns.get(i).take(line.get(i), rows);
                }
            }
            List<Column> values = columns.stream()
                    .filter(column -> !column.name.equals(label))
                    .toList();
            List<String> numbers = values.stream()
                    .filter(column -> column.isNumber && !column.name.isEmpty())
                    .map(column -> column.name)
                    .toList();
            if (numbers.isEmpty()) {
                throw noNumbers(file, rows, values, lines.header);
            }
            tellOfOthers(
                    file,
                    values.stream()
                            .filter(column -> !numbers.contains(column.name))
                            .toList());
            return numbers;
        }
    }

    private static IOException noNumbers(Path file, int rows, List<Column> columns, List<String> header) {
        if (rows == 0) {
            return new IOException(file + " has no column of numbers: it holds no rows, only a header");
        }
        boolean commas = columns.stream()
                .anyMatch(column -> DECIMAL_COMMA.matcher(column.first).matches());
        return new IOException(file + " has no column of numbers; its columns are " + listed(header)
                + (commas ? ", with decimal commas: write decimal points" : ""));
    }

    private static void tellOfOthers(Path file, List<Column> others) {
        if (others.stream().anyMatch(column -> column.numbers > 0)) {
            log.warn("{}: columns left out, as they begin with no number: {}", file, others);
        } else if (!others.isEmpty()) {
            log.info("{}: columns left out, as they hold no numbers: {}", file, others);
        }
    }

    /** A number; Java's own suffixes, as in {@code 10d}, make none. */
    private static @Nullable Double parse(String text) {
        String number = SPACES_AROUND.matcher(text).replaceAll("");
        if (number.isEmpty() || "dDfF".indexOf(number.charAt(number.length() - 1)) >= 0) {
            return null;
        }
        try {
            return Double.valueOf(number);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static double number(Path file, CSVRecord line, int place, String column) throws IOException {
        String text = line.get(place);
        Double value = parse(text);
        if (value == null || !Float.isFinite(value.floatValue())) {
            throw new IOException(file + ": row " + (line.getRecordNumber() - 1) + ", column " + column + " "
                    + (text.isEmpty() ? "is empty" : "is '" + text + "'")
                    + ", expected a finite number; fill it in, remove the row, or choose other --columns");
        }
        return value;
    }

    /** The lines of a CSV file, all as long as the header. */
    private static final class Lines implements AutoCloseable {
        private static final int HEADER_SEEN = 1 << 16; // characters that are looked through for what separates values
        private static final Pattern OPEN_QUOTE =
                Pattern.compile("startline (\\d+)\\) EOF reached before encapsulated");
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
            header = List.copyOf(names);
        }

        static Lines of(Path file) throws IOException {
            InputStream in = new BufferedInputStream(Files.newInputStream(file));
            try {
                in = isGzip(in) ? new BufferedInputStream(new GZIPInputStream(in)) : in;
                in.mark(2);
                Utf8.refuseUtf16(in.readNBytes(2), file.toString());
                in.reset();
                BufferedReader reader =
                        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
                CSVFormat format = CSV.builder().setDelimiter(delimiter(reader)).get();
                return new Lines(file, CSVParser.parse(reader, format));
            } catch (CharacterCodingException e) {
                in.close();
                throw new IOException(file + " is no text in UTF-8; save or convert it as UTF-8", e);
            } catch (IOException | RuntimeException e) {
                in.close();
                throw e;
            }
        }

        private static boolean isGzip(InputStream in) throws IOException {
            in.mark(2);
            boolean gzip = in.read() == 0x1F && in.read() == 0x8B;
            in.reset();
            return gzip;
        }

        /** What stands between values: what a line {@code sep=;} says, which is passed; else told by the header. */
        private static char delimiter(BufferedReader reader) throws IOException {
            reader.mark(HEADER_SEEN);
            char[] start = new char[HEADER_SEEN - 1];
            int count = Math.max(0, reader.read(start, 0, start.length));
            reader.reset();
            String text = new String(start, 0, count).replaceFirst("^" + BYTE_ORDER_MARK, "");
            String line = text.lines().findFirst().orElse("");
            if (line.matches("sep=.")) {
                reader.readLine();
                return line.charAt(4);
            }
            String unquoted = line.replaceAll("\"[^\"]*\"", "");
            return unquoted.indexOf(',') < 0 && unquoted.indexOf(';') >= 0
                    ? ';'
                    : unquoted.indexOf(',') < 0 && unquoted.indexOf('\t') >= 0 ? '\t' : ',';
        }

        /** Tells of a first line that seems to be data, since it is taken as the header and so lost. */
        void warnOfNumbers() {
            List<String> numbers =
                    header.stream().filter(name -> parse(name) != null).toList();
            boolean counted = IntStream.range(0, numbers.size())
                            .allMatch(i -> numbers.get(i).equals(Integer.toString(i)))
                    || IntStream.range(0, numbers.size())
                            .allMatch(i -> numbers.get(i).equals(Integer.toString(i + 1)));
            if (!counted) {
                log.warn(
                        "{}: its first line is taken as names of columns, but holds numbers, such as {}; if it is data,"
                                + " put a line of names before it",
                        file,
                        numbers.get(0));
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
                throw new IOException(file + " is no CSV file in UTF-8 " + problem(e), e);
            }
        }

        private String problem(RuntimeException e) {
            String message = String.valueOf(e.getMessage());
            long line = parser.getCurrentLineNumber();
            if (e.getCause() instanceof CharacterCodingException) {
                return "near line " + (line + 1) + ": save or convert it as UTF-8";
            }
            Matcher open = OPEN_QUOTE.matcher(message);
            return open.find()
                    ? "at line " + open.group(1) + ": a quote that opens there is never closed"
                    : "at line " + line + ": " + message;
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }

    /** Reads the chosen columns of an array [N,D]. */
    public static VectorDataset npy(Path file, DataOptions reading, Selection selection) throws IOException {
        IntToDoubleFunction array = NpyFile.exact(file);
        int[] shape = NpyFile.header(file).shape();
        int rows = shape[0];
        int width = shape[1];
        if (rows == 0 || width == 0) {
            throw new IOException(file + " holds no values: its shape is " + Arrays.toString(shape));
        }
        List<String> all = IntStream.range(0, width).mapToObj(Integer::toString).toList();
        int label = reading.label() == null ? -1 : all.indexOf(reading.label());
        require(reading.label() == null || label >= 0, file + " has no label column ", reading.label(), all);
        int[] places = places(file, reading.columns(), all, label);
        require(places.length > 0, file + " has no column but ", reading.label(), all);
        List<String> classes = new ArrayList<>(label >= 0 ? List.of() : RowLabels.beside(file, rows));
        for (int row = 0; row < rows; row++) {
            for (int place : places) {
                double value = array.applyAsDouble(row * width + place);
                if (!Float.isFinite((float) value)) {
                    throw new IOException(file + ": row " + (row + 1) + ", column " + place + " is " + value
                            + ", expected a finite number");
                }
            }
            if (label >= 0) {
                classes.add(className(array.applyAsDouble(row * width + label)));
            }
        }
        List<String> columns = reading.columns().isEmpty()
                ? Arrays.stream(places).mapToObj(Integer::toString).toList()
                : reading.columns();
        return new VectorTable(
                columns, rows, (row, column) -> array.applyAsDouble(row * width + places[column]), classes, selection);
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

    private static String className(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
            return Long.toString((long) value);
        }
        return value == (float) value ? Float.toString((float) value) : Double.toString(value);
    }
}

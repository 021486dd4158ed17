package dev.vicreg.training.data.vector;

import dev.vicreg.runtime.file.Reason;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.DoubleList;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.source.Targets;
import dev.vicreg.training.data.source.Utf8;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
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

    private VectorFiles() {}

    /**
     * Reads the chosen columns of a CSV file; without a choice those whose first value is a number. The others are named
     * in the log.
     *
     * @throws IOException if a column is missing, a line has too many or too few values, or a value is missing or no
     *     finite number: says where
     */
    public static VectorDataset csv(Path file, DataOptions reading, Selection selection) throws IOException {
        boolean chosen = !reading.columns().isEmpty();
        DoubleList values = new DoubleList();
        List<String> classes = new ArrayList<>();
        try (Lines lines = Lines.of(file)) {
            List<String> names = lines.header;
            lines.warnOfNumbers();
            int label = reading.label() == null ? -1 : names.indexOf(reading.label());
            require(reading.label() == null || label >= 0, file + " has no label column ", reading.label(), names);
            List<Column> others = chosen ? List.of() : columns(file, names, label);
            CSVRecord first = lines.next();
            if (first == null) {
                throw new IOException(
                        file + (chosen ? "" : " has no column of numbers: it") + " holds no rows, only a header");
            }
            int[] places = chosen
                    ? places(file, reading.columns(), names)
                    : others.stream()
                            .filter(column -> column.isNumberIn(first))
                            .mapToInt(Column::place)
                            .toArray();
            others = others.stream().filter(column -> !column.isNumberIn(first)).toList();
            for (CSVRecord line = first; line != null; line = lines.next()) {
                for (Column column : others) {
                    column.take(file, line, first);
                }
                for (int place : places) {
                    values.add(number(file, line, place, names.get(place)));
                }
                if (label >= 0) {
                    classes.add(line.get(label));
                }
            }
            if (places.length == 0) {
                throw noNumbers(file, others, names);
            }
            tellOf(file, others);
            List<String> columns = Arrays.stream(places).mapToObj(names::get).toList();
            double[] cells = values.toArray();
            return new VectorTable(
                    columns,
                    cells.length / places.length,
                    (row, column) -> cells[row * places.length + column],
                    classes,
                    selection);
        }
    }

    /** The places of columns that were asked for. */
    private static int[] places(Path file, List<String> columns, List<String> names) throws IOException {
        int[] places = columns.stream().mapToInt(names::indexOf).toArray();
        for (int i = 0; i < places.length; i++) {
            require(places[i] >= 0, file + " has no column ", columns.get(i), names);
            require(
                    names.lastIndexOf(columns.get(i)) == places[i],
                    file + " has several columns ",
                    columns.get(i),
                    names);
        }
        return places;
    }

    /** All columns but the label's, whose names must tell them apart; one without a name is none. */
    private static List<Column> columns(Path file, List<String> names, int label) throws IOException {
        List<String> named = names.stream().filter(name -> !name.isEmpty()).toList();
        if (named.stream().distinct().count() < named.size()) {
            throw new IOException(file + ": the columns need a name each, all different, found " + listed(names));
        }
        return IntStream.range(0, names.size())
                .filter(place -> place != label)
                .mapToObj(place -> new Column(place, names.get(place)))
                .toList();
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

    /** What is known of a column without a number in the first row. */
    private static final class Column {
        private final int place;
        private final String name;
        private long row; // of the first value that is there; 0 for none
        private String first = "";
        private int numbers;
        private int values;

        Column(int place, String name) {
            this.place = place;
            this.name = name;
        }

        int place() {
            return place;
        }

        boolean isNumberIn(CSVRecord line) {
            return !name.isEmpty() && !Targets.isMissing(line.get(place)) && parse(line.get(place)) != null;
        }

        /** @throws IOException if the first value that is there is a number: a column of numbers has one in every row */
        void take(Path file, CSVRecord line, CSVRecord firstLine) throws IOException {
            String text = line.get(place);
            if (Targets.isMissing(text)) { // it tells nothing about its column
                return;
            }
            boolean number = parse(text) != null;
            if (row == 0) {
                row = line.getRecordNumber() - 1;
                first = text;
                if (number && !name.isEmpty()) {
                    number(file, firstLine, place, name); // tells that it is missing there
                }
            }
            values++;
            numbers += number ? 1 : 0;
        }

        @Override
        public String toString() {
            String shown = first.length() > SHOWN ? first.substring(0, SHOWN) + "…" : first;
            String why = row == 0 ? "no value" : "'" + shown + "' in row " + row;
            return name + " (" + why + (numbers > 0 ? ", but " + numbers + " of " + values + " are numbers" : "") + ")";
        }
    }

    private static IOException noNumbers(Path file, List<Column> columns, List<String> header) {
        boolean commas = columns.stream()
                .anyMatch(column -> DECIMAL_COMMA.matcher(column.first).matches());
        return new IOException(file + " has no column of numbers; its columns are " + listed(header)
                + (commas ? ", with decimal commas: write decimal points" : ""));
    }

    private static void tellOf(Path file, List<Column> others) {
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
                    + ", expected a finite number; fill it in, remove the row, or choose other `columns`");
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
            InputStream in = new BufferedInputStream(
                    new FileInputStream(file.toFile())); // a pipe's channel can't say what is available
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
            } catch (EOFException | ZipException e) {
                in.close();
                throw damaged(file, e);
            } catch (Throwable e) { // whatever it is, and thrown on
                in.close();
                throw e;
            }
        }

        private static IOException damaged(Path file, Exception e) {
            return new IOException("cannot read " + file + ": " + Reason.of(e), e);
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
                boolean cut = e.getCause() instanceof EOFException || e.getCause() instanceof ZipException;
                throw cut ? damaged(file, e) : new IOException(file + " is no CSV file in UTF-8 " + problem(e), e);
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
                    : "at line " + line + ": " + Reason.of(e);
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }

    /** Reads the chosen columns of an opened array [N,D], and closes it. */
    public static VectorDataset npy(NpyFile opened, DataOptions reading, Selection selection) throws IOException {
        Path file = opened.path();
        IntToDoubleFunction array = opened.exact();
        int[] shape = opened.shape();
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

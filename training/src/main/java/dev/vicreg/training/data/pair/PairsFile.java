package dev.vicreg.training.data.pair;

import dev.vicreg.runtime.file.Reason;
import dev.vicreg.training.data.source.SampleNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/**
 * A CSV file that says which samples belong together: two columns, the first for side a, the second for side b, one pair
 * a line. A sample is a path relative to the file's folder or absolute, a name inside the data set, or the number of a
 * row from 1. A first line that names no sample on either side is a header.
 */
final class PairsFile {
    private final Path file;
    private final Path folder;
    private final SampleNames first;
    private final SampleNames second;
    private final Map<Integer, Long> linesA = new HashMap<>();
    private final Map<Integer, Long> linesB = new HashMap<>();
    private final List<int[]> pairs = new ArrayList<>();

    PairsFile(Path file, SampleNames first, SampleNames second) {
        this.file = file;
        this.folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file lies in a folder");
        this.first = first;
        this.second = second;
    }

    /** @throws IOException naming the line that has not two values, names no sample, or names one a second time */
    Pairing read() throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException("no such file of pairs: " + file);
        }
        CSVFormat format = CSVFormat.DEFAULT
                .builder()
                .setTrim(true)
                .setIgnoreEmptyLines(true)
                .get();
        try (CSVParser lines = CSVParser.parse(Files.newBufferedReader(file), format)) {
            for (CSVRecord line : lines) {
                add(line, lines.getCurrentLineNumber());
            }
        } catch (UncheckedIOException | IllegalStateException e) { // a quote that is not closed; bytes not UTF-8
            throw new IOException(file + " is no CSV file in UTF-8: " + Reason.of(e), e);
        }
        if (pairs.isEmpty()) {
            throw new IOException(
                    file + " names no pairs: expected lines of two samples, such as photo/1.jpg,sketch/1.png");
        }
        return new Pairing(
                pairs.stream().mapToInt(pair -> pair[0]).toArray(),
                pairs.stream().mapToInt(pair -> pair[1]).toArray());
    }

    private void add(CSVRecord line, long number) throws IOException {
        boolean isFirst = line.getRecordNumber() == 1;
        if (line.size() != 2 || line.get(0).isEmpty() || line.get(1).isEmpty()) {
            throw new IOException(at(number) + "expected two samples, one of each side, found " + line.size()
                    + " values: " + String.join(",", line.toList()));
        }
        String textA = isFirst ? line.get(0).replaceFirst("^\uFEFF", "") : line.get(0);
        Integer a = first.find(textA, folder);
        Integer b = second.find(line.get(1), folder);
        if (isFirst && a == null && b == null && second.find(textA, folder) == null) {
            return; // a header
        }
        int placeA = found(a, first, textA, number);
        int placeB = found(b, second, line.get(1), number);
        once(linesA.put(placeA, number), first, textA, number);
        once(linesB.put(placeB, number), second, line.get(1), number);
        pairs.add(new int[] {placeA, placeB});
    }

    private int found(@Nullable Integer place, SampleNames names, String text, long number) throws IOException {
        if (place == null) {
            throw new IOException(
                    at(number) + text + " is not among the " + names.data().size() + " "
                            + names.data().noun() + " in " + names.where()
                            + "; paths are relative to the file's folder, names to the data");
        }
        return place;
    }

    private void once(@Nullable Long before, SampleNames names, String text, long number) throws IOException {
        if (before != null) {
            throw new IOException(at(number) + text + " of " + names.where() + " is in line " + before
                    + " already; a sample belongs to one pair");
        }
    }

    private String at(long number) {
        return file + ":" + number + ": ";
    }
}

package dev.vicreg.training.data.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The classes of a file's rows, as numbers. */
public final class RowLabels {
    private final List<String> names;
    private final int[] numbers;

    /**
     * @param rows of the file
     * @param classes of every row; an empty text for none. No elements where no row has one
     */
    public RowLabels(int rows, List<String> classes) {
        names = sorted(classes);
        numbers = new int[rows];
        Arrays.fill(numbers, -1);
        Map<String, Integer> byName = new HashMap<>();
        names.forEach(name -> byName.put(name, byName.size()));
        for (int row = 0; row < classes.size(); row++) {
            numbers[row] = byName.getOrDefault(classes.get(row), -1);
        }
    }

    /**
     * The lines of {@code NAME.labels.txt} beside a file; none where there is no such file.
     *
     * @throws IOException if there are more or fewer than rows
     */
    public static List<String> beside(Path file, int rows) throws IOException {
        String name = String.valueOf(file.getFileName());
        Path labels = file.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".labels.txt");
        if (!Files.isRegularFile(labels)) {
            return List.of();
        }
        List<String> lines = Utf8.decode(Files.readAllBytes(labels), labels.toString())
                .lines()
                .toList();
        if (lines.size() != rows) {
            throw new IOException(labels + " has " + lines.size() + " lines, expected one for each of the " + rows
                    + " samples in " + file);
        }
        return lines.stream().map(String::strip).toList();
    }

    /** As numbers where all are. */
    private static List<String> sorted(List<String> classes) {
        List<String> names = classes.stream()
                .filter(name -> !name.isEmpty())
                .distinct()
                .sorted()
                .toList();
        boolean numbers = names.stream().allMatch(name -> name.matches("-?\\d{1,9}"));
        return numbers
                ? names.stream()
                        .sorted((a, b) -> Integer.compare(Integer.parseInt(a), Integer.parseInt(b)))
                        .toList()
                : names;
    }

    /** The row's class as an index of {@link #names}; -1 for none. */
    public int of(int row) {
        return numbers[row];
    }

    /** The classes, in order. */
    public List<String> names() {
        return names;
    }
}

package dev.vicreg.training.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A table in memory. */
final class VectorTable implements VectorDataset {
    private final List<String> columns;
    private final float[] values; // [rows][columns]
    private final int[] selected;
    private final int[] labels; // of all rows
    private final List<String> labelNames;

    /**
     * @param values [rows][columns] in one array
     * @param classes of every row; an empty text for none. No elements where no row has one
     */
    VectorTable(List<String> columns, float[] values, List<String> classes, Selection selection) {
        this.columns = List.copyOf(columns);
        this.values = values;
        labelNames = classNames(classes.stream());
        labels = new int[values.length / columns.size()];
        Arrays.fill(labels, -1);
        Map<String, Integer> numbers = new HashMap<>();
        labelNames.forEach(name -> numbers.put(name, numbers.size()));
        for (int row = 0; row < classes.size(); row++) {
            labels[row] = numbers.getOrDefault(classes.get(row), -1);
        }
        selected = selection.of(labels.length, row -> labels[row]);
    }

    /** Sorted; as numbers where all are. */
    static List<String> classNames(Stream<String> classes) {
        List<String> names =
                classes.filter(name -> !name.isEmpty()).distinct().sorted().toList();
        boolean numbers = names.stream().allMatch(name -> name.matches("-?\\d{1,9}"));
        return numbers
                ? names.stream()
                        .sorted((a, b) -> Integer.compare(Integer.parseInt(a), Integer.parseInt(b)))
                        .toList()
                : names;
    }

    @Override
    public int size() {
        return selected.length;
    }

    @Override
    public List<String> columns() {
        return columns;
    }

    /** Counted from 1, without the header. */
    @Override
    public String name(int index) {
        return "row " + (selected[index] + 1);
    }

    @Override
    public int label(int index) {
        return labels[selected[index]];
    }

    @Override
    public List<String> labelNames() {
        return labelNames;
    }

    @Override
    public float value(int index, int column) {
        return values[selected[index] * columns.size() + column];
    }

    @Override
    public float[] vector(int index) {
        int from = selected[index] * columns.size();
        return Arrays.copyOfRange(values, from, from + columns.size());
    }

    @Override
    public Moments moments() {
        return Moments.of(IntStream.range(0, columns.size())
                .parallel()
                .mapToObj(column -> Moments.Part.of(size(), index -> value(index, column)))
                .toList());
    }

    @Override
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(String.join("\0", columns).getBytes(StandardCharsets.UTF_8));
            ByteBuffer row = ByteBuffer.allocate(columns.size() * Float.BYTES);
            for (int i = 0; i < selected.length; i++) {
                row.asFloatBuffer().put(values, selected[i] * columns.size(), columns.size());
                digest.update(row.array());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public void close() {}
}

package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.source.Fingerprint;
import dev.vicreg.training.data.source.Moments;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Selection;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;

/** A table in memory. */
public final class VectorTable implements VectorDataset {
    private final List<String> columns;
    private final Cells cells;
    private final RowLabels labels;
    private final int[] selected;

    /** The values, finite as float32 too. */
    interface Cells {
        double at(int row, int column);
    }

    /**
     * @param classes of every row; an empty text for none. No elements where no row has one
     */
    VectorTable(List<String> columns, int rows, Cells cells, List<String> classes, Selection selection) {
        this.columns = List.copyOf(columns);
        this.cells = cells;
        labels = new RowLabels(rows, classes);
        selected = selection.of(rows, labels::of);
    }

    /**
     * @param values [rows][columns] in one array
     * @param classes of every row; an empty text for none. No elements where no row has one
     */
    public VectorTable(List<String> columns, float[] values, List<String> classes, Selection selection) {
        this(
                columns,
                values.length / columns.size(),
                (row, column) -> values[row * columns.size() + column],
                classes,
                selection);
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
        return labels.of(selected[index]);
    }

    @Override
    public List<String> labelNames() {
        return labels.names();
    }

    @Override
    public double value(int index, int column) {
        return cells.at(selected[index], column);
    }

    @Override
    public byte[] stored(int index) {
        float[] row = sample(index);
        ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES);
        bytes.asFloatBuffer().put(row);
        return bytes.array();
    }

    @Override
    public float[] sample(int index) {
        float[] row = new float[columns.size()];
        for (int column = 0; column < row.length; column++) {
            row[column] = (float) value(index, column);
        }
        return row;
    }

    @Override
    public Moments moments() {
        List<Moments.Part> exact = parts(this::value);
        for (int column = 0; column < exact.size(); column++) {
            requireFloats(columns.get(column), exact.get(column));
        }
        return Moments.of(parts((index, column) -> (float) value(index, column))); // of what networks take
    }

    private List<Moments.Part> parts(Cells cells) {
        return IntStream.range(0, columns.size())
                .parallel()
                .mapToObj(column -> Moments.Part.of(size(), index -> cells.at(index, column)))
                .toList();
    }

    private static void requireFloats(String column, Moments.Part values) {
        if (values.tooCoarse() > 0) {
            throw new IllegalStateException("column " + column + " has values from " + plain(values.min()) + " to "
                    + plain(values.max()) + ", where float32, in which networks take them, knows steps of "
                    + plain(values.tooCoarse()) + " only; subtract the smallest value from it in the file, or choose"
                    + " other `columns`");
        }
    }

    private static String plain(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    @Override
    public String fingerprint() {
        Fingerprint fingerprint = new Fingerprint();
        fingerprint.add(String.join("\0", columns));
        ByteBuffer row = ByteBuffer.allocate(columns.size() * Float.BYTES);
        for (int i = 0; i < size(); i++) {
            row.asFloatBuffer().put(sample(i));
            fingerprint.add(row);
        }
        return fingerprint.hex();
    }

    @Override
    public void close() {}
}

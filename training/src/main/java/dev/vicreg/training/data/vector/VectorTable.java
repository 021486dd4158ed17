package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.source.Fingerprint;
import dev.vicreg.training.data.source.Moments;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Selection;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A table in memory. */
public final class VectorTable implements VectorDataset {
    private final List<String> columns;
    private final float[] values; // [rows][columns]
    private final RowLabels labels;
    private final int[] selected;

    /**
     * @param values [rows][columns] in one array
     * @param classes of every row; an empty text for none. No elements where no row has one
     */
    public VectorTable(List<String> columns, float[] values, List<String> classes, Selection selection) {
        this.columns = List.copyOf(columns);
        this.values = values;
        int rows = values.length / columns.size();
        labels = new RowLabels(rows, classes);
        selected = selection.of(rows, labels::of);
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
    public float value(int index, int column) {
        return values[selected[index] * columns.size() + column];
    }

    @Override
    public float[] sample(int index) {
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
        Fingerprint fingerprint = new Fingerprint();
        fingerprint.add(String.join("\0", columns));
        ByteBuffer row = ByteBuffer.allocate(columns.size() * Float.BYTES);
        for (int i = 0; i < size(); i++) {
            row.asFloatBuffer().put(values, selected[i] * columns.size(), columns.size());
            fingerprint.add(row);
        }
        return fingerprint.hex();
    }

    @Override
    public void close() {}
}

package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Moments;
import java.util.List;

/** Rows of a table of numbers, in a fixed order. Thread-safe. */
public interface VectorDataset extends Dataset<float[]> {
    /** Names of the columns, in the order of the values. */
    List<String> columns();

    /** A value; always finite, also as float32. */
    double value(int index, int column);

    /** A copy of a row's values, rounded to float32. */
    @Override
    float[] sample(int index);

    /**
     * Of every column.
     *
     * @throws IllegalStateException if a column's values differ by too little for float32, in which networks take them
     */
    Moments moments();

    @Override
    default String noun() {
        return VectorKind.NOUN;
    }
}

package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Moments;
import java.util.List;

/** Rows of a table of numbers, in a fixed order. Thread-safe. */
public interface VectorDataset extends Dataset<float[]> {
    /** Names of the columns, in the order of the values. */
    List<String> columns();

    /** A value; always finite. */
    float value(int index, int column);

    /** A copy of a row's values. */
    @Override
    float[] sample(int index);

    /** Of every column. */
    Moments moments();

    @Override
    default String noun() {
        return VectorKind.NOUN;
    }
}

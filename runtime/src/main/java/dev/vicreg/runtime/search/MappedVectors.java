package dev.vicreg.runtime.search;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;

/** Rows of float32 that lie in a file, which the system reads as they are needed. Immutable; thread-safe. */
final class MappedVectors {
    /** Of one map: a buffer's places are ints. */
    private static final long MAPPED = 1L << 30;

    private static final int TILE_FLOATS = 1 << 23; // 32 MB: measured faster than a quarter of it for many queries
    private static final int MOST_TILE_ROWS = 1 << 16;

    private final int count;
    private final int dimension;
    private final int tileRows;
    private final int rowsMapped; // of one map, a multiple of the tile's
    private final ByteBuffer[] maps;

    /**
     * Of {@code count} rows of {@code dimension} values.
     *
     * @param from where they begin
     */
    MappedVectors(FileChannel channel, long from, int count, int dimension) throws IOException {
        this.count = count;
        this.dimension = dimension;
        long rowBytes = (long) dimension * Float.BYTES;
        tileRows = Math.max(1, Math.min(MOST_TILE_ROWS, TILE_FLOATS / dimension));
        rowsMapped = (int) Math.max(1, MAPPED / rowBytes / tileRows) * tileRows;
        maps = new ByteBuffer[(count + rowsMapped - 1) / rowsMapped];
        for (int i = 0; i < maps.length; i++) {
            long first = (long) i * rowsMapped;
            maps[i] = channel.map(
                    FileChannel.MapMode.READ_ONLY,
                    from + first * rowBytes,
                    Math.min(rowsMapped, count - first) * rowBytes);
        }
    }

    int count() {
        return count;
    }

    int dimension() {
        return dimension;
    }

    /** Rows of a {@link #tile}, but for the last. */
    int tileRows() {
        return tileRows;
    }

    /**
     * Rows that follow each other, as they lie in the file.
     *
     * @param first a multiple of {@link #tileRows}
     */
    FloatBuffer tile(int first) {
        int rows = Math.min(tileRows, count - first);
        int rowBytes = dimension * Float.BYTES;
        return maps[first / rowsMapped]
                .slice(first % rowsMapped * rowBytes, rows * rowBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
    }

    /** A copy of one row. */
    float[] row(int index) {
        float[] row = new float[dimension];
        int rowBytes = dimension * Float.BYTES;
        maps[index / rowsMapped]
                .slice(index % rowsMapped * rowBytes, rowBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(row);
        return row;
    }
}

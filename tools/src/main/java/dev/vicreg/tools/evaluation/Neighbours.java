package dev.vicreg.tools.evaluation;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.OrtSessions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The exact nearest neighbours of some vectors by cosine, nearest first; of equal ones the first in the bank comes
 * first.
 *
 * @param indices per query the places in the bank
 * @param similarities per query the cosines, −1 to 1
 */
public record Neighbours(int[][] indices, float[][] similarities) {
    private static final int TILE_FLOATS = 1 << 24; // 64 MB: bounds native memory whatever the bank's size

    /**
     * Finds the {@code k} nearest bank vectors of every query.
     *
     * @param bank at least {@code k} rows of one length
     * @param queries rows of the same length
     * @param threads of the matrix product; 0 for one a processor
     * @throws IllegalStateException if a vector holds a value that is not finite
     */
    public static Neighbours find(float[][] bank, float[][] queries, int k, int threads) {
        return find(bank, queries, k, threads, TILE_FLOATS);
    }

    /** The same with at most {@code tileFloats} values in each of the three matrices at a time. */
    static Neighbours find(float[][] bank, float[][] queries, int k, int threads, int tileFloats) {
        if (k < 1 || bank.length < k) {
            throw new IllegalArgumentException(
                    "Cannot find " + k + " nearest neighbours among " + bank.length + " vectors");
        }
        Neighbours found = new Neighbours(new int[queries.length][k], new float[queries.length][k]);
        for (float[] row : found.similarities) {
            Arrays.fill(row, Float.NEGATIVE_INFINITY);
        }
        int dimension = bank[0].length;
        int bankRows = Math.min(bank.length, Math.max(1, tileFloats / dimension));
        int queryRows = Math.min(queries.length, Math.max(1, tileFloats / Math.max(bankRows, dimension)));
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, threads);
                OrtSession session =
                        OrtEnvironment.getEnvironment().createSession(similarityModel(dimension), options)) {
            for (int from = 0; from < bank.length; from += bankRows) {
                try (OnnxTensor tile = normalized(bank, from, bankRows)) {
                    for (int query = 0; query < queries.length; query += queryRows) {
                        found.add(session, tile, from, queries, query, queryRows);
                    }
                }
            }
        } catch (OrtException e) {
            throw new IllegalStateException("Nearest neighbours failed: " + e.getMessage(), e);
        }
        return found;
    }

    private static byte[] similarityModel(int dimension) {
        Shape shape = Shape.of(1, dimension);
        Value queries = Value.input("queries", new TensorType(ElementType.FLOAT, shape.with(0, Dim.symbol("Q"))));
        Value bank = Value.input("bank", new TensorType(ElementType.FLOAT, shape.with(0, Dim.symbol("N"))));
        Value product = new Ops().gemm(queries, bank, null, false, true); // [Q,D] · [N,D]ᵀ → [Q,N]
        return OnnxFile.bytes(
                Graph.of("similarities", List.of(queries, bank), Map.of("similarities", product)), Map.of());
    }

    private static OnnxTensor normalized(float[][] vectors, int from, int rows) throws OrtException {
        int count = Math.min(rows, vectors.length - from);
        int dimension = vectors[from].length;
        FloatBuffer buffer = ByteBuffer.allocateDirect(count * dimension * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        for (int i = from; i < from + count; i++) {
            double norm = norm(vectors[i], i);
            for (float value : vectors[i]) {
                buffer.put((float) (value / norm));
            }
        }
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), buffer.rewind(), new long[] {count, dimension});
    }

    /** Length of a vector; 1 for a vector of zeros, which is as far from everything as from itself. */
    private static double norm(float[] vector, int row) {
        double sum = 0;
        for (float value : vector) {
            sum += (double) value * value;
        }
        if (!Double.isFinite(sum)) {
            throw new IllegalStateException("Vector " + row + " holds a value that is not a finite number");
        }
        return sum == 0 ? 1 : Math.sqrt(sum);
    }

    private void add(OrtSession session, OnnxTensor tile, int tileStart, float[][] queries, int from, int rows)
            throws OrtException {
        try (OnnxTensor batch = normalized(queries, from, rows);
                OrtSession.Result result = session.run(Map.of("queries", batch, "bank", tile))) {
            OnnxTensor product = (OnnxTensor) result.get(0);
            int columns = (int) product.getInfo().getShape()[1];
            FloatBuffer scores = product.getFloatBuffer();
            float[] row = new float[columns];
            for (int query = from; query < Math.min(from + rows, queries.length); query++) {
                scores.get(row);
                for (int column = 0; column < columns; column++) {
                    insert(query, tileStart + column, row[column]);
                }
            }
        }
    }

    private void insert(int query, int index, float similarity) {
        float[] best = similarities[query];
        int place = best.length;
        while (place > 0 && similarity > best[place - 1]) {
            place--;
        }
        if (place < best.length) {
            System.arraycopy(best, place, best, place + 1, best.length - place - 1);
            System.arraycopy(indices[query], place, indices[query], place + 1, best.length - place - 1);
            best[place] = similarity;
            indices[query][place] = index;
        }
    }
}

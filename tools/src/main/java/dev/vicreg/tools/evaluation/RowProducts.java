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
import java.util.List;
import java.util.Map;

/**
 * The products of every row of one set of vectors with every row of another, tile by tile: a matrix product in float32
 * by ONNX Runtime. One caller at a time.
 */
public final class RowProducts implements AutoCloseable {
    /** Values in each of the three matrices at a time, 64 MB: bounds native memory whatever the sets' sizes. */
    public static final int TILE_FLOATS = 1 << 24;

    private final int dimension;
    private final boolean cosines;
    private final int tileFloats;
    private final OrtSession session;

    /**
     * For vectors of one length.
     *
     * @param cosines to take all vectors at length 1; zeros stay zeros, which are as far from everything as from
     *     themselves
     * @param threads of the matrix product; 0 for one a processor
     */
    public RowProducts(int dimension, boolean cosines, int threads) {
        this(dimension, cosines, threads, TILE_FLOATS);
    }

    RowProducts(int dimension, boolean cosines, int threads, int tileFloats) {
        this.dimension = dimension;
        this.cosines = cosines;
        this.tileFloats = tileFloats;
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, threads)) {
            session = OrtEnvironment.getEnvironment().createSession(model(dimension), options);
        } catch (OrtException e) {
            throw failed(e);
        }
    }

    /** Takes the products of a query with some rows of the bank that follow each other. */
    @FunctionalInterface
    public interface Row {
        /**
         * Is called for one row after the other.
         *
         * @param query its place among the queries
         * @param from place in the bank of the first product
         * @param products overwritten by the next call
         */
        void accept(int query, int from, float[] products);
    }

    /**
     * Every product, once. The bank's tiles follow each other in its order, each with all queries in theirs.
     *
     * @throws IllegalStateException if a vector holds a value that is not finite
     */
    public void forEach(float[][] queries, float[][] bank, Row row) {
        int bankRows = Math.min(bank.length, Math.max(1, tileFloats / dimension));
        int queryRows = Math.min(queries.length, Math.max(1, tileFloats / Math.max(bankRows, dimension)));
        try {
            for (int from = 0; from < bank.length; from += bankRows) {
                try (OnnxTensor tile = tensor(bank, from, bankRows)) {
                    for (int query = 0; query < queries.length; query += queryRows) {
                        multiply(queries, query, queryRows, tile, from, row);
                    }
                }
            }
        } catch (OrtException e) {
            throw failed(e);
        }
    }

    private static IllegalStateException failed(OrtException e) {
        return new IllegalStateException("Products of vectors failed: " + e.getMessage(), e);
    }

    private static byte[] model(int dimension) {
        Shape shape = Shape.of(1, dimension);
        Value queries = Value.input("queries", new TensorType(ElementType.FLOAT, shape.with(0, Dim.symbol("Q"))));
        Value bank = Value.input("bank", new TensorType(ElementType.FLOAT, shape.with(0, Dim.symbol("N"))));
        Value product = new Ops().gemm(queries, bank, null, false, true); // [Q,D] · [N,D]ᵀ → [Q,N]
        return OnnxFile.bytes(Graph.of("products", List.of(queries, bank), Map.of("products", product)), Map.of());
    }

    private OnnxTensor tensor(float[][] vectors, int from, int rows) throws OrtException {
        int count = Math.min(rows, vectors.length - from);
        FloatBuffer buffer = ByteBuffer.allocateDirect(count * dimension * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        for (int i = from; i < from + count; i++) {
            double divisor = divisor(vectors[i], i);
            for (float value : vectors[i]) {
                buffer.put((float) (value / divisor));
            }
        }
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), buffer.rewind(), new long[] {count, dimension});
    }

    private double divisor(float[] vector, int row) {
        double sum = 0;
        for (float value : vector) {
            sum += (double) value * value;
        }
        if (!Double.isFinite(sum)) {
            throw VectorRows.notFinite(row);
        }
        return sum == 0 || !cosines ? 1 : Math.sqrt(sum);
    }

    private void multiply(float[][] queries, int from, int rows, OnnxTensor tile, int tileStart, Row row)
            throws OrtException {
        try (OnnxTensor batch = tensor(queries, from, rows);
                OrtSession.Result result = session.run(Map.of("queries", batch, "bank", tile))) {
            OnnxTensor product = (OnnxTensor) result.get(0);
            FloatBuffer values = product.getFloatBuffer();
            float[] products = new float[(int) product.getInfo().getShape()[1]];
            for (int query = from; query < Math.min(from + rows, queries.length); query++) {
                values.get(products);
                row.accept(query, tileStart, products);
            }
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw failed(e);
        }
    }
}

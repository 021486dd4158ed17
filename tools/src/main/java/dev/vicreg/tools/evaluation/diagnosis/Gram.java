package dev.vicreg.tools.evaluation.diagnosis;

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
import java.nio.DoubleBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;

/**
 * Products of a matrix X [N,D] with itself in float64, by ONNX Runtime, which is faster here than EJML by far; small ones
 * of rows by loops, which are done before a session is open.
 */
final class Gram {
    private static final int TILE_DOUBLES = 1 << 23; // 64 MB: bounds native memory whatever N is

    private static final long SMALL = 1 << 22; // multiply-adds

    private final int count;
    private final int dimension;
    private final int tile;
    private final IntFunction<double[]> row;

    private Gram(int count, int dimension, IntFunction<double[]> row) {
        this.count = count;
        this.dimension = dimension;
        this.row = row;
        tile = Math.min(count, Math.max(1, TILE_DOUBLES / dimension));
    }

    /**
     * XᵀX, [D,D].
     *
     * @param row the row of X at a place from 0 to count − 1; asked for once
     */
    static DMatrixRMaj ofColumns(int count, int dimension, IntFunction<double[]> row) {
        Gram gram = new Gram(count, dimension, row);
        DMatrixRMaj sum = new DMatrixRMaj(dimension, dimension);
        Value x = gram.input("x");
        gram.run(Graph.of("gram", List.of(x), Map.of("y", new Ops().gemm(x, x, null, true, false))), session -> {
            for (int from = 0; from < count; from += gram.tile) {
                try (OnnxTensor rows = gram.tensor(from);
                        OrtSession.Result result = session.run(Map.of("x", rows))) {
                    DoubleBuffer values = ((OnnxTensor) result.get(0)).getDoubleBuffer();
                    for (int i = 0; i < sum.data.length; i++) {
                        sum.data[i] += values.get(i);
                    }
                }
            }
        });
        return sum;
    }

    /**
     * XXᵀ, [N,N].
     *
     * @param row the row of X at a place from 0 to count − 1; may be asked for again
     */
    static DMatrixRMaj ofRows(int count, int dimension, IntFunction<double[]> row) {
        Gram gram = new Gram(count, dimension, row);
        DMatrixRMaj product = new DMatrixRMaj(count, count);
        if ((long) count * count * dimension < SMALL) {
            gram.multiply(product);
            return product;
        }
        Value a = gram.input("a");
        Value b = gram.input("b");
        gram.run(Graph.of("gram", List.of(a, b), Map.of("y", new Ops().gemm(a, b, null, false, true))), session -> {
            for (int i = 0; i < count; i += gram.tile) {
                try (OnnxTensor upper = gram.tensor(i)) {
                    for (int j = i; j < count; j += gram.tile) {
                        gram.multiply(session, upper, i, j, product);
                    }
                }
            }
        });
        return product;
    }

    private void multiply(DMatrixRMaj product) {
        double[][] rows = IntStream.range(0, count).mapToObj(row).toArray(double[][]::new);
        for (int y = 0; y < count; y++) {
            for (int x = y; x < count; x++) {
                double sum = 0;
                for (int d = 0; d < dimension; d++) {
                    sum += rows[y][d] * rows[x][d];
                }
                product.set(y, x, sum);
                product.set(x, y, sum);
            }
        }
    }

    private void multiply(OrtSession session, OnnxTensor upper, int i, int j, DMatrixRMaj product) throws OrtException {
        try (OnnxTensor lower = tensor(j);
                OrtSession.Result result = session.run(Map.of("a", upper, "b", lower))) {
            DoubleBuffer values = ((OnnxTensor) result.get(0)).getDoubleBuffer();
            for (int y = i; y < Math.min(i + tile, count); y++) {
                for (int x = j; x < Math.min(j + tile, count); x++) {
                    double value = values.get();
                    product.set(y, x, value);
                    product.set(x, y, value);
                }
            }
        }
    }

    private Value input(String name) {
        Shape shape = Shape.of(1, dimension).with(0, Dim.symbol(name.toUpperCase(Locale.ROOT)));
        return Value.input(name, new TensorType(ElementType.DOUBLE, shape));
    }

    private interface Work {
        void accept(OrtSession session) throws OrtException;
    }

    private void run(Graph graph, Work work) {
        try (OrtSession.SessionOptions options = OrtSessions.options(Device.CPU, 0);
                OrtSession session =
                        OrtEnvironment.getEnvironment().createSession(OnnxFile.bytes(graph, Map.of()), options)) {
            work.accept(session);
        } catch (OrtException e) {
            throw new IllegalStateException("A product of vectors failed: " + e.getMessage(), e);
        }
    }

    private OnnxTensor tensor(int from) throws OrtException {
        int rows = Math.min(tile, count - from);
        DoubleBuffer buffer = ByteBuffer.allocateDirect(rows * dimension * Double.BYTES)
                .order(ByteOrder.nativeOrder())
                .asDoubleBuffer();
        for (int i = from; i < from + rows; i++) {
            buffer.put(row.apply(i));
        }
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), buffer.rewind(), new long[] {rows, dimension});
    }
}

package dev.vicreg.training.step.lowering;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.training.GraphRunner;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Norms of values near 3000 that differ by 0.5 or not at all: E[x²] - E[x]² in single precision has no digit left. */
final class CentredNormsTest {
    private static final int WIDTH = 8;
    private static final float EPSILON = 1e-5f;

    enum Norm {
        LAYER,
        LAYER_OF_A_SUM,
        GROUP
    }

    private final Ops ops = new Ops();

    private Value norm(Norm norm, Value x) {
        Value ones = ops.constant(Tensor.filled(Shape.of(WIDTH), 1));
        Value zeros = ops.constant(Tensor.filled(Shape.of(WIDTH), 0));
        return switch (norm) {
            case LAYER -> ops.layerNormalization(x, ones, zeros, -1, EPSILON);
            case LAYER_OF_A_SUM -> {
                Value half = ops.mul(x, 0.5);
                yield ops.layerNormalization(ops.add(half, half), ones, zeros, -1, EPSILON);
            }
            case GROUP -> ops.groupNormalization(x, ones, zeros, 1, EPSILON);
        };
    }

    @ParameterizedTest
    @EnumSource(Norm.class)
    void largeMeansCostNoDigits(Norm norm) {
        float[] values = new float[2 * WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            values[i] = 3000 + (i % 2 == 0 ? 0.5f : -0.5f);
        }
        Arrays.fill(values, WIDTH, 2 * WIDTH, 3000.3f);
        Tensor fed = Tensor.of(Shape.of(2, WIDTH), values);
        Value x = Value.input("x", fed.type());
        Graph plain = Graph.of("norm", List.of(x), Map.of("y", norm(norm, x)));
        for (Lowering lowering : List.of(Lowering.cpu(1, 0), Lowering.CUDA)) {
            Graph lowered = lowering.apply(plain);
            byte[] file = OnnxFile.bytes(lowered, Map.of(), OpType.ONNX_OPSET);
            try (GraphRunner runner = new GraphRunner(lowered, file)) {
                float[] y = Objects.requireNonNull(runner.run(Map.of("x", fed)).get("y"))
                        .floats();
                for (int i = 0; i < WIDTH; i++) {
                    assertEquals(i % 2 == 0 ? 1 : -1, y[i], 1e-3, lowering + " [0," + i + "]");
                    assertEquals(0, y[WIDTH + i], 1e-3, lowering + " [1," + i + "]");
                }
            }
        }
    }
}

package dev.vicreg.training.encoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.encoder.Pooling;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameters;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.GraphRunner;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.autodiff.Backward;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mean over the tokens of a network that came as a file; PyTorch's figures are in ImportedTrajectoryTest. */
class PoolingTest {
    private static final int WIDTH = 3;
    private static final int PADDING = 2;
    private static final Tensor TABLE = Lcg.tensor(Shape.of(6, WIDTH), 1, new Lcg(5).doubles(6 * WIDTH));

    @TempDir
    Path folder;

    private final Ops ops = new Ops();

    /** A file that gives one token an id: its row of a table, squared. */
    private OnnxEncoder encoder(long length, Pooling pooling, Integer padding) throws IOException {
        Value ids = Value.input("ids", ids(Dim.symbol("N"), Dim.symbol("T")));
        Value rows = ops.gather(Value.constant("table", TABLE), ids, 0); // [N,T] → [N,T,3]
        return encoder(ids, ops.mul(rows, rows), length, pooling, padding);
    }

    private OnnxEncoder encoder(Value ids, Value tokens, long length, Pooling pooling, Integer padding)
            throws IOException {
        Path file = folder.resolve("net.onnx");
        Files.write(file, OnnxFile.bytes(Graph.of("net", List.of(ids), Map.of("y", tokens)), Map.of()));
        OnnxEncoder.Settings settings =
                new OnnxEncoder.Settings("", pooling, OnnxEncoder.BatchNorms.TRAIN, OnnxEncoder.Dropout.OFF, padding);
        return OnnxEncoder.read(file, List.of(length), settings);
    }

    private static TensorType ids(Dim batch, Dim length) {
        return new TensorType(ElementType.INT64, new Shape(List.of(batch, length)));
    }

    /** What a batch gives, [N,3], and the gradient of its values times 1, 2, 3 … added up. */
    private static Map<String, Tensor> run(OnnxEncoder encoder, Tensor table, long... ids) {
        Value view = Value.input(
                "view", encoder.type(Dim.of(ids.length / encoder.sample().get(0))));
        Parameters parameters = new Parameters();
        Value pooled = encoder.build(Layers.forTraining(parameters), view);
        Value rows = parameters.all().iterator().next().value();
        Ops outside = new Ops();
        Value total = outside.reduceSum(outside.mul(pooled, outside.constant(factors(pooled.shape()))), false);
        Value gradient = Backward.gradients(total, List.of(rows)).get(rows);
        Map<String, Value> outputs = Map.of("pooled", pooled, "total", total, "gradient", gradient);
        Map<String, Tensor> fed =
                Map.of("view", new Tensor(view.type(), Tensor.ofLongs(ids).data()), "table", table);
        return GraphRunner.run(Graph.of("pooling", List.of(view, rows), outputs), fed);
    }

    private static float[] pooled(OnnxEncoder encoder, long... ids) {
        return run(encoder, TABLE, ids).get("pooled").floats();
    }

    private static Tensor factors(Shape shape) {
        double[] factors = new double[(int) shape.elements()];
        Arrays.setAll(factors, i -> i + 1);
        return Lcg.tensor(shape, 1, factors);
    }

    /** The squares' mean over rows of the table. */
    private static float[] mean(int... rows) {
        float[] mean = new float[WIDTH];
        for (int d = 0; d < WIDTH; d++) {
            double sum = 0;
            for (int row : rows) {
                sum += Math.pow(TABLE.floats()[row * WIDTH + d], 2);
            }
            mean[d] = (float) (sum / rows.length);
        }
        return mean;
    }

    @Test
    void theMeanIsOverIdsThatAreNoPaddingWhateverTheLength() throws IOException {
        float[] expected = mean(4, 1, 4);
        assertArrayEquals(expected, pooled(encoder(3, Pooling.MEAN, PADDING), 4, 1, 4), 1e-6f);
        assertArrayEquals(expected, pooled(encoder(5, Pooling.MEAN, PADDING), 4, 1, 4, 2, 2), 1e-6f);
        assertArrayEquals(expected, pooled(encoder(5, Pooling.MEAN, PADDING), 2, 4, 2, 1, 4), 1e-6f);
    }

    @Test
    void aSequenceOfPaddingAloneGivesZeros() throws IOException {
        float[] found = pooled(encoder(2, Pooling.MEAN, PADDING), 2, 2, 5, 2);
        assertArrayEquals(new float[WIDTH], Arrays.copyOf(found, WIDTH));
        assertArrayEquals(mean(5), Arrays.copyOfRange(found, WIDTH, 2 * WIDTH), 1e-6f);
    }

    @Test
    void whatPaddingBecomesMayBeAnything() throws IOException {
        float[] values = TABLE.floats();
        Arrays.fill(values, PADDING * WIDTH, (PADDING + 1) * WIDTH, Float.POSITIVE_INFINITY);
        Tensor table = Tensor.of(TABLE.shape(), values);
        float[] found = run(encoder(3, Pooling.MEAN, PADDING), table, 4, 1, 2)
                .get("pooled")
                .floats();
        assertArrayEquals(mean(4, 1), found, 1e-6f);
    }

    @Test
    void itsGradientIsThatOfCentralDifferences() throws IOException {
        OnnxEncoder encoder = encoder(4, Pooling.MEAN, PADDING);
        long[] ids = {4, 1, 2, 2, 2, 2, 2, 2, 0, 4, 5, 5, 3, 2, 1, 0};
        float[] gradient = run(encoder, TABLE, ids).get("gradient").floats();
        float step = 0.05f; // the total is quadratic in each value, so that only rounding is left
        for (int i = 0; i < gradient.length; i++) {
            double[] totals = new double[2];
            for (int side = 0; side < 2; side++) {
                float[] moved = TABLE.floats();
                moved[i] += side == 0 ? step : -step;
                totals[side] = run(encoder, Tensor.of(TABLE.shape(), moved), ids)
                        .get("total")
                        .floats()[0];
            }
            assertEquals((totals[0] - totals[1]) / (2 * step), gradient[i], 1e-3, "value " + i);
        }
        for (int d = 0; d < WIDTH; d++) {
            assertEquals(0, gradient[PADDING * WIDTH + d]);
        }
    }

    @Test
    void thePaddedMeanIsOverAll() throws IOException {
        assertArrayEquals(mean(4, 1, 2, 2), pooled(encoder(4, Pooling.PADDED_MEAN, PADDING), 4, 1, 2, 2), 1e-6f);
        assertArrayEquals(mean(4, 1, 2, 2), pooled(encoder(4, Pooling.PADDED_MEAN, null), 4, 1, 2, 2), 1e-6f);
    }

    @Test
    void paddingMustBeKnown() {
        var e = assertThrows(SettingException.class, () -> encoder(3, Pooling.MEAN, null));
        assertTrue(e.getMessage().contains("is over ids that are no padding, which is not known"), e.getMessage());
    }

    @Test
    void tokensThatAreNotOnePerIdAreAllAveragedWhichIsTold() throws IOException {
        Value ids = Value.input("ids", ids(Dim.symbol("N"), Dim.of(4)));
        Value pairs = ops.reshape(ops.gather(Value.constant("table", TABLE), ids, 0), 0, 2, 2L * WIDTH);
        OnnxEncoder encoder = encoder(ids, pairs, 4, Pooling.MEAN, PADDING);
        float[] found = pooled(encoder, 4, 1, 2, 2);
        assertEquals((TABLE.floats()[4 * WIDTH] + TABLE.floats()[2 * WIDTH]) / 2, found[0], 1e-6f);
        assertFalse(encoder.leavesOutPadding());
        assertTrue(
                encoder.notes().get(0).contains("has not one token for each id"),
                encoder.notes().toString());
        assertEquals(List.of(), encoder(3, Pooling.MEAN, PADDING).notes());
    }
}

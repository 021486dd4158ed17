package dev.vicreg.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How tokens become a vector. */
class OutputPoolingTest {
    private static final int LENGTH = 4;
    private static final int PADDING = 9;
    private static final long[][] SEQUENCES = {{1, 3}, {4, 9, 6, 8}, {9, 2}};

    @TempDir
    Path folder;

    /** Gives [id, 10·id] for each id, of {@code tokens} ids. */
    private float[][] embedded(OutputPooling pool, int tokens) throws IOException {
        Ops ops = new Ops();
        TensorType type = new TensorType(ElementType.INT64, new Shape(List.of(Dim.symbol("N"), Dim.of(LENGTH))));
        Value ids = Value.input("ids", type);
        Value each = ops.unsqueeze(ops.slice(ops.cast(ids, ElementType.FLOAT), 1, 0, tokens, 1), 2);
        Value output = ops.concat(2, each, ops.mul(each, 10));
        Input<?> input = new Input.Sequences(
                "ids", Input.Sequences.KIND, LENGTH, Input.Sequences.IDS, 10, PADDING, PADDING, List.of(), false);
        Manifest manifest = new Manifest(2, "test", "net", input, 2, 0, "none", Map.of(), "tokens", pool);
        Graph graph = Graph.of("net", List.of(ids), Map.of("tokens", output));
        byte[] file = OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson()));
        Path model = Files.write(folder.resolve("model.onnx"), file);
        try (EmbeddingModel served = EmbeddingModel.load(model, Device.CPU, 1)) {
            return served.embedSequences(SEQUENCES);
        }
    }

    @Test
    void theMaskedMeanLeavesOutPaddingWhereverItStands() throws IOException {
        float[][] expected = {{2, 20}, {6, 60}, {2, 20}};
        assertArrayEquals(expected, embedded(OutputPooling.MASKED_MEAN, LENGTH));
    }

    @Test
    void aManifestOfMeanIsOverPaddingTooAsItAlwaysWas() throws IOException {
        float[][] expected = {{5.5f, 55}, {6.75f, 67.5f}, {7.25f, 72.5f}};
        assertArrayEquals(expected, embedded(OutputPooling.MEAN, LENGTH));
    }

    @Test
    void paddingAloneGivesZeros() {
        float[] tokens = {1, 2, Float.NaN, 4};
        float[][] found = {OutputPooling.masked(tokens, new long[] {2, 2}, new boolean[2])};
        assertArrayEquals(new float[][] {{0, 0}}, found);
    }

    @Test
    void aMapOfOnePixelIsItsChannelsWhereverTheyStand() {
        float[] channels = {1, 2, 3};
        assertArrayEquals(channels, OutputPooling.MEAN.row(channels, 3, 1, 1));
        assertArrayEquals(channels, OutputPooling.MEAN.row(channels, 1, 1, 3));
        assertArrayEquals(new float[] {2}, OutputPooling.MEAN.row(channels, 1, 3, 1));
    }

    @Test
    void tokensThatAreNotOnePerIdAreRefused() {
        var e = assertThrows(IllegalStateException.class, () -> embedded(OutputPooling.MASKED_MEAN, 3));
        assertTrue(
                String.valueOf(e.getMessage()).contains("[3, 2], has not one token for each of 4 ids"), e.getMessage());
    }
}

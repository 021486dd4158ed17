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
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models of ids with further inputs. */
class DerivedInputsTest {
    private static final int LENGTH = 3;
    private static final int PADDING = 9;

    @TempDir
    Path folder;

    private static Value input(String name, ElementType type) {
        return Value.input(name, new TensorType(type, new Shape(List.of(Dim.symbol("N"), Dim.of(LENGTH)))));
    }

    /** Embeds as ids + 10·first further input + 100·second, [N,3]. */
    private Path model(Value... further) throws IOException {
        Ops ops = new Ops();
        Value ids = input("ids", ElementType.INT64);
        List<Value> inputs = new ArrayList<>(List.of(further));
        inputs.add(ids);
        Value sum = ops.cast(ids, ElementType.FLOAT);
        double factor = 10;
        for (Value each : further) {
            sum = ops.add(sum, ops.mul(ops.cast(each, ElementType.FLOAT), factor));
            factor *= 10;
        }
        Manifest manifest = new Manifest(
                Manifest.FORMAT_VERSION,
                "test",
                "sum",
                new Input.Sequences(
                        "ids",
                        Input.Sequences.KIND,
                        LENGTH,
                        Input.Sequences.IDS,
                        PADDING + 1,
                        PADDING,
                        0,
                        List.of(),
                        false),
                LENGTH,
                0,
                "none",
                Map.of());
        Graph graph = Graph.of("sum", inputs, Map.of("embedding", sum));
        byte[] file = OnnxFile.bytes(graph, Map.of(Manifest.METADATA_KEY, manifest.toJson()));
        return Files.write(folder.resolve("model.onnx"), file);
    }

    @ParameterizedTest
    @EnumSource(names = {"INT64", "INT32", "FLOAT", "BOOL"})
    void masksAndTokenTypesAreFedInTheirOwnType(ElementType type) throws IOException {
        Path model = model(input("encoder_attention_mask", type), input("token_type_ids", type));
        try (EmbeddingModel served = EmbeddingModel.load(model, Device.CPU, 1)) {
            float[][] found = served.embedSequences(new long[][] {{1}, {2, 0, 4}});
            assertArrayEquals(new float[] {11, 9, 9}, found[0]);
            assertArrayEquals(new float[] {12, 10, 14}, found[1]);
        }
    }

    @Test
    void positionsCountFromTheStartOfEachSequence() throws IOException {
        Path model = model(input("position_ids", ElementType.INT32));
        try (EmbeddingModel served = EmbeddingModel.load(model, Device.CPU, 1)) {
            float[][] found = served.embedSequences(new long[][] {{1}, {2, 0, 4}});
            assertArrayEquals(new float[] {1, 19, 29}, found[0]);
            assertArrayEquals(new float[] {2, 10, 24}, found[1]);
        }
    }

    @Test
    void theirMemoryIsUsedAgain() throws IOException {
        Path model = model(input("attention_mask", ElementType.BOOL), input("token_type_ids", ElementType.INT64));
        BufferPoolMXBean direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .findFirst()
                .orElseThrow();
        try (EmbeddingModel served = EmbeddingModel.load(model, Device.CPU, 1)) {
            for (int warmUp = 0; warmUp < 5; warmUp++) { // until every buffer is large enough for any use
                served.embedSequences(new long[][] {{1}, {2, 0, 4}});
            }
            long before = direct.getCount();
            for (int batch = 0; batch < 50; batch++) {
                assertArrayEquals(new float[] {12, 10, 14}, served.embedSequences(new long[][] {{1}, {2, 0, 4}})[1]);
            }
            assertTrue(direct.getCount() <= before, direct.getCount() + " direct buffers after " + before);
        }
    }

    @Test
    void otherInputsAreRefusedByName() throws IOException {
        Path model = model(input("bbox", ElementType.INT64));
        var e = assertThrows(IOException.class, () -> EmbeddingModel.load(model, Device.CPU, 1));
        assertTrue(String.valueOf(e.getMessage()).contains("has an input bbox"), e.getMessage());
    }
}

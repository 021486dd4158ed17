package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vicreg.export.VariantExport.Precision;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Exported encoders in another language and another version of ONNX Runtime: onnxruntime-node, in the folder that {@code
 * VICREG_NODE_MODULES} names, as {@code npm install onnxruntime-node} leaves it.
 */
class NodeRuntimeTest {
    private static final String PROBE = """
            const ort = require(process.argv[2] + '/onnxruntime-node');
            const [, , , model, pixels, height, width] = process.argv;
            (async () => {
              const session = await ort.InferenceSession.create(model);
              const data = new Uint8Array(require('fs').readFileSync(pixels));
              const image = new ort.Tensor('uint8', data, [1, +height, +width, 3]);
              console.log((await session.run({ image })).embedding.data.join('\\n'));
            })().catch(e => { console.error(e.message); process.exit(1); });
            """;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"FP32, false, 32, 32", "FP16, false, 32, 32", "INT8, false, 32, 32", "INT8, true, 71, 100"})
    void nodeGivesTheSameVectors(Precision precision, boolean anySize, int height, int width)
            throws IOException, InterruptedException {
        String modules = System.getenv("VICREG_NODE_MODULES");
        assumeTrue(
                modules != null && Files.isDirectory(Path.of(modules, "onnxruntime-node")),
                "VICREG_NODE_MODULES names no folder with onnxruntime-node: npm install onnxruntime-node makes one");
        Path encoder = StockRuntimeTest.variant(folder, precision, anySize);
        byte[] pixels = new byte[height * width * 3];
        new SplittableRandom(5).nextBytes(pixels);
        Path output = folder.resolve("output");
        Process node = new ProcessBuilder(
                        "node",
                        Files.writeString(folder.resolve("probe.js"), PROBE).toString(),
                        Path.of(modules).toAbsolutePath().toString(),
                        encoder.toString(),
                        Files.write(folder.resolve("pixels"), pixels).toString(),
                        Integer.toString(height),
                        Integer.toString(width))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int exit = node.waitFor();
        List<String> lines = Files.readAllLines(output);
        assertEquals(0, exit, lines::toString);
        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            float[] expected = model.embedPictures(List.of(new Picture(width, height, pixels)))[0];
            float[] found = new float[lines.size()];
            for (int i = 0; i < found.length; i++) {
                found[i] = Float.parseFloat(lines.get(i));
            }
            // another version may round float16 and integers elsewhere
            double least = precision == Precision.FP32 ? 0.999999 : 0.9995;
            assertTrue(Embeddings.cosine(expected, found) > least, "cosine " + Embeddings.cosine(expected, found));
        }
    }
}

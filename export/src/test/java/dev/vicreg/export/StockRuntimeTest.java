package dev.vicreg.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtEnvironment;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.NativeLibraries;
import dev.vicreg.runtime.picture.Picture;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An exported encoder needs neither the training natives nor a class of this project. */
class StockRuntimeTest {
    @TempDir
    Path folder;

    private static String codeOf(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
                .toString();
    }

    private static VariantExport.Samples noise() {
        SplittableRandom random = new SplittableRandom(1);
        List<byte[]> rows = new ArrayList<>();
        for (int i = 0; i < VariantExport.Samples.LEAST; i++) {
            rows.add(new byte[TestRun.IMAGE_SIZE * TestRun.IMAGE_SIZE * 3]);
            random.nextBytes(rows.get(i));
        }
        return new VariantExport.Samples(rows, List.of());
    }

    /** The file of a small encoder made in this precision. */
    static Path variant(Path folder, VariantExport.Precision precision, boolean anySize) throws IOException {
        Path plain = TestRun.write(folder, 8, "16-16", 3)
                .export(folder.resolve("plain.onnx"))
                .file();
        return VariantExport.export(
                        plain,
                        new VariantExport.Settings(precision, anySize, false, 0, 0),
                        precision == VariantExport.Precision.INT8 ? noise() : VariantExport.Samples.NONE,
                        "1",
                        folder.resolve("encoder.onnx"))
                .file();
    }

    /** The size of the pictures is that of the encoder but where the file resizes them. */
    @ParameterizedTest
    @CsvSource({"FP32, false, 32", "FP16, false, 32", "INT8, false, 32", "INT8, true, 71"})
    void exportedEncoderGivesTheSameVectorsInAJvmWithTheOfficialJarAlone(
            VariantExport.Precision precision, boolean anySize, int size)
            throws IOException, InterruptedException, URISyntaxException {
        Path encoder = variant(folder, precision, anySize);
        byte[] pixels = new byte[2 * size * size * 3];
        new SplittableRandom(5).nextBytes(pixels);
        Path pictures = Files.write(folder.resolve("pixels"), pixels);

        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        codeOf(OrtEnvironment.class) + File.pathSeparator + codeOf(StockRuntimeProbe.class),
                        StockRuntimeProbe.class.getName(),
                        encoder.toString(),
                        pictures.toString(),
                        "2",
                        Integer.toString(size))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int exit = process.waitFor();
        List<String> lines = Files.readAllLines(output);
        assertEquals(0, exit, lines::toString);
        assertEquals("false", lines.get(0), "the probe ran on training natives");
        assertTrue(NativeLibraries.load().trainingEnabled(), "this JVM runs on stock natives, so nothing is compared");

        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            float[][] vectors = model.embedPictures(List.of(
                    new Picture(size, size, java.util.Arrays.copyOf(pixels, pixels.length / 2)),
                    new Picture(size, size, java.util.Arrays.copyOfRange(pixels, pixels.length / 2, pixels.length))));
            assertEquals(1 + 2 * model.dimension(), lines.size());
            float largest = 0;
            for (int i = 0; i < 2 * model.dimension(); i++) {
                largest = Math.max(largest, Math.abs(vectors[i / model.dimension()][i % model.dimension()]));
            }
            for (int i = 0; i < 2 * model.dimension(); i++) {
                float expected = vectors[i / model.dimension()][i % model.dimension()];
                assertEquals(expected, Float.parseFloat(lines.get(i + 1)), 1e-5f * largest);
            }
        }
    }
}

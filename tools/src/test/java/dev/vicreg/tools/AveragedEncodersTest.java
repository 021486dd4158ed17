package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run with --ema from end to end: two networks, whose averages are exported, measured and exported again. */
class AveragedEncodersTest {
    @TempDir
    Path folder;

    private Cli train(Path run, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "--data", folder + "/p/train", "--out", run.toString()));
        words.addAll(
                List.of("--width", "4", "--projector", "16", "--batch-size", "8", "--steps", "3", "--threads", "1"));
        words.addAll(List.of(more));
        Cli done = Cli.run(words.toArray(new String[0]));
        assertEquals(0, done.status(), done.err());
        return done;
    }

    private static double knn(Path encoder) throws Exception {
        try (EmbeddingModel model = EmbeddingModel.load(encoder, Device.CPU, 1)) {
            return model.manifest().evaluation().get("knn-20-0.07");
        }
    }

    @Test
    void averagesAreExportedBesideTheEncoders() throws Exception {
        Cli.sample("pictures", folder.resolve("p"), 4, 2);
        Path run = folder.resolve("run");
        Cli done = train(run, "--width-b", "2", "--ema", "0.5", "--eval-data", folder + "/p/test");
        List<String> lines = done.out().lines().toList();
        assertEquals(
                List.of("encoder.onnx", "encoder-b.onnx", "encoder-ema.onnx", "encoder-ema-b.onnx").stream()
                        .map(name -> run.resolve(name).toString())
                        .toList(),
                lines.subList(lines.size() - 4, lines.size()));
        String measured = lines.get(lines.size() - 5);
        String expected = String.format(Locale.ROOT, "%.1f %%", 100 * knn(run.resolve("encoder-ema.onnx")));
        assertTrue(measured.startsWith("  averaged encoder ") && measured.endsWith(expected), measured);
        assertFalse(Arrays.equals(
                Files.readAllBytes(run.resolve("encoder.onnx")), Files.readAllBytes(run.resolve("encoder-ema.onnx"))));

        Path again = folder.resolve("again.onnx");
        Cli exported = Cli.run("export", "--run", run.toString(), "--branch", "b", "--out", again.toString(), "--json");
        assertEquals(0, exported.status(), exported.err());
        JsonNode summary = new ObjectMapper().readTree(exported.out());
        Path averaged = folder.resolve("again-ema.onnx");
        assertEquals(averaged.toString(), summary.get("ema").asText());
        assertArrayEquals(Files.readAllBytes(run.resolve("encoder-ema-b.onnx")), Files.readAllBytes(averaged));
    }

    @Test
    void withoutAveragesNothingIsAdded() throws Exception {
        Cli.sample("pictures", folder.resolve("p"), 2, 1);
        Path run = folder.resolve("run");
        assertEquals(run.resolve("encoder.onnx") + "\n", train(run).out());
        assertTrue(Files.notExists(run.resolve("encoder-ema.onnx")));
        Cli refused = Cli.run(
                "train", "--data", folder + "/p/train", "--out", folder + "/other", "--batch-size", "8", "--ema", "1");
        assertEquals(2, refused.status());
        assertTrue(refused.errorLine().contains("--ema must be"), refused.err());
    }
}

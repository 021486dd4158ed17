package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The benchmarks run, and tell what they measured; {@code bench train}: PrecisionTest, {@code bench search}: SearchCommandsTest. */
final class BenchTest {
    @TempDir
    Path folder;

    private static JsonObject json(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.add("--json");
        Cli cli = Cli.run(all.toArray(new String[0]));
        assertEquals(0, cli.status(), cli.err());
        return JsonParser.parseString(cli.out()).getAsJsonObject();
    }

    private static double positive(JsonObject figures, String name) {
        double value = figures.get(name).getAsDouble();
        assertTrue(value > 0, name + " in " + figures);
        return value;
    }

    private String drawn() {
        String data = folder.resolve("shapes").toString();
        Cli cli = Cli.run("sample", "--out", data, "--per-class", "4", "--test-per-class", "1");
        assertEquals(0, cli.status(), cli.err());
        return data + "/train";
    }

    @Test
    void augmentTellsViewsAndPairs() {
        JsonObject figures = json(
                "bench",
                "augment",
                "--data",
                drawn(),
                "--image-size",
                "8",
                "--batch-size",
                "4",
                "--batches",
                "2",
                "--samples",
                "4",
                "--workers",
                "2");
        positive(figures, "milliseconds_a_view");
        positive(figures, "pairs_per_second_1_worker");
        positive(figures, "pairs_per_second_2_workers");
        assertEquals(3 * 8 * 8, figures.get("bytes_a_view").getAsInt());
    }

    @Test
    void graphTellsWhatComesBeforeTheFirstStep() {
        JsonObject figures = json(
                "bench",
                "graph",
                "--width",
                "4",
                "--image-size",
                "8",
                "--projector",
                "8-8",
                "--batch-size",
                "4",
                "--times",
                "2",
                "--threads",
                "2");
        for (String part : List.of("build", "lower", "write", "open")) {
            positive(figures, "milliseconds_to_" + part);
        }
        assertTrue(positive(figures, "bytes") > positive(figures, "operators"));
    }

    @Test
    void embedTellsSamplesAndBatches() {
        String data = drawn();
        String run = folder.resolve("run").toString();
        Cli cli = Cli.run(
                "train",
                "--data",
                data,
                "--out",
                run,
                "--width",
                "4",
                "--image-size",
                "8",
                "--projector",
                "8-8",
                "--batch-size",
                "8",
                "--steps",
                "1",
                "--warmup-epochs",
                "0");
        assertEquals(0, cli.status(), cli.err());
        JsonObject figures = json(
                "bench", "embed", "--model", run + "/encoder.onnx", "--data", data, "--batch", "4", "--times", "3");
        positive(figures, "milliseconds_a_sample");
        assertEquals(
                4e3 / positive(figures, "milliseconds_a_batch"),
                figures.get("samples_per_second").getAsDouble(),
                1e-6);
        double share = positive(figures, "share_of_preparing");
        assertTrue(figures.get("milliseconds_a_batch_p10").getAsDouble()
                <= figures.get("milliseconds_a_batch_p90").getAsDouble());
        assertTrue(Double.isFinite(share));
    }
}

package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** eval --target on tables, with --map and the views of the run beside the model. */
class TargetsCommandTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void train() throws Exception {
        table("train", 80, 1);
        table("test", 40, 2);
        Cli trained = Cli.run(
                "train",
                "--data",
                folder + "/train.csv",
                "--columns",
                "a,b,c",
                "--out",
                folder + "/run",
                "--width",
                "8",
                "--projector",
                "16",
                "--batch-size",
                "16",
                "--steps",
                "3",
                "--threads",
                "1");
        assertEquals(0, trained.status(), trained.err());
    }

    private static void table(String name, int rows, long seed) throws Exception {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder("a,b,c,price,city\n");
        for (int i = 0; i < rows; i++) {
            double a = random.nextGaussian();
            double b = random.nextGaussian();
            text.append(String.format(
                    Locale.ROOT,
                    "%f,%f,%f,%f,%s%n",
                    a,
                    b,
                    random.nextGaussian(),
                    2 * a - b,
                    i % 2 == 0 ? "Oslo" : "Rome"));
        }
        Files.writeString(folder.resolve(name + ".csv"), text);
    }

    private static Cli eval(String... more) {
        List<String> words = new ArrayList<>(List.of("eval", "--model", folder + "/run/encoder.onnx"));
        words.addAll(List.of("--train", folder + "/train.csv", "--test", folder + "/test.csv", "--threads", "1"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(new String[0]));
    }

    @Test
    void aColumnIsPredictedBesideTheUntrainedNetworkAndTheRowsThemselves() throws Exception {
        Path map = folder.resolve("map.png");
        Cli done = eval("--target", "price", "--map", map.toString(), "--json");
        assertEquals(0, done.status(), done.err());
        JsonNode json = new ObjectMapper().readTree(done.out());
        JsonNode spaces = json.get("spaces");
        assertEquals("price", json.get("target").asText());
        assertEquals(1, spaces.get("raw").get("r2").asDouble(), 1e-3, "a linear target of the columns");
        for (String space : List.of("encoder", "baseline")) {
            double r2 = spaces.get(space).get("r2").asDouble();
            JsonNode interval = spaces.get(space).get("r2_interval");
            assertTrue(interval.get(0).asDouble() <= r2 && r2 <= interval.get(1).asDouble(), spaces.toString());
            assertTrue(spaces.get(space).get("alignment").asDouble() > 0, "the run lies beside the model");
            assertTrue(spaces.get(space).get("lidar").asDouble() >= 1);
        }
        assertTrue(Files.size(map) > 1000);
        assertTrue(
                eval("--target", "price").out().startsWith("40 test vectors by 80 training vectors, target price\n"));
    }

    @Test
    void whatIsNoTargetIsRefusedInALine() {
        Cli text = eval("--target", "city");
        assertEquals(1, text.status());
        assertTrue(text.errorLine().contains("have the target 'Oslo', expected finite numbers"), text.err());
        Cli missing = eval("--target", "rent");
        assertEquals(1, missing.status());
        assertTrue(
                missing.errorLine().contains("has no label column rent; it has a, b, c, price, city"), missing.err());
        Cli both = eval("--target", "price", "--label", "city");
        assertEquals(2, both.status());
        Cli classes = eval("--target", "price", "--measures", "knn");
        assertEquals(2, classes.status());
        assertTrue(classes.errorLine().contains("knn is of classes, and --target names numbers"), classes.err());
        Cli leak = eval("--target", "a");
        assertEquals(2, leak.status());
        assertTrue(leak.errorLine().contains("--target a is among the columns that the encoder takes"), leak.err());
    }
}

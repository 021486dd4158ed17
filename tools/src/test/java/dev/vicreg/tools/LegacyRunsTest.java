package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs that commit 8b13b18 began and was stopped in go on as they would have then: see the README beside them. Figures
 * are compared everywhere, bits only on the kind of processor that the runs were made on; elsewhere that test is skipped.
 */
class LegacyRunsTest {
    private static final Path HELD = Path.of("src/test/resources/runs-8b13b18");
    private static final Path ENCODERS = Path.of("../training/src/test/resources/golden/imported");
    private static final Path LAST = Path.of("run/checkpoints/step-00000004/checkpoint");
    private static final int STEPS_BEFORE = 2;
    /** What float32 adds up to in another order. */
    private static final double RELATIVE = 1e-4;

    private static final double ABSOLUTE = 1e-6;
    private static final Set<String> PATHS = Set.of("--data", "--data-b", "--pairs", "--encoder", "--encoder-b");
    private static final Set<String> TERMS = Set.of("loss", "invariance", "variance", "covariance");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    /** Folders of the runs that went on, by kind: once for all tests. */
    private static final Map<String, Path> RESUMED = new HashMap<>();

    static List<String> kinds() {
        return List.of(
                "half",
                "ids",
                "imported",
                "patches",
                "pictures",
                "signals",
                "texts",
                "two-front-ends",
                "two-imported",
                "two-networks",
                "vectors");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aHeldRunGoesOnToTheSameFigures(String kind) throws IOException {
        Path work = resumed(kind);
        Path held = HELD.resolve(kind);
        assertEquals(
                -1,
                Files.mismatch(held.resolve("run/config.json"), work.resolve("run/config.json")),
                "config.json stays as the run was started");
        List<String> before = Cli.steps(held.resolve("run"));
        List<String> after = Cli.steps(work.resolve("run"));
        List<String> expected = Cli.steps(held.resolve("expected"));
        assertEquals(before.subList(0, STEPS_BEFORE), after.subList(0, STEPS_BEFORE));
        assertEquals(STEPS_BEFORE + expected.size(), after.size());
        for (int i = 0; i < expected.size(); i++) {
            assertAlike(figures(expected.get(i)), figures(after.get(STEPS_BEFORE + i)));
        }
        assertEquals(expectedCheckpoint(kind)[0], "" + Files.size(work.resolve(LAST)), "bytes of the checkpoint");
        assertTrue(Files.isRegularFile(work.resolve("run/encoder.onnx")));
    }

    /** But for those whose layer norms see their data centred now. */
    static Stream<String> kindsOfTheSameBits() {
        return kinds().stream()
                .filter(kind -> !Set.of("patches", "two-imported").contains(kind));
    }

    @ParameterizedTest
    @MethodSource("kindsOfTheSameBits")
    void aHeldRunGoesOnToTheSameBits(String kind) throws IOException {
        List<String> here = processor();
        List<String> there = Files.readAllLines(HELD.resolve("processor.txt"));
        assumeTrue(
                here.equals(there), () -> "bits not compared, figures alone: made on " + there + ", this is " + here);
        Path work = resumed(kind);
        List<String> after = Cli.steps(work.resolve("run"));
        List<String> expected = Cli.steps(HELD.resolve(kind + "/expected"));
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(figures(expected.get(i)), figures(after.get(STEPS_BEFORE + i)));
        }
        assertEquals(expectedCheckpoint(kind)[1], sha256(work.resolve(LAST)), "SHA-256 of the checkpoint");
    }

    /** Nothing that a run's own options say may count as another setting, whatever defaults are today. */
    @ParameterizedTest
    @MethodSource("kinds")
    void theOptionsThatBeganARunAreNoOtherSettings(String kind) throws IOException {
        Path work = resumed(kind);
        Cli again = resume(work, options(kind, work));
        assertEquals(0, again.status(), again.err());
        assertTrue(again.err().contains("4 steps done"), again.err());
    }

    @ParameterizedTest
    @CsvSource({
        "pictures, --seed, 8, seed",
        "pictures, --freeze, encoder.layer1.*, freeze",
        "pictures, --no-decay, 1d, no-decay",
        "pictures, --stem, small, stem",
        "pictures, --limit-per-class, 6, limit-per-class",
        "patches, --patch-size, 2, patch-size",
        "patches, --schedule, cosine, schedule",
        "vectors, --depth, 2, depth",
        "vectors, --columns, 'height,weight', columns",
        "vectors, --augment, vectors, augment",
        "half, --loss-scale, 2048, loss-scale",
        "signals, --length, 128, length",
        "signals, --front-end, none, front-end",
        "texts, --mask-id, 0, mask-id",
        "ids, --special-ids, 0, special-ids",
        "ids, --optimizer, lars-solo, optimizer",
        "two-networks, --projector-b, 8-4, projector-b",
        "two-networks, --augment-b, cifar, augment-b",
        "two-front-ends, --front-end-b, none, front-end-b",
        "imported, --dropout, off, dropout",
        "two-imported, --pool-b, mean, pool-b"
    })
    void anotherSettingIsRefused(String kind, String option, String value, String name) throws IOException {
        Path work = resumed(kind);
        List<String> words = dataOf(kind, work);
        words.addAll(List.of(option, value));
        Cli refused = resume(work, words);
        assertEquals(2, refused.status(), refused.err());
        String line = refused.err().lines().reduce("", (earlier, last) -> last); // fp16 has a warning before it
        assertTrue(line.contains("with other settings: " + name + ": "), refused.err());
    }

    @ParameterizedTest
    @CsvSource({"vectors, rows.csv", "texts, lines.txt", "ids, rows.ids"})
    void changedDataAreRefused(String kind, String file) throws IOException {
        Path work = copy(kind, folder.resolve("changed"));
        Path data = work.resolve("data").resolve(file);
        List<String> lines = new ArrayList<>(Files.readAllLines(data));
        lines.set(1, lines.get(2));
        Files.write(data, lines);
        Cli refused = resume(work, dataOf(kind, work));
        assertEquals(2, refused.status(), refused.err());
        assertTrue(refused.err().contains("changed since the run started"), refused.err());
    }

    private static Path resumed(String kind) throws IOException {
        Path known = RESUMED.get(kind);
        if (known == null) {
            known = copy(kind, folder);
            Cli done = resume(known, dataOf(kind, known));
            assertEquals(0, done.status(), done.err());
            RESUMED.put(kind, known);
        }
        return known;
    }

    /** On the CPU, wherever the tests run: that is where the runs were made. */
    private static Cli resume(Path work, List<String> options) {
        List<String> words = new ArrayList<>(
                List.of("train", "--resume", "--out", work.resolve("run").toString()));
        words.addAll(options);
        if (!options.contains("--device")) {
            words.addAll(List.of("--device", "cpu"));
        }
        return Cli.run(words.toArray(String[]::new));
    }

    /** The options that say where the data are now. */
    private static List<String> dataOf(String kind, Path work) throws IOException {
        List<String> all = options(kind, work);
        List<String> words = new ArrayList<>();
        for (String option : List.of("--data", "--data-b", "--pairs")) {
            int place = all.indexOf(option);
            if (place >= 0) {
                words.addAll(all.subList(place, place + 2));
            }
        }
        return words;
    }

    /** The options that the run began with, for where its files are now. */
    private static List<String> options(String kind, Path work) throws IOException {
        List<String> words = new ArrayList<>();
        for (String line : Files.readAllLines(HELD.resolve(kind).resolve("options.txt"))) {
            String[] parts = line.split(" ", 2);
            words.add(parts[0]);
            if (parts.length > 1) {
                words.add(PATHS.contains(parts[0]) ? located(parts[1], work) : parts[1]);
            }
        }
        return words;
    }

    private static String located(String value, Path work) {
        if (value.startsWith("encoders/")) {
            return ENCODERS.resolve(value.substring("encoders/".length())).toString();
        }
        return value.startsWith("data") ? work.resolve(value).toString() : value;
    }

    private static Path copy(String kind, Path target) throws IOException {
        Path held = HELD.resolve(kind);
        Path work = target.resolve(kind);
        try (Stream<Path> files = Files.walk(held)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path to = work.resolve(held.relativize(file).toString());
                Files.createDirectories(to.getParent());
                Files.copy(file, to);
            }
        }
        return work;
    }

    /** A line of metrics without what depends on the time of day. */
    private static JsonNode figures(String line) throws IOException {
        ObjectNode node = (ObjectNode) JSON.readTree(line);
        assertTrue(node.has("pairs_per_second"), line);
        node.remove("pairs_per_second");
        return node;
    }

    private static void assertAlike(JsonNode expected, JsonNode found) {
        assertEquals(expected.size(), found.size(), () -> expected + " and " + found);
        expected.properties().forEach(entry -> {
            double figure = entry.getValue().asDouble();
            double tolerance = TERMS.contains(entry.getKey()) ? RELATIVE * Math.abs(figure) + ABSOLUTE : 1e-12;
            assertTrue(found.path(entry.getKey()).isNumber(), () -> entry.getKey() + " in " + found);
            assertEquals(
                    figure,
                    found.path(entry.getKey()).asDouble(),
                    tolerance,
                    () -> entry.getKey() + " of " + expected + " and " + found);
        });
    }

    /** Bytes and SHA-256 of the checkpoint that the run ended with. */
    private static String[] expectedCheckpoint(String kind) throws IOException {
        List<String> lines = Files.readAllLines(HELD.resolve(kind).resolve("expected/checkpoint.txt"));
        return new String[] {firstWord(lines.get(1)), firstWord(lines.get(0))};
    }

    private static String firstWord(String line) {
        return line.substring(0, line.indexOf(' '));
    }

    private static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What rounding depends on, as processor.txt has it; empty where the system doesn't say. */
    private static List<String> processor() throws IOException {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(file)) {
            return List.of();
        }
        List<String> found = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank()) {
                break; // the first of several alike
            }
            String[] parts = line.split("\\s*:\\s*", 2);
            if (Set.of("vendor_id", "cpu family", "model", "cache size").contains(parts[0])) {
                found.add(parts[0] + ": " + parts[1]);
            } else if (parts[0].equals("flags")) {
                Arrays.stream(parts[1].split(" ", -1))
                        .filter(flag -> flag.matches("(amx|avx|f16c|fma|sse|ssse).*"))
                        .forEach(flag -> found.add("flag: " + flag));
            }
        }
        found.sort(null);
        return found;
    }
}

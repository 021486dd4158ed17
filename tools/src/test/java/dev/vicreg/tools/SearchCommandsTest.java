package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.vicreg.runtime.search.IndexBuilder;
import dev.vicreg.runtime.search.SearchIndex;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** index, search and dedup over one small encoder, each test on a copy of its pictures. */
class SearchCommandsTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private Path pictures;
    private Path index;

    @BeforeAll
    static void train() {
        Cli.sample("pictures", shared.resolve("shapes"), 6, 1);
        train("run", shared.resolve("shapes/train"), 0);
    }

    private static void train(String run, Path data, int seed) {
        Cli trained = Cli.run(
                "train",
                "--data",
                data.toString(),
                "--out",
                shared.resolve(run).toString(),
                "--width",
                "4",
                "--projector",
                "16-16",
                "--batch-size",
                "16",
                "--threads",
                "1",
                "--workers",
                "1",
                "--steps",
                "1",
                "--seed",
                "" + seed);
        assertEquals(0, trained.status(), trained.err());
    }

    @BeforeEach
    void copy() throws IOException {
        pictures = folder.resolve("pictures");
        index = folder.resolve("shapes.index");
        for (String name : List.of("dots", "rings", "checks")) {
            Path target = Files.createDirectories(pictures.resolve(name));
            try (Stream<Path> files = Files.list(shared.resolve("shapes/train").resolve(name))) {
                for (Path file : files.toList()) {
                    Files.copy(file, target.resolve(file.getFileName()));
                }
            }
        }
    }

    private Path picture(String name) {
        return pictures.resolve(name);
    }

    private static String model() {
        return shared.resolve("run/encoder.onnx").toString();
    }

    private static Cli done(Cli cli) {
        assertEquals(0, cli.status(), cli.err());
        return cli;
    }

    private JsonObject index(String... more) {
        String[] words = {
            "index", "--model", model(), "--data", pictures.toString(), "--out", index.toString(), "--json"
        };
        Cli made = done(Cli.run(Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new)));
        return JsonParser.parseString(made.out()).getAsJsonObject();
    }

    private static void counts(JsonObject found, int added, int changed, int unchanged, int removed) {
        assertEquals(
                List.of(added, changed, unchanged, removed),
                Stream.of("added", "changed", "unchanged", "removed")
                        .map(name -> found.get(name).getAsInt())
                        .toList(),
                found.toString());
    }

    @Test
    void samplesAreFoundByThemselvesWithTheVectorsOfEmbed() throws IOException {
        counts(index(), 18, 0, 0, 0);
        Path query = picture("dots/00002.png");
        Cli found = done(Cli.run("search", "--index", index.toString(), "--query", query.toString(), "--k", "2"));
        assertTrue(found.out().startsWith(query + "\n   1.000  dots/00002.png\n"), found.out());
        Cli json = done(Cli.run("search", "--index", index.toString(), query.toString(), query.toString(), "--json"));
        assertEquals(2, json.out().lines().count());
        JsonObject line = JsonParser.parseString(json.out().lines().findFirst().orElseThrow())
                .getAsJsonObject();
        assertEquals(10, line.getAsJsonArray("results").size());
        Path csv = folder.resolve("vectors.csv");
        done(Cli.run(
                "embed", "--model", model(), "--data", pictures.toString(), "--normalize", "--out", csv.toString()));
        try (SearchIndex opened = SearchIndex.open(index)) {
            List<String> rows = Files.readAllLines(csv);
            for (int i = 0; i < 18; i++) {
                assertTrue(rows.get(i + 1).startsWith(opened.entry(i).path() + ","));
                assertArrayEquals(CsvVector.values(rows.get(i + 1)), opened.vector(i), 1e-6f);
            }
        }
    }

    @Test
    void onlyWhatIsNewOrChangedIsEmbeddedAgain() throws IOException {
        index();
        byte[] before = Files.readAllBytes(index);
        counts(index(), 0, 0, 18, 0);
        assertArrayEquals(before, Files.readAllBytes(index), "what is as it was isn't written again");
        Files.delete(picture("rings/00000.png"));
        Files.copy(picture("dots/00001.png"), picture("dots/new.png"));
        Files.copy(picture("dots/00001.png"), picture("checks/00003.png"), StandardCopyOption.REPLACE_EXISTING);
        counts(index(), 1, 1, 16, 1);
        try (SearchIndex opened = SearchIndex.open(index)) {
            List<String> found = opened.search(opened.vector(6), 3).stream()
                    .map(SearchIndex.Match::path)
                    .sorted()
                    .toList();
            assertEquals("dots/00000.png", opened.entry(6).path());
            assertEquals(18, opened.size());
            assertTrue(found.contains("dots/00000.png"));
        }
        counts(index("--thumbnails"), 0, 0, 18, 0);
        counts(index("--approximate-from", "10"), 0, 0, 18, 0);
        try (SearchIndex opened = SearchIndex.open(index)) {
            assertTrue(opened.hasPictures(), "which it keeps");
            assertFalse(opened.isExact());
        }
    }

    @Test
    void whatIsStoppedKeepsWhatItHasAndGoesOn() throws IOException {
        for (int i = 0; i < 60; i++) { // more than the 64 of a batch
            Files.copy(picture("dots/00001.png"), picture("rings/copy" + (10 + i) + ".png"));
        }
        String[] words = {"index", "--model", model(), "--data", pictures.toString(), "--out", index.toString()};
        Cli stopped = Cli.runStopped(0, words);
        assertEquals(1, stopped.status());
        assertTrue(
                stopped.err()
                        .contains("stopped: " + index + " has 64 samples, 14 were not looked at; the same command"),
                stopped.err());
        counts(index(), 14, 0, 64, 0);
        Files.delete(picture("checks/00000.png"));
        Files.copy(picture("dots/00002.png"), picture("rings/copy69.png"), StandardCopyOption.REPLACE_EXISTING);
        assertEquals(1, Cli.runStopped(0, words).status());
        try (SearchIndex opened = SearchIndex.open(index)) {
            assertEquals(77, opened.size(), "those it hasn't looked at are as they were");
        }
        counts(index(), 0, 1, 76, 0);
    }

    @Test
    void thumbnailsThatWereStoppedAreDrawnByTheNextRun() throws IOException {
        for (int i = 0; i < 60; i++) { // more than the 64 of a batch
            Files.copy(picture("dots/00001.png"), picture("rings/copy" + (10 + i) + ".png"));
        }
        index();
        String[] words = {"index", "--model", model(), "--data", pictures.toString(), "--out", index.toString()};
        String[] drawing =
                Stream.concat(Stream.of(words), Stream.of("--thumbnails")).toArray(String[]::new);
        assertEquals(1, Cli.runStopped(0, drawing).status());
        try (SearchIndex opened = SearchIndex.open(index)) {
            assertTrue(opened.picture(63).length > 0);
            assertEquals(0, opened.picture(77).length);
        }
        counts(index(), 0, 0, 78, 0);
        byte[] whole = Files.readAllBytes(index);
        try (SearchIndex opened = SearchIndex.open(index)) {
            assertTrue(opened.picture(77).length > 0);
        }
        counts(index(), 0, 0, 78, 0);
        assertArrayEquals(whole, Files.readAllBytes(index));
    }

    @Test
    void anotherModelEmbedsAllAnew() {
        index();
        train("other", shared.resolve("shapes/train"), 1);
        Cli again = done(Cli.run(
                "index",
                "--model",
                shared.resolve("other/encoder.onnx").toString(),
                "--data",
                pictures.toString(),
                "--out",
                index.toString()));
        assertTrue(again.err().contains("was made with another model; all samples are embedded anew"), again.err());
        assertTrue(again.err().contains("18 vectors of 32 values: 18 new"), again.err());
        Cli search = Cli.run(
                "search", "--index", index.toString(), picture("dots/00000.png").toString(), "--model", model());
        assertEquals(1, search.status());
        assertTrue(search.err().contains("was not made with " + model()), search.err());
    }

    @Test
    void sheetsShowWhatWasFound() throws IOException {
        index();
        Path sheet = folder.resolve("sheet.png");
        String query = picture("dots/00000.png").toString();
        Cli none = Cli.run("search", "--index", index.toString(), query, "--sheet", sheet.toString());
        assertEquals(2, none.status());
        assertTrue(none.err().contains("build it with --thumbnails"), none.err());
        index("--thumbnails");
        done(Cli.run("search", "--index", index.toString(), query, query, "--k", "3", "--sheet", sheet.toString()));
        var drawn = ImageIO.read(sheet.toFile());
        assertEquals(10 + 138 + 24 + 3 * 138, drawn.getWidth());
        assertEquals(10 + 2 * 138, drawn.getHeight());
        Color query0 = new Color(drawn.getRGB(60, 60));
        Color nearest = new Color(drawn.getRGB(10 + 138 + 24 + 50, 60));
        assertEquals(query0.getRed(), nearest.getRed(), 24, "itself, but for JPEG");
        assertEquals(query0.getBlue(), nearest.getBlue(), 24);
    }

    @Test
    void nearlyTheSameAreGroupedAndTheLargestKept() throws IOException {
        Files.copy(picture("dots/00001.png"), picture("rings/copy.png"));
        byte[] file = Files.readAllBytes(picture("dots/00001.png"));
        Files.write(picture("rings/longer.png"), Arrays.copyOf(file, file.length + 10)); // behind its end
        index("--thumbnails");
        Path csv = folder.resolve("groups.csv");
        Path sheet = folder.resolve("groups.png");
        Cli groups = done(Cli.run(
                "dedup",
                "--index",
                index.toString(),
                "--threshold",
                "0.99999",
                "--csv",
                csv.toString(),
                "--sheet",
                sheet.toString()));
        assertEquals(4, groups.out().lines().count(), groups.out());
        assertEquals(
                List.of("group,path,bytes,similarity,kept", "1,dots/00001.png," + file.length + ",1.0,yes"),
                Files.readAllLines(csv).subList(0, 2));
        assertTrue(Files.isRegularFile(sheet));
        Cli listed = done(Cli.run(
                "dedup",
                "--model",
                model(),
                "--data",
                pictures.toString(),
                "--threshold",
                "0.99999",
                "--keep",
                "largest"));
        assertEquals("dots/00001.png\nrings/copy.png\n", listed.out());
        assertTrue(Files.exists(picture("rings/copy.png")), "nothing is deleted");
        assertTrue(listed.err().contains("2 are listed, none was deleted"), listed.err());
    }

    @Test
    void nameThatIsNoLineIsNotListedAsFilesToDelete() throws IOException {
        index();
        Path made = folder.resolve("made.index");
        try (SearchIndex old = SearchIndex.open(index);
                IndexBuilder builder = IndexBuilder.create(made, old.dimension(), old.description())) {
            for (String name : List.of("a", "b\nkept.png", "c\r", "d")) {
                SearchIndex.Entry entry =
                        new SearchIndex.Entry(name, 1, old.entry(0).checksum());
                builder.add(entry, old.vector(0), new byte[0]);
            }
            builder.publish(Integer.MAX_VALUE, new IndexBuilder.Watch() {});
        }
        Cli listed = done(Cli.run("dedup", "--index", made.toString(), "--keep", "first", "--threshold", "1"));
        assertEquals("d\n", listed.out());
        assertEquals(
                List.of(
                        "note: 2 samples have names of several lines, and are not listed; --csv and --json have them",
                        "1 group of 4 samples among 4; 1 are listed, none was deleted"),
                listed.err().lines().toList());
        Cli json = done(Cli.run("dedup", "--index", made.toString(), "--json"));
        assertTrue(json.out().contains("b\\nkept.png"), json.out());
    }

    @Test
    void groupingThatIsStoppedNamesNoIndexThatIsGone() throws IOException {
        for (int i = 0; i < 60; i++) { // more than the 64 of a batch
            Files.copy(picture("dots/00001.png"), picture("rings/copy" + (10 + i) + ".png"));
        }
        Cli stopped = Cli.runStopped(0, "dedup", "--model", model(), "--data", pictures.toString());
        assertEquals(1, stopped.status());
        assertTrue(
                stopped.err().contains("stopped: 14 samples were not looked at, and nothing was grouped"),
                stopped.err());
    }

    @Test
    void largeSheetsAreCutAndResultsAreTold() throws IOException {
        index("--thumbnails");
        List<String> words = new ArrayList<>(List.of("search", "--index", index.toString()));
        for (int i = 0; i < 51; i++) {
            words.add(picture("dots/00000.png").toString());
        }
        Path sheet = folder.resolve("sheet.png");
        words.addAll(List.of("--k", "3", "--sheet", sheet.toString()));
        Cli found = done(Cli.run(words.toArray(String[]::new)));
        assertEquals(51 * 4, found.out().lines().count());
        assertTrue(found.err().contains("note: " + sheet + " shows the first 50 queries"), found.err());
        assertEquals(10 + 50 * 138, ImageIO.read(sheet.toFile()).getHeight());
        Files.delete(sheet);
        for (int i = 0; i < 5; i++) {
            Files.copy(picture("dots/00001.png"), picture("rings/copy" + i + ".png"));
        }
        index();
        String query = picture("dots/00000.png").toString();
        Cli wide =
                done(Cli.run("search", "--index", index.toString(), query, "--k", "23", "--sheet", sheet.toString()));
        assertEquals(24, wide.out().lines().count());
        assertTrue(wide.err().contains("note: " + sheet + " shows the first 20 results"), wide.err());
        assertEquals(10 + 138 + 24 + 20 * 138, ImageIO.read(sheet.toFile()).getWidth());
    }

    @Test
    void otherKindsOfDataAreSearchedTheSameWay() throws IOException {
        for (String kind : List.of("vectors train.csv", "sequences train.ids", "signals train")) {
            String name = kind.split(" ", -1)[0];
            Cli.sample(name, folder.resolve(name), 3, 1);
            Path data = folder.resolve(name).resolve(kind.split(" ", -1)[1]);
            train(name, data, 0);
            Path made = folder.resolve(name + ".index");
            String model = shared.resolve(name).resolve("encoder.onnx").toString();
            String[] words = {
                "index", "--model", model, "--data", data.toString(), "--out", made.toString(), "--thumbnails"
            };
            assertTrue(done(Cli.run(words)).err().contains(": 30 new,"));
            assertTrue(done(Cli.run(words)).err().contains(": 0 new, 0 changed, 30 as they were;"));
            try (SearchIndex opened = SearchIndex.open(made)) {
                assertTrue(opened.picture(29).length > 0);
            }
        }
        List<String> rows = Files.readAllLines(folder.resolve("vectors/train.csv"));
        int label = List.of(rows.get(0).split(",", -1)).indexOf("class");
        List<String> values = new ArrayList<>(List.of(rows.get(7).split(",", -1)));
        values.remove(label);
        Path query = Files.writeString(folder.resolve("row.txt"), String.join(" ", values));
        Cli found = done(
                Cli.run("search", "--index", folder.resolve("vectors.index").toString(), query.toString(), "--k", "1"));
        assertEquals(query + "\n   1.000  row 7\n", found.out());
    }

    @Test
    void benchTellsTimesAndRecall() {
        Cli bench = done(
                Cli.run("bench search --vectors 500 --dimension 8 --clusters 10 --queries 5 --json".split(" ", -1)));
        JsonObject figures = JsonParser.parseString(bench.out()).getAsJsonObject();
        assertTrue(figures.get("recall_at_10").getAsDouble() > 0.8, bench.out());
        assertTrue(figures.get("milliseconds_exact").getAsDouble() > 0);
        Cli exact = done(Cli.run("bench", "search", "--vectors", "500", "--dimension", "8", "--exact"));
        assertFalse(exact.out().contains("approximate"), exact.out());
    }

    @Test
    void wrongUseIsToldInOneLine() throws IOException {
        index();
        String file = index.toString();
        String query = picture("dots/00000.png").toString();
        refused(
                2,
                "--k must be at most 18, the vectors of " + file + ", found 19",
                "search",
                "--index",
                file,
                query,
                "--k",
                "19");
        refused(2, "name a file to search for: --query FILE", "search", "--index", file);
        refused(2, "--csv and --json are given", "search", "--index", file, query, "--csv", "--json");
        refused(
                1,
                "no such file",
                "search",
                "--index",
                file,
                folder.resolve("none.png").toString());
        refused(1, "is no index of vectors", "search", "--index", query, query);
        refused(2, "give --index, or --model and --data", "dedup", "--threshold", "0.9");
        refused(2, "give --index, or --model and --data", "dedup", "--index", file, "--model", model());
        for (String option : List.of("--columns=a", "--image-size=32", "--device=cpu", "--tf32")) {
            String name = option.split("=", 2)[0];
            refused(2, name + " is for --model and --data; leave it out", "dedup", "--index", file, option);
        }
        String two = "one=" + model() + ",two=" + model();
        refused(2, "expected NAME=FILE, the NAME one of one, two", "serve", "--model", two, "--index", file);
        refused(2, "expected NAME=FILE, the NAME one of encoder", "serve", "--model", model(), "--index", "x=" + file);
        refused(2, "names two indexes of one", "serve", "--model", two, "--index", "one=a,one=b");
        Path foreign = Files.writeString(folder.resolve("foreign"), "mine");
        refused(
                1,
                "nothing was written; delete it, or name another file",
                "index",
                "--model",
                model(),
                "--data",
                pictures.toString(),
                "--out",
                foreign.toString());
        assertEquals("mine", Files.readString(foreign));
        Path moved = Files.createDirectories(folder.resolve("away")).resolve("shapes.index");
        Files.move(index, moved);
        refused(1, "name where it lies now with --model", "search", "--index", moved.toString(), query);
        done(Cli.run("search", "--index", moved.toString(), query, "--model", model()));
    }

    private static void refused(int status, String says, String... words) {
        Cli cli = Cli.run(words);
        assertEquals(status, cli.status(), cli.err());
        assertTrue(cli.err().contains(says), cli.err());
        assertEquals(1, cli.err().lines().count(), cli.err());
    }
}

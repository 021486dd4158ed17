package dev.vicreg.runtime.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.Dim;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.TensorType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.runtime.Embeddings;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.input.Input;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SearchIndexTest {
    private static final int NEVER = Integer.MAX_VALUE;
    private static final String ANY = FileDigest.sha256(new byte[0]);

    @TempDir
    Path folder;

    private static SearchIndex.Description description(String checksum) {
        Manifest manifest = new Manifest(
                1, "test", "net", Input.pictures(8, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f)), 3, 0, "", Map.of());
        return new SearchIndex.Description("encoder.onnx", checksum, "shapes", manifest);
    }

    private Path index(float[][] vectors, int approximateFrom, IndexBuilder.Watch watch) throws IOException {
        Path file = folder.resolve("made.index");
        try (IndexBuilder builder = IndexBuilder.create(file, vectors[0].length, description(ANY))) {
            for (int i = 0; i < vectors.length; i++) {
                String checksum = FileDigest.sha256(new byte[] {(byte) i});
                builder.add(new SearchIndex.Entry("ü/" + i + ".png", i, checksum), vectors[i], new byte[0]);
            }
            builder.publish(approximateFrom, watch);
        }
        return file;
    }

    private static final IndexBuilder.Watch UNSEEN = new IndexBuilder.Watch() {};

    /** Around as many centres as there are vectors in each of the clusters. */
    private static float[][] clusters(int count, int dimension, int clusters) {
        Random random = new Random(1);
        float[][] centres = new float[clusters][dimension];
        for (float[] centre : centres) {
            for (int d = 0; d < dimension; d++) {
                centre[d] = (float) random.nextGaussian();
            }
        }
        float[][] vectors = new float[count][dimension];
        for (int i = 0; i < count; i++) {
            for (int d = 0; d < dimension; d++) {
                vectors[i][d] = centres[i % clusters][d] + 0.5f * (float) random.nextGaussian();
            }
        }
        return vectors;
    }

    @Test
    void findsTheNearestByCosineBestFirst() throws IOException {
        float[][] vectors = {{2, 0, 0}, {1, 1, 0}, {0, 0, 0}, {-3, 0, 0}, {5, 0, 0}};
        try (SearchIndex index = SearchIndex.open(index(vectors, NEVER, UNSEEN))) {
            List<SearchIndex.Match> found = index.search(new float[] {0.1f, 0, 0}, 5);
            assertEquals(
                    List.of(0, 4, 1, 2, 3),
                    found.stream().map(SearchIndex.Match::index).toList(),
                    "of equal ones the first");
            float[] scores = {1, 1, (float) Math.sqrt(0.5), 0, -1};
            for (int i = 0; i < scores.length; i++) {
                assertEquals(scores[i], found.get(i).score(), 1e-6);
            }
            assertEquals("ü/4.png", found.get(1).path());
            assertEquals(new SearchIndex.Entry("ü/3.png", 3, FileDigest.sha256(new byte[] {3})), index.entry(3));
            assertArrayEquals(new float[] {-1, 0, 0}, index.vector(3), "of length 1");
            assertEquals(description(ANY).toJson(), index.description().toJson());
            assertEquals(folder.resolve("encoder.onnx"), index.model());
            assertTrue(index.isExact());
            assertEquals(1, index.recall(5, 3));
        }
    }

    @Test
    void tilesGiveWhatComparingOneByOneGives() throws IOException {
        float[][] vectors = clusters(140_000, 2, 70_000); // three tiles
        List<float[]> queries = List.of(clusters(70, 2, 70)); // two batches
        try (SearchIndex index = SearchIndex.open(index(vectors, NEVER, UNSEEN))) {
            List<List<SearchIndex.Match>> all = index.searchExactly(queries, 7);
            for (int q : new int[] {0, 63, 64, 69}) {
                float[] query = queries.get(q);
                float seventh = (float) IntStream.range(0, vectors.length)
                        .mapToDouble(i -> -Embeddings.cosine(query, vectors[i]))
                        .sorted()
                        .skip(6)
                        .findFirst()
                        .orElseThrow();
                List<SearchIndex.Match> found = all.get(q);
                assertEquals(-seventh, found.get(6).score(), 1e-6);
                assertEquals(
                        found.stream()
                                .sorted(Comparator.comparing(match -> -match.score()))
                                .toList(),
                        found);
                for (SearchIndex.Match match : found) {
                    assertEquals(Embeddings.cosine(query, vectors[match.index()]), match.score(), 1e-6);
                }
            }
        }
    }

    @Test
    void manyVectorsAreSearchedAlongAGraphThatFindsNearlyAll() throws IOException {
        float[][] vectors = clusters(3000, 16, 100);
        List<Integer> linked = new ArrayList<>();
        Path file = index(vectors, 3000, new IndexBuilder.Watch() {
            @Override
            public synchronized void linked(int done, int of) {
                linked.add(of);
            }
        });
        try (SearchIndex index = SearchIndex.open(file)) {
            assertFalse(index.isExact());
            assertEquals(3000, linked.size());
            double recall = index.recall(100, 10);
            assertTrue(recall > 0.95, "recall " + recall);
            SearchIndex.Match first = index.search(vectors[7], 3).get(0);
            assertEquals(7, first.index());
            assertEquals(1, first.score(), 1e-5);
            assertEquals(3000, index.search(vectors[7], 3000).size(), "so many are searched for exactly");
        }
    }

    /** The classes of this package as a class loader has them that knows no jvector. */
    @Test
    void withoutJvectorTheSameFileIsSearchedExactly() throws Exception {
        Path file = index(clusters(300, 4, 5), 100, UNSEEN);
        ClassLoader parent = SearchIndex.class.getClassLoader();
        ClassLoader bare = new ClassLoader(parent) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                if (name.startsWith("io.github.jbellis")) {
                    throw new ClassNotFoundException(name);
                }
                if (!name.startsWith("dev.vicreg.runtime.search.")) {
                    return super.loadClass(name, resolve);
                }
                Class<?> known = findLoadedClass(name);
                if (known != null) {
                    return known;
                }
                try (InputStream in = parent.getResourceAsStream(name.replace('.', '/') + ".class")) {
                    byte[] bytes = in.readAllBytes();
                    return defineClass(name, bytes, 0, bytes.length);
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
        };
        Class<?> type = bare.loadClass(SearchIndex.class.getName());
        try (AutoCloseable index =
                (AutoCloseable) type.getMethod("open", Path.class).invoke(null, file)) {
            assertEquals(true, type.getMethod("isExact").invoke(index));
            Object found =
                    type.getMethod("search", float[].class, int.class).invoke(index, new float[] {1, 0, 0, 0}, 3);
            assertEquals(3, ((List<?>) found).size());
        }
        try (SearchIndex index = SearchIndex.open(file)) {
            assertFalse(index.isExact());
        }
    }

    @Test
    void graphThatIsNotWaitedForLeavesAnExactIndex() throws IOException {
        Path file = index(clusters(500, 4, 5), 100, new IndexBuilder.Watch() {
            @Override
            public boolean isStopRequested() {
                return true;
            }
        });
        try (SearchIndex index = SearchIndex.open(file)) {
            assertTrue(index.isExact());
            assertEquals(500, index.size());
        }
    }

    @Test
    void picturesAreThoseOfTheirSamples() throws IOException {
        Path file = folder.resolve("pictures.index");
        try (IndexBuilder builder = IndexBuilder.create(file, 1, description(ANY))) {
            for (int i = 0; i < 3000; i++) {
                byte[] picture = i % 2 == 0 ? new byte[0] : new byte[] {(byte) i, (byte) (i >> 8)};
                builder.add(new SearchIndex.Entry("" + i, 0, ANY), new float[] {1}, picture);
            }
            builder.publish(NEVER, UNSEEN);
        }
        try (SearchIndex index = SearchIndex.open(file)) {
            assertTrue(index.hasPictures());
            assertArrayEquals(new byte[0], index.picture(0));
            assertArrayEquals(new byte[] {(byte) 2999, (byte) (2999 >> 8)}, index.picture(2999));
        }
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList(), "nothing else is left");
        }
    }

    private Path pictured() throws IOException {
        Path file = folder.resolve("pictured.index");
        try (IndexBuilder builder = IndexBuilder.create(file, 1, description(ANY))) {
            for (int i = 0; i < 200; i++) {
                builder.add(new SearchIndex.Entry("" + i, 0, ANY), new float[] {1}, new byte[] {(byte) i});
            }
            builder.publish(NEVER, UNSEEN);
        }
        return file;
    }

    @Test
    void threadThatIsInterruptedTakesTheIndexFromNobody() throws IOException {
        try (SearchIndex index = SearchIndex.open(pictured())) {
            Thread.currentThread().interrupt();
            try {
                assertArrayEquals(new byte[] {7}, index.picture(7));
            } finally {
                assertTrue(Thread.interrupted());
            }
            assertArrayEquals(new byte[] {8}, index.picture(8));
            assertEquals(3, index.search(new float[] {1}, 3).size());
        }
    }

    @Test
    @Timeout(60) // seconds: it may go on for ever
    void fileThatIsShortenedMeanwhileIsDamaged() throws IOException {
        Path file = pictured();
        try (SearchIndex index = SearchIndex.open(file);
                FileChannel changed = FileChannel.open(file, StandardOpenOption.WRITE)) {
            changed.truncate(Files.size(file) - 1);
            assertArrayEquals(new byte[] {7}, index.picture(7));
            var failure = assertThrows(IOException.class, () -> index.picture(199));
            assertEquals(
                    "Cannot use " + file + ": it has become shorter than it was; copy it again, or build it anew with"
                            + " ./vicreg index",
                    failure.getMessage());
        }
    }

    @Test
    void closedIndexSearchesNoWay() throws IOException {
        for (int approximateFrom : new int[] {100, NEVER}) {
            SearchIndex index = SearchIndex.open(index(clusters(100, 3, 2), approximateFrom, UNSEEN));
            index.close();
            index.close();
            var failure = assertThrows(IllegalStateException.class, () -> index.search(new float[] {1, 0, 0}, 3));
            assertEquals(folder.resolve("made.index") + " is closed", failure.getMessage());
        }
    }

    @Test
    void interruptedThreadSearchesNoFurtherAndStaysInterrupted() throws IOException {
        try (SearchIndex index = SearchIndex.open(index(clusters(100, 3, 2), NEVER, UNSEEN))) {
            Thread.currentThread().interrupt();
            var failure = assertThrows(IllegalStateException.class, () -> index.search(new float[] {1, 0, 0}, 3));
            assertTrue(Thread.interrupted());
            assertEquals("Cannot search: the thread was interrupted", failure.getMessage());
            assertEquals(3, index.search(new float[] {1, 0, 0}, 3).size());
        }
    }

    @Test
    void whatIsNotPublishedLeavesTheOldIndex() throws IOException {
        Path file = index(new float[][] {{1}}, NEVER, UNSEEN);
        byte[] before = Files.readAllBytes(file);
        try (IndexBuilder builder = IndexBuilder.create(file, 1, description(ANY))) {
            builder.add(new SearchIndex.Entry("new", 0, ANY), new float[] {2}, new byte[] {1});
        }
        assertArrayEquals(before, Files.readAllBytes(file));
        try (IndexBuilder builder = IndexBuilder.create(file, 1, description(ANY))) {
            var none = assertThrows(IllegalStateException.class, () -> builder.publish(NEVER, UNSEEN));
            assertEquals("no vectors for " + file + ", expected one or more", none.getMessage());
        }
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void queriesThatHaveNoNearestAreRefused() throws IOException {
        try (SearchIndex index = SearchIndex.open(index(new float[][] {{1, 0}, {0, 1}}, NEVER, UNSEEN))) {
            assertEquals("k is 3, expected 1 to 2, the vectors of the index", refused(index, 3, 1, 0));
            assertEquals("k is 0, expected 1 to 2, the vectors of the index", refused(index, 0, 1, 0));
            assertEquals("the query is all zeros, which is near to nothing", refused(index, 1, 0, 0));
            assertEquals("the query has the value NaN, expected finite ones", refused(index, 1, Float.NaN, 0));
            assertEquals("the query has 1 values, expected 2, the vectors' dimension", refused(index, 1, 1));
        }
        try (IndexBuilder builder = IndexBuilder.create(folder.resolve("x"), 1, description(ANY))) {
            SearchIndex.Entry entry = new SearchIndex.Entry("a.png", 0, ANY);
            var failure = assertThrows(
                    IllegalArgumentException.class,
                    () -> builder.add(entry, new float[] {Float.POSITIVE_INFINITY}, new byte[0]));
            assertEquals("a.png has the value Infinity, expected finite ones", failure.getMessage());
        }
    }

    @Test
    void sampleThatIsRefusedLeavesNothingBehind() throws IOException {
        Path file = folder.resolve("refused.index");
        try (IndexBuilder builder = IndexBuilder.create(file, 1, description(ANY))) {
            for (SearchIndex.Entry bad : List.of(
                    new SearchIndex.Entry("a", 0, ANY.substring(2)),
                    new SearchIndex.Entry("a", 0, "zz" + ANY.substring(2)),
                    new SearchIndex.Entry("a", -1, ANY))) {
                var failure = assertThrows(
                        IllegalArgumentException.class, () -> builder.add(bad, new float[] {-1}, new byte[0]));
                assertTrue(failure.getMessage().contains("a SHA-256 in 64 hexadecimal digits"), failure.getMessage());
            }
            builder.add(new SearchIndex.Entry("b", 3, ANY), new float[] {1}, new byte[0]);
            builder.publish(NEVER, UNSEEN);
        }
        try (SearchIndex index = SearchIndex.open(file)) {
            assertEquals(1, index.size());
            assertArrayEquals(new float[] {1}, index.vector(0));
        }
    }

    @Test
    void whatAnIndexCannotHoldIsNotWritten() throws IOException {
        Path file = index(clusters(100, 3, 2), 100, UNSEEN);
        try (FileChannel channel = FileChannel.open(file)) {
            long graph = IndexFile.read(channel, file).size(IndexFile.Section.GRAPH);
            long each = (graph - Links.HEAD) / 100;
            assertTrue(Links.HEAD + IndexBuilder.MOST_LINKED * each <= Integer.MAX_VALUE, graph + " bytes");
        }
        assertTrue(IndexBuilder.links(IndexBuilder.MOST_LINKED, 100));
        assertFalse(IndexBuilder.links(IndexBuilder.MOST_LINKED + 1, 100));
        try (IndexBuilder builder = IndexBuilder.create(file, 1, description(ANY), 2 * IndexFile.ENTRY + 2)) {
            builder.add(new SearchIndex.Entry("a", 0, ANY), new float[] {1}, new byte[0]);
            builder.add(new SearchIndex.Entry("b", 0, ANY), new float[] {1}, new byte[0]);
            var full = assertThrows(
                    IOException.class,
                    () -> builder.add(new SearchIndex.Entry("c", 0, ANY), new float[] {1}, new byte[0]));
            assertEquals(
                    "Cannot write " + file
                            + ": the names of more than 2 samples take more than 90 bytes; split the data"
                            + " into several indexes",
                    full.getMessage());
        }
        try (SearchIndex index = SearchIndex.open(file)) {
            assertEquals(100, index.size(), "what was there");
        }
    }

    private static String refused(SearchIndex index, int k, float... query) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> index.search(query, k))
                .getMessage());
    }

    @Test
    void anotherModelIsRefused() throws IOException {
        Path model = Files.writeString(folder.resolve("encoder.onnx"), "one");
        Path other = Files.writeString(folder.resolve("other.onnx"), "two");
        Path file = folder.resolve("of-one.index");
        try (IndexBuilder builder = IndexBuilder.create(file, 1, description(FileDigest.sha256(model)))) {
            builder.add(new SearchIndex.Entry("a", 0, ANY), new float[] {1}, new byte[0]);
            builder.publish(NEVER, UNSEEN);
        }
        try (SearchIndex index = SearchIndex.open(file)) {
            index.requireModel(model);
            var failure = assertThrows(IOException.class, () -> index.requireModel(other));
            assertEquals(
                    file + " was not made with " + other + " (SHA-256 3fc4ccfe7458…), but with encoder.onnx"
                            + " (7692c3ad3540…), whose vectors are others; name that model, or build the index anew",
                    failure.getMessage());
        }
    }

    @Test
    void filesThatAreNoWholeIndexAreRefused() throws IOException {
        Path file = index(clusters(20, 3, 2), NEVER, UNSEEN);
        byte[] good = Files.readAllBytes(file);
        assertEquals(
                file + " is no index of vectors, expected one as ./vicreg index writes it",
                opened(file, "no index".getBytes(StandardCharsets.UTF_8)));
        assertEquals(
                file + " is no index of vectors, expected one as ./vicreg index writes it", opened(file, new byte[0]));
        byte[] newer = good.clone();
        newer[8] = 2;
        assertEquals(
                file + " is an index of version 2, expected 1; use the version that wrote it, or build it anew with"
                        + " ./vicreg index",
                opened(file, newer));
        String remedy = "; copy it again, or build it anew with ./vicreg index";
        assertEquals(
                "Cannot use " + file + ": it has " + (good.length - 1) + " bytes, expected " + good.length + remedy,
                opened(file, Arrays.copyOf(good, good.length - 1)));
        assertEquals(
                "Cannot use " + file + ": its head is cut off or changed" + remedy,
                opened(file, Arrays.copyOf(good, 100)));
        for (int place : new int[] {12, 16, 30, 100}) {
            byte[] changed = good.clone();
            changed[place] ^= 1;
            assertEquals("Cannot use " + file + ": its head is cut off or changed" + remedy, opened(file, changed));
        }
        for (int place : new int[] {IndexFile.HEAD, good.length / 2, good.length - 1}) {
            byte[] changed = good.clone();
            changed[place] ^= 1;
            assertEquals(
                    "Cannot use " + file + ": its content is not what was written" + remedy, opened(file, changed));
        }
        Files.delete(file);
        var missing = assertThrows(IOException.class, () -> SearchIndex.open(file));
        assertEquals(file + ": no such index; ./vicreg index builds one", missing.getMessage());
    }

    private static String opened(Path file, byte[] content) throws IOException {
        Files.write(file, content);
        return String.valueOf(
                assertThrows(IOException.class, () -> SearchIndex.open(file)).getMessage());
    }

    /** The graph is a resource, as this module writes none at run time. */
    @Test
    void graphOfTheSearchIsWhatThisProjectsGraphsSay() throws IOException {
        Ops ops = new Ops();
        Dim width = Dim.symbol("D");
        Value queries = input("queries", ElementType.FLOAT, new Shape(List.of(Dim.symbol("Q"), width)));
        Value bank = input("bank", ElementType.FLOAT, new Shape(List.of(Dim.symbol("N"), width)));
        Value k = input("k", ElementType.INT64, Shape.of(1));
        Value products = ops.gemm(queries, bank, null, false, true); // [Q,D] · [N,D]ᵀ → [Q,N]
        List<Value> best = ops.node(OpType.TOP_K, List.of(products, k), Attributes.NONE.with("axis", 1L))
                .outputs();
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("scores", best.get(0));
        outputs.put("places", best.get(1));
        byte[] expected = OnnxFile.bytes(Graph.of("search", List.of(queries, bank, k), outputs), Map.of(), 17);
        try (InputStream found = SearchIndex.class.getResourceAsStream("search.onnx")) {
            assertArrayEquals(expected, found.readAllBytes());
        }
    }

    private static Value input(String name, ElementType type, Shape shape) {
        return Value.input(name, new TensorType(type, shape));
    }
}

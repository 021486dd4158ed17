package dev.vicreg.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.vicreg.runtime.Batcher;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.runtime.search.SearchIndex;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /search} over an index of four colours. */
class SearchRouteTest {
    private static final float[][] COLOURS = {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}, {0, 0, 1}};

    @TempDir
    static Path folder;

    private static Path model;
    private static Served served;

    @BeforeAll
    static void serve() throws IOException {
        model = ServedFiles.colour(folder.resolve("colour.onnx"), 1);
        Path index = ServedFiles.index(folder.resolve("colours.index"), model, COLOURS);
        served = new Served(Served.searched(Served.ANYBODY, model, index));
    }

    @AfterAll
    static void end() {
        served.close();
    }

    private static List<Integer> places(Served.Answer answer) {
        assertEquals(200, answer.status(), answer.text());
        JsonArray results = answer.json().getAsJsonArray("results");
        return StreamSupport.stream(results.spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                .map(result -> result.get("index").getAsInt())
                .toList();
    }

    @Test
    void nearestOfAPictureAreThoseOfItsVector() throws IOException {
        byte[] orange = ServedFiles.png(20, 10, new Color(255, 100, 0));
        Served.Answer body = served.post("/search?k=3", "image/png", orange);
        assertEquals(List.of(0, 2, 1), places(body));
        JsonObject first = body.json().getAsJsonArray("results").get(0).getAsJsonObject();
        assertEquals("0.png", first.get("path").getAsString());
        assertEquals(1 / Math.hypot(1, 100 / 255.0), first.get("score").getAsDouble(), 1e-5);
        assertTrue(body.json().get("exact").getAsBoolean());
        assertEquals(
                4,
                places(served.post("/search?model=colour", "image/png", orange)).size(),
                "ten, of four");
        String head = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n";
        byte[] form = head.getBytes(StandardCharsets.US_ASCII);
        byte[] end = "\r\n--x--\r\n".getBytes(StandardCharsets.US_ASCII);
        var whole = new ByteArrayOutputStream();
        whole.writeBytes(form);
        whole.writeBytes(orange);
        whole.writeBytes(end);
        assertEquals(
                List.of(0), places(served.post("/search?k=1", "multipart/form-data; boundary=x", whole.toByteArray())));
        assertTrue(served.get("/metrics").text().contains("route=\"/search\",model=\"colour\"")
                || served.get("/metrics").text().contains("model=\"colour\",route=\"/search\""));
    }

    @Test
    void vectorsInJsonAreOfAnyLength() {
        assertEquals(List.of(3, 0), places(served.json("/search", "{\"k\":2,\"vector\":[0.1,0,5e3]}")));
        assertEquals(List.of(3, 0, 1), places(served.json("/search?k=3", "{\"vector\":[0,0,1]}")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/search | {\"vector\":[1,2]} | vector has 2 values, expected 3",
                "/search | {\"vector\":[1,2,3,4]} | vector: more than 3 numbers",
                "/search | {\"vector\":[0,0,0]} | the query is all zeros, which is near to nothing",
                "/search | {\"vector\":[1e300,0,0]} | the query has the value Infinity, expected finite ones",
                "/search | {\"vector\":[NaN,0,0]} | the JSON is not valid, line 1 column 12",
                "/search | {\"vector\":[1,0,0],\"k\":5} | k is 5, expected 1 to 4, the vectors of the index",
                "/search | {\"vector\":[1,0,0],\"k\":0} | k is 0, expected 1 to 1000",
                "/search | {\"vector\":[1,0,0],\"k\":2000} | k is 2000, expected 1 to 1000",
                "/search | {\"vector\":[1,0,0],\"k\":1.5} | expected a whole number at $.k",
                "/search?k=no | {\"vector\":[1,0,0]} | k: expected a number of results, 1 or more",
                "/search | {\"vector\":[1,0,0],\"top\":1} | expected {\"vector\": […], \"k\": 10}, found another field",
                "/search | {} | expected {\"vector\": […], \"k\": 10}, found no vector",
                "/search | {\"vector\":\"AAAA\"} | expected an array at $.vector, found a string",
            })
    void otherQueriesAreRefused(String path, String body, String error) {
        Served.Answer answer = served.json(path, body);
        assertEquals(400, answer.status(), answer.text());
        assertEquals(error, answer.error());
    }

    @Test
    void filesThatAreNoneOrSeveralAreRefused() {
        assertEquals(
                400, served.post("/search", "image/png", new byte[] {1, 2, 3}).status());
        assertEquals(415, served.post("/search", "audio/wav", new byte[] {1}).status());
    }

    @Test
    void whatCannotBeAnsweredIsRefusedBeforeAFileIsDecoded() {
        byte[] broken = {1, 2, 3};
        assertEquals(
                "k is 9999, expected 1 to 1000",
                served.post("/search?k=9999", "image/png", broken).error());
        assertEquals(
                "k is 5, expected 1 to 4, the vectors of the index",
                served.post("/search?k=5", "image/png", broken).error());
        String part = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\nnone\r\n";
        byte[] two = (part + part + "--x--\r\n").getBytes(StandardCharsets.US_ASCII);
        assertEquals(
                "2 files, expected one to search for",
                served.post("/search", "multipart/form-data; boundary=x", two).error());
    }

    @Test
    @Timeout(60) // seconds: what is waited for may never come
    void searchesWaitAsSamplesDoAndHoldNoThreadOfARequest() throws Exception {
        var limits = new ServeConfig.Limits(1, Duration.ZERO, 3, Duration.ofSeconds(30), 1000, 10, Duration.ZERO);
        CountDownLatch running = new CountDownLatch(2);
        CountDownLatch released = new CountDownLatch(1);
        Supplier<Integer> search = () -> {
            running.countDown();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return 7;
        };
        Decoding decoding = new Decoding(1, 1 << 20, new ServeMetrics());
        try (Embedding embedding = new Embedding(limits, decoding, Runnable::run)) {
            long now = System.nanoTime();
            CompletableFuture<Integer> first = embedding.searched(now, search);
            CompletableFuture<Integer> second = embedding.searched(now, search);
            running.await();
            long longAgo = now - limits.timeout().toNanos();
            var late = assertThrows(
                    ExecutionException.class,
                    () -> embedding.searched(longAgo, () -> 8).get());
            assertEquals(503, embedding.refusal(late.getCause()).status(), "two others run");
            CompletableFuture<Integer> third = embedding.searched(now, () -> 9);
            assertEquals(
                    429,
                    assertThrows(Refusal.class, () -> embedding.searched(now, search))
                            .status());
            released.countDown();
            assertEquals(List.of(7, 7, 9), List.of(first.get(), second.get(), third.get()));
            assertEquals(10, embedding.searched(now, () -> 10).get());
        }
    }

    @Test
    @Timeout(60)
    void searchThatIsLateIsBrokenOff() throws Exception {
        var limits = new ServeConfig.Limits(1, Duration.ZERO, 1, Duration.ofMillis(50), 1000, 10, Duration.ZERO);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Decoding decoding = new Decoding(1, 1 << 20, new ServeMetrics());
        try (Embedding embedding = new Embedding(limits, decoding, Runnable::run)) {
            CompletableFuture<Integer> late = embedding.searched(System.nanoTime(), () -> {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    interrupted.complete(true);
                }
                return 7;
            });
            var failure = assertThrows(ExecutionException.class, late::get);
            assertEquals(503, embedding.refusal(failure.getCause()).status());
            assertTrue(interrupted.get());
        }
    }

    /** Of one place, which is the file's until it is answered: what comes meanwhile is refused, and not it. */
    @Test
    @Timeout(60)
    void fileKeepsItsPlaceWhileItsVectorIsSearchedFor() throws Exception {
        var limits = new ServeConfig.Limits(1, Duration.ZERO, 1, Duration.ofSeconds(30), 1000, 10, Duration.ZERO);
        ServeConfig config = Served.searched(Served.ANYBODY, model, folder.resolve("colours.index"));
        ServeMetrics metrics = new ServeMetrics();
        try (ModelSlot slot = new ModelSlot(config.models().get(0), config, metrics.watch(cause -> {}));
                Embedding embedding = new Embedding(limits, new Decoding(1, 1 << 20, metrics), Runnable::run)) {
            CountDownLatch running = new CountDownLatch(1);
            CountDownLatch released = new CountDownLatch(1);
            Draft<Picture> red = () -> new Picture(8, 8, 3, new byte[3 * 64]);
            CompletableFuture<Float> found = embedding.searched(System.nanoTime(), slot, red, index -> "it", vector -> {
                running.countDown();
                try {
                    released.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return vector[0];
            });
            do { // between embedding and searching, too
                assertThrows(Refusal.class, () -> embedding.searched(System.nanoTime(), () -> 1));
            } while (running.getCount() > 0);
            released.countDown();
            assertEquals(0, found.get());
            assertEquals(1, embedding.searched(System.nanoTime(), () -> 1).get());
        }
    }

    @Test
    @Timeout(60)
    void serverThatIsFullOfSamplesSearchesForNoVector() throws Exception {
        Path index = ServedFiles.index(folder.resolve("full.index"), model, COLOURS);
        var limits = new ServeConfig.Limits(1, Duration.ZERO, 1, Duration.ofSeconds(30), 1000, 10, Duration.ZERO);
        CountDownLatch running = new CountDownLatch(2); // the first one warms
        CountDownLatch released = new CountDownLatch(1);
        Manifest manifest = Manifest.read(model);
        Function<List<Picture>, List<Outcome>> run = batch -> {
            running.countDown();
            try {
                if (running.getCount() == 0) {
                    released.await();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return List.of(new Outcome(COLOURS[0], null));
        };
        Input.Pictures input = (Input.Pictures) manifest.input();
        OpenModel<Picture> hangs =
                OpenModel.of("colour", manifest, input, run, () -> {}, Batcher.Limits.DEFAULT, Batcher.Watch.NONE);
        ServeConfig config = Served.config(limits, Served.ANYBODY, model);
        try (Served full = new Served(config, hangs.with(SearchIndex.open(index)), Connections.Deadlines.DEFAULT)) {
            byte[] red = ServedFiles.png(8, 8, Color.RED);
            CompletableFuture<Served.Answer> first =
                    CompletableFuture.supplyAsync(() -> full.post("/embed", "image/png", red));
            running.await();
            Served.Answer busy = full.json("/search", "{\"vector\":[1,0,0]}");
            released.countDown();
            assertEquals(429, busy.status(), busy.text());
            assertEquals(200, first.get().status());
            assertEquals(200, full.json("/search", "{\"vector\":[1,0,0]}").status());
        } finally {
            released.countDown();
        }
    }

    @Test
    void modelWithoutAnIndexIsNotSearched() throws IOException {
        try (Served plain = new Served(Served.config(model))) {
            Served.Answer named = plain.json("/search?model=colour", "{\"vector\":[1,0,0]}");
            assertEquals("model colour has no index (`index`)", named.error());
            Served.Answer none = plain.json("/search", "{\"vector\":[1,0,0]}");
            assertEquals("this server has 0 indexes, name one: ?model=NAME, of colour", none.error());
        }
    }

    @Test
    void indexesAreDescribedAndGiveTheirPictures() throws IOException {
        JsonObject only =
                served.get("/search").json().getAsJsonArray("indexes").get(0).getAsJsonObject();
        assertEquals(
                "{\"model\":\"colour\",\"samples\":4,\"dimension\":3,\"exact\":true,\"pictures\":false}",
                only.toString());
        for (String none : List.of("colour/pictures/0", "colour/pictures/4", "colour/pictures/x", "no/pictures/0")) {
            assertEquals(404, served.get("/search/" + none).status(), none);
        }
        Path index = ServedFiles.pictured(folder.resolve("pictured.index"), model, new byte[] {7}, COLOURS[0]);
        try (Served pictured = new Served(Served.searched(Served.ANYBODY, model, index))) {
            Served.Answer picture = pictured.get("/search/colour/pictures/0");
            assertArrayEquals(new byte[] {7}, picture.body());
            assertEquals("image/jpeg", picture.header("Content-Type"));
        }
    }

    @Test
    void pictureOfAnIndexThatIsExchangedMeanwhileMayBeAskedForAgain() throws IOException {
        Path index = ServedFiles.pictured(folder.resolve("exchanged.index"), model, new byte[] {7}, COLOURS[0]);
        ServeConfig config = Served.searched(Served.ANYBODY, model, index);
        ServeMetrics metrics = new ServeMetrics();
        try (ModelSlot slot = new ModelSlot(config.models().get(0), config, metrics.watch(cause -> {}));
                Embedding embedding =
                        new Embedding(config.limits(), new Decoding(1, 1 << 20, metrics), Runnable::run)) {
            FileRoutes routes = new FileRoutes(new Models(List.of(slot)), embedding);
            Map<String, String> parts = new HashMap<>(Map.of("model", "colour", "index", "0")) {
                private static final long serialVersionUID = 1;

                @Override
                public String get(Object name) {
                    if (name.equals("index")) { // the model is known by now
                        try {
                            slot.reload().close();
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                    return super.get(name);
                }
            };
            var refusal = assertThrows(
                    Refusal.class, () -> routes.picture(new Call(parts, Map.of(), name -> null, new byte[0])));
            assertEquals(503, refusal.status());
            Map<String, String> plain = Map.of("model", "colour", "index", "0");
            assertEquals(
                    200,
                    routes.picture(new Call(plain, Map.of(), name -> null, new byte[0]))
                            .status());
        }
    }

    @Test
    void mapHasThePlacesOfSamplesAndOfWhatIsFound() throws IOException {
        JsonObject map = served.get("/search/colour/map").json();
        assertEquals(4, map.get("samples").getAsInt());
        double share = map.get("share").getAsDouble();
        assertTrue(share > 0.8 && share < 1, "three dimensions in two: " + share);
        JsonArray points = map.getAsJsonArray("points");
        assertEquals(4, points.size());
        JsonObject blue = points.get(3).getAsJsonObject();
        assertEquals("3.png", blue.get("path").getAsString());
        byte[] picture = ServedFiles.png(8, 8, Color.BLUE);
        JsonObject found =
                served.post("/search?k=2&map=true", "image/png", picture).json();
        assertEquals(blue.get("place"), found.get("place"), "where its like lies");
        for (JsonElement each : found.getAsJsonArray("results")) {
            JsonObject result = each.getAsJsonObject();
            JsonObject point = points.get(result.get("index").getAsInt()).getAsJsonObject();
            assertEquals(point.get("place"), result.get("place"));
        }
        JsonObject longer =
                served.json("/search?map=true", "{\"vector\":[0,0,7]}").json();
        assertEquals(blue.get("place"), longer.get("place"), "its length doesn't matter");
        assertFalse(served.json("/search", "{\"vector\":[0,0,7]}").json().has("place"));
        assertEquals(
                "map: expected true or false",
                served.json("/search?map=1", "{\"vector\":[0,0,7]}").error());
        try (Served plain = new Served(Served.config(model))) {
            Served.Answer none = plain.get("/search/colour/map");
            assertEquals(404, none.status());
            assertEquals("model colour has no index (`index`)", none.error());
        }
    }

    @Test
    void mapOfALargeIndexShowsSomeThatAreSpreadOverIt() throws IOException {
        float[][] vectors = new float[2 * IndexMap.MOST + 1][];
        Arrays.setAll(vectors, i -> new float[] {1, 0, 0});
        Path index = ServedFiles.index(folder.resolve("large.index"), model, vectors);
        try (Served large = new Served(Served.searched(Served.ANYBODY, model, index))) {
            JsonObject map = large.get("/search/colour/map").json();
            assertEquals(vectors.length, map.get("samples").getAsInt());
            assertTrue(map.get("share").isJsonNull(), "all are the same");
            JsonArray points = map.getAsJsonArray("points");
            assertEquals(IndexMap.MOST, points.size());
            JsonObject last = points.get(IndexMap.MOST - 1).getAsJsonObject();
            assertEquals(vectors.length - 3, last.get("index").getAsInt());
        }
    }

    @Test
    void indexOfAnotherModelStartsNoServer() throws IOException {
        Path other = ServedFiles.colour(folder.resolve("other.onnx"), 2);
        Path index = folder.resolve("colours.index");
        var failure = assertThrows(IOException.class, () -> new Served(Served.searched(Served.ANYBODY, other, index)));
        assertTrue(failure.getMessage().startsWith(index + " was not made with " + other), failure.getMessage());
        Path broken = Files.writeString(folder.resolve("broken.index"), "none");
        assertThrows(IOException.class, () -> new Served(Served.searched(Served.ANYBODY, model, broken)));
    }

    @Test
    void reloadTakesAModelTogetherWithItsIndex() throws IOException {
        Path first = ServedFiles.colour(folder.resolve("moved.onnx"), 1);
        Path index = ServedFiles.index(folder.resolve("moved.index"), first, COLOURS);
        String[] bearer = {"Authorization", "Bearer s3cret-token"};
        ServeConfig.Access access = new ServeConfig.Access("s3cret-token", Set.of());
        try (Served moved = new Served(Served.searched(access, first, index))) {
            Path next = ServedFiles.colour(folder.resolve("next.onnx"), 2);
            Files.move(next, first, StandardCopyOption.REPLACE_EXISTING);
            String load = "/v2/repository/models/moved/load";
            assertEquals(400, moved.json(load, "{}", bearer).status(), "the index is the old model's");
            assertEquals(List.of(3), places(moved.json("/search?k=1", "{\"vector\":[0,0,1]}", bearer)));
            ServedFiles.index(index, first, new float[][] {{0, 0, 1}});
            assertEquals(200, moved.json(load, "{}", bearer).status());
            assertEquals(List.of(0), places(moved.json("/search", "{\"vector\":[0,0,1]}", bearer)));
        }
    }
}

package dev.vicreg.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import dev.vicreg.runtime.Batcher;
import dev.vicreg.runtime.Manifest;
import dev.vicreg.runtime.input.Input;
import java.awt.Color;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models that are exchanged, hang or break under a server, and a server that ends. */
@Timeout(120) // seconds: what is waited for may never come
class LifecycleTest {
    private static final String TOKEN = "s3cret-token";
    private static final String[] BEARER = {"Authorization", "Bearer " + TOKEN};
    private static final String ONES = "{\"inputs\":[[1,1,1]]}";
    private static final String LOAD = "/v2/repository/models/model/load";

    @TempDir
    Path folder;

    private static ServeConfig.Limits limits(int queue, Duration timeout) {
        return new ServeConfig.Limits(8, Duration.ZERO, queue, timeout, 1 << 20, 100, Duration.ZERO);
    }

    private static float[] embedding(Served.Answer answer) {
        assertEquals(200, answer.status(), answer.text());
        return new Gson().fromJson(answer.json().get("embeddings"), float[][].class)[0];
    }

    private void exchange(Path with) throws IOException {
        Files.move(with, folder.resolve("model.onnx"), StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void filesAreExchangedWhileRequestsAreAnswered() throws Exception {
        Path model = ServedFiles.colour(folder.resolve("model.onnx"), 1);
        ServeConfig.Access access = new ServeConfig.Access(TOKEN, Set.of());
        try (Served served = new Served(Served.config(limits(64, Duration.ofSeconds(60)), access, model))) {
            byte[] white = ServedFiles.png(8, 8, Color.WHITE);
            AtomicBoolean stop = new AtomicBoolean();
            CompletableFuture<Integer> asked = CompletableFuture.supplyAsync(() -> {
                int count = 0;
                for (; !stop.get(); count++) {
                    embedding(served.post("/embed", "image/png", white, BEARER));
                }
                return count;
            });
            assertArrayEquals(
                    new float[] {1, 1, 1}, embedding(served.post("/embed", "image/png", white, BEARER)), 1e-5f);
            exchange(ServedFiles.colour(folder.resolve("next.onnx"), 2));
            assertEquals(401, served.json(LOAD, "{}").status());
            assertEquals(200, served.json(LOAD, "{}", BEARER).status());
            assertArrayEquals(
                    new float[] {2, 2, 2}, embedding(served.post("/embed", "image/png", white, BEARER)), 1e-5f);
            exchange(ServedFiles.logarithm(folder.resolve("other.onnx")));
            refused(served, "is not what clients rely on: it is an encoder of vector FP32 [3]");
            exchange(Files.writeString(folder.resolve("broken.onnx"), "no model"));
            refused(served, "it is cut off, or no ONNX model");
            Files.delete(folder.resolve("model.onnx"));
            refused(served, "no such file");
            assertArrayEquals(
                    new float[] {2, 2, 2}, embedding(served.post("/embed", "image/png", white, BEARER)), 1e-5f);
            stop.set(true);
            assertTrue(asked.get() > 0);
        }
    }

    private static void refused(Served served, String says) {
        Served.Answer answer = served.json(LOAD, "{}", BEARER);
        assertEquals(400, answer.status(), answer.text());
        assertEquals("the file was not taken, and what was there serves on; the log says why", answer.error());
        assertTrue(served.logged().contains(says), served.logged());
    }

    @Test
    void modelThatMeansSomethingElseByTheSameNumbersIsNotTaken() throws IOException {
        Path model = ServedFiles.logarithm(folder.resolve("model.onnx"));
        ServeConfig.Access access = new ServeConfig.Access(TOKEN, Set.of());
        try (Served served = new Served(Served.config(ServeConfig.Limits.DEFAULT, access, model))) {
            exchange(ServedFiles.logarithm(folder.resolve("next.onnx"), List.of("ant", "cat", "bee")));
            refused(served, "by an array of 3 numbers (ant, cat, bee) to vectors of 3 values, expected");
        }
        List<Float> zero = List.of(0f);
        List<Float> one = List.of(1f);
        List<Integer> none = List.of();
        different(Input.signals(8000, 4, zero, one, "none"), Input.signals(16_000, 4, zero, one, "none"));
        different(
                new Input.Sequences("ids", "sequence", 4, "ids", 10, 0, 1, none, true),
                new Input.Sequences("ids", "sequence", 4, "ids", 11, 0, 1, none, true));
        different(
                new Input.Sequences("ids", "sequence", 4, "ids", 10, 0, 1, none, true),
                new Input.Sequences("ids", "sequence", 4, "ids", 10, 2, 1, none, true));
    }

    private static void different(Input<?> one, Input<?> other) {
        try (OpenModel<?> first = echo(one);
                OpenModel<?> second = echo(other);
                OpenModel<?> same = echo(one)) {
            assertTrue(String.valueOf(first.differenceFrom(second)).contains(", expected "));
            assertEquals(null, first.differenceFrom(same));
        }
    }

    private static OpenModel<?> echo(Input<?> input) {
        Manifest manifest = new Manifest(2, "test", "net", input, 1, 0, "none", Map.of());
        return OpenModel.of(
                "model",
                manifest,
                input,
                batch -> batch.stream()
                        .map(sample -> new Outcome(new float[1], null))
                        .toList(),
                () -> {},
                Batcher.Limits.DEFAULT,
                Batcher.Watch.NONE);
    }

    @Test
    void modelWhoseLastRunHangsIsExchangedAllTheSame() throws Exception {
        Path file = ServedFiles.logarithm(folder.resolve("model.onnx"), List.of("a", "b", "c"));
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        UnaryOperator<List<Outcome>> run = later(number -> {
            running.countDown();
            await(released);
        });
        ServeConfig config =
                Served.config(limits(8, Duration.ofSeconds(60)), new ServeConfig.Access(TOKEN, Set.of()), file);
        try (Served served = new Served(config, model(config.limits(), run), Connections.Deadlines.DEFAULT)) {
            CompletableFuture<Served.Answer> hangs =
                    CompletableFuture.supplyAsync(() -> served.json("/embed", ONES, BEARER));
            running.await();
            assertEquals(200, served.json(LOAD, "{}", BEARER).status());
            assertArrayEquals(new float[3], embedding(served.json("/embed", ONES, BEARER)), "the logarithms of 1");
            released.countDown();
            assertArrayEquals(new float[] {1, 1, 1}, embedding(hangs.get()));
        } finally {
            released.countDown();
        }
    }

    @Test
    void serverThatHasEndedOpensNothingAnew() throws IOException {
        Path file = ServedFiles.logarithm(folder.resolve("model.onnx"));
        ServeConfig config = Served.config(file);
        Served served = new Served(config);
        served.close();
        served.server.reload(); // by a signal that comes late
        assertFalse(served.logged().contains("reloaded"), served.logged());
        ModelSlot slot = new ModelSlot(config.models().get(0), config, Batcher.Watch.NONE);
        slot.close();
        var failure = assertThrows(IOException.class, slot::reload);
        assertEquals("this server ends", failure.getMessage());
    }

    @Test
    void hostThatIsNoneIsNamed() throws IOException {
        Path file = ServedFiles.logarithm(folder.resolve("model.onnx"));
        ServeConfig config = Served.config(file);
        ServeConfig typo = new ServeConfig(
                config.models(),
                config.device(),
                1,
                new ServeConfig.Address("no-such-host.invalid", 0, null),
                config.access(),
                config.limits(),
                "test");
        var failure = assertThrows(IOException.class, () -> new Served(typo));
        assertEquals(
                "Cannot listen at no-such-host.invalid:0: no such host no-such-host.invalid; `host` is a name or number"
                        + " of this machine",
                failure.getMessage());
    }

    @Test
    void logTellsOfEachModelItsNameDimensionAndWhatItTakes() throws IOException {
        try (Served served = new Served(Served.config(ServedFiles.logarithm(folder.resolve("model.onnx"))))) {
            assertTrue(
                    served.logged()
                            .contains("\"message\":\"model\",\"name\":\"model\",\"dimension\":3,\"takes\":\"vector\""),
                    served.logged());
        }
    }

    @Test
    void pictureThatNobodyWaitsForIsNotDecodedWhenThereIsMemoryForIt() throws Exception {
        try (Decoding decoding = new Decoding(2, 14 << 10, new ServeMetrics())) { // memory for one of 1024 pixels
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch released = new CountDownLatch(1);
            AtomicBoolean made = new AtomicBoolean();
            CompletableFuture<String> first = decoding.make(
                    draft(() -> {
                        begun.countDown();
                        await(released);
                        return "first";
                    }),
                    "first");
            begun.await();
            CompletableFuture<String> second = decoding.make(
                    draft(() -> {
                        made.set(true);
                        return "second";
                    }),
                    "second");
            CyclicBarrier both = new CyclicBarrier(2); // when each thread has come here, none is at the second any more
            Draft<Integer> meets = () -> {
                try {
                    return both.await();
                } catch (InterruptedException | BrokenBarrierException e) {
                    throw new IllegalStateException(e);
                }
            };
            List<CompletableFuture<Integer>> others = List.of(decoding.make(meets, "a"), decoding.make(meets, "b"));
            second.cancel(false);
            released.countDown();
            assertEquals("first", first.get());
            others.get(0).get();
            others.get(1).get();
            assertFalse(made.get());
        }
    }

    private static Draft<String> draft(Supplier<String> make) {
        return new Draft<>() {
            @Override
            public String make() {
                return make.get();
            }

            @Override
            public long pixels() {
                return 1024;
            }
        };
    }

    @Test
    void withoutATokenNobodyExchangesModels() throws IOException {
        try (Served served = new Served(Served.config(ServedFiles.logarithm(folder.resolve("model.onnx"))))) {
            assertEquals(403, served.json(LOAD, "{}").status());
        }
    }

    @Test
    void modelsThatCannotBeOpenedStartNoServer() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.onnx"), "no model");
        Path good = ServedFiles.logarithm(folder.resolve("good.onnx"));
        assertThrows(IOException.class, () -> new Served(Served.config(good, broken)));
    }

    /** A model whose vectors are what it is given, run by a function. */
    private static Served of(ServeConfig.Limits limits, UnaryOperator<List<Outcome>> run) throws IOException {
        return of(limits, run, Connections.Deadlines.DEFAULT);
    }

    private static Served of(
            ServeConfig.Limits limits, UnaryOperator<List<Outcome>> run, Connections.Deadlines deadlines)
            throws IOException {
        return new Served(Served.config(limits, Served.ANYBODY, Path.of("model.onnx")), model(limits, run), deadlines);
    }

    private static OpenModel<?> model(ServeConfig.Limits limits, UnaryOperator<List<Outcome>> run) {
        Input.Vectors input = Input.vectors(List.of("a", "b", "c"), List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
        Manifest manifest = new Manifest(2, "test", "net", input, 3, 0, "none", Map.of());
        Batcher.Limits batches = new Batcher.Limits(limits.batch(), limits.delay(), limits.queue());
        return OpenModel.of(
                "model",
                manifest,
                input,
                batch -> run.apply(
                        batch.stream().map(vector -> new Outcome(vector, null)).toList()),
                () -> {},
                batches,
                Batcher.Watch.NONE);
    }

    /** Does something with every batch but the first, which warms. */
    private static UnaryOperator<List<Outcome>> later(Consumer<Integer> action) {
        AtomicInteger number = new AtomicInteger();
        return batch -> {
            if (number.getAndIncrement() > 0) {
                action.accept(number.get() - 1);
            }
            return batch;
        };
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatWaitsTooLongIsRefusedAndSoIsWhatFindsNoPlace() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        UnaryOperator<List<Outcome>> run = later(number -> {
            running.countDown();
            await(released);
        });
        try (Served served = of(limits(2, Duration.ofSeconds(2)), run)) {
            CompletableFuture<Served.Answer> first = CompletableFuture.supplyAsync(() -> served.json("/embed", ONES));
            running.await();
            Served.Answer full = served.json("/embed", "{\"inputs\":[[1,1,1],[1,1,1]]}");
            assertEquals(429, full.status(), full.text());
            assertEquals("1", full.header("Retry-After"));
            Served.Answer late = first.get();
            assertEquals(503, late.status(), late.text());
            assertTrue(late.error().contains("no answer within 2.0 s"), late.error());
            released.countDown();
            assertArrayEquals(new float[] {1, 1, 1}, embedding(served.json("/embed", ONES)));
        } finally {
            released.countDown();
        }
    }

    @Test
    void whoWaitsForAnAnswerIsNotIdle() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        UnaryOperator<List<Outcome>> run = later(number -> {
            running.countDown();
            await(released);
        });
        Duration head = Duration.ofMillis(800);
        Duration minute = Duration.ofSeconds(60);
        Connections.Deadlines deadlines =
                new Connections.Deadlines(head, minute, minute, minute, Duration.ofMillis(100));
        try (Served served = of(limits(2, minute), run, deadlines)) {
            CompletableFuture<Served.Answer> asked = CompletableFuture.supplyAsync(() -> served.json("/embed", ONES));
            running.await();
            assertEquals("", served.raw("GET")); // closed by the idle timeout, or that of heads, which is longer
            assertEquals("", served.raw("GET"));
            released.countDown();
            assertArrayEquals(new float[] {1, 1, 1}, embedding(asked.get()));
        } finally {
            released.countDown();
        }
    }

    @Test
    void deadThreadOfBatchesIsReportedAndStartedAgain() throws Exception {
        CountDownLatch released = new CountDownLatch(1);
        UnaryOperator<List<Outcome>> run = later(number -> {
            if (number == 1) {
                throw new StackOverflowError();
            } else if (number == 2) { // of the thread that follows
                await(released);
            }
        });
        try (Served served = of(limits(8, Duration.ofSeconds(60)), run)) {
            Served.Answer failed = served.json("/embed", ONES);
            assertEquals(500, failed.status());
            assertEquals("this server failed; its log says why", failed.error());
            for (String probe : List.of("/healthz", "/v2/health/live", "/v2/health/ready", "/v2/models/model/ready")) {
                assertEquals(503, served.get(probe).status(), probe);
            }
            released.countDown();
            assertArrayEquals(new float[] {1, 1, 1}, embedding(served.json("/embed", ONES)));
            assertEquals(200, served.get("/healthz").status());
        } finally {
            released.countDown();
        }
    }

    @Test
    void endingAnswersWhatHasArrivedAndWaitsForNothingElse() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        UnaryOperator<List<Outcome>> run = later(number -> {
            running.countDown();
            await(released);
        });
        Served served = of(limits(8, Duration.ofSeconds(60)), run);
        String half = "POST /embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: 100\r\n\r\n{";
        try (Socket unfinished = served.socket(half);
                Socket open = served.socket("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            status(open.getInputStream());
            CompletableFuture<Served.Answer> asked = CompletableFuture.supplyAsync(() -> served.json("/embed", ONES));
            running.await();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread ending = new Thread(served::close);
            ending.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
            ending.start();
            String status = "";
            while (!status.contains("Connection: close")) { // until it has heard that it is to end
                open.getOutputStream()
                        .write("GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                status = status(open.getInputStream());
            }
            released.countDown();
            assertEquals(200, asked.get().status());
            ending.join();
            assertEquals(null, failure.get());
            assertEquals("", Served.rest(unfinished).replaceAll("(?s)HTTP/1.1 [45].*", ""));
            assertThrows(
                    ConnectException.class,
                    () -> new Socket(InetAddress.getLoopbackAddress(), served.server.port()).close());
        } finally {
            released.countDown();
        }
    }

    /** The first line of an answer, of which the rest is read, too. */
    private static String status(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return head.toString();
            }
            head.append((char) next);
        }
        int length = Integer.parseInt(head.toString().replaceFirst("(?s).*Content-Length: (\\d+).*", "$1"));
        in.readNBytes(length);
        return head.toString();
    }
}

package dev.vicreg.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may ask, how, how much and how slowly: of a server with a token, short deadlines and small bodies. */
class LimitsTest {
    private static final String TOKEN = "s3cret-token";
    private static final String BEARER = "Bearer " + TOKEN;
    private static final int BODY = 100_000;
    private static final String HEAD =
            "POST /embed HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + BEARER + "\r\nContent-Type: image/png\r\n";
    private static final String ROWS = "{\"inputs\":[{\"name\":\"image\",\"shape\":[1,8,8,3],\"datatype\":\"UINT8\","
            + "\"data\":[" + "7,".repeat(191) + "7]}]}";

    @TempDir
    static Path folder;

    private static Served served;
    private static byte[] picture;

    @BeforeAll
    static void serve() throws IOException {
        ServeConfig.Limits limits =
                new ServeConfig.Limits(8, Duration.ZERO, 16, Duration.ofSeconds(30), BODY, 100, Duration.ZERO);
        ServeConfig.Access access = new ServeConfig.Access(TOKEN, Set.of("pictures.example"));
        Duration brief = Duration.ofMillis(400);
        served = new Served(
                Served.config(limits, access, ServedFiles.colour(folder.resolve("colour.onnx"), 1)),
                new Connections.Deadlines(brief, brief, brief, Duration.ofSeconds(30), Duration.ofSeconds(30)));
        picture = ServedFiles.png(9, 9, Color.RED);
    }

    @AfterAll
    static void end() {
        served.close();
    }

    private static Served.Answer post(String path, String type, byte[] body, String... headers) {
        String[] all = Arrays.copyOf(headers, headers.length + 2);
        all[headers.length] = "Authorization";
        all[headers.length + 1] = BEARER;
        return served.post(path, type, body, all);
    }

    @Test
    void onlyWhoBearsTheTokenIsAnsweredButForProbesAndDocuments() {
        Served.Answer none = served.post("/embed", "image/png", picture);
        assertEquals(401, none.status());
        assertEquals("Bearer", none.header("WWW-Authenticate"));
        for (String path : List.of("/v2", "/v1/models", "/metrics", "/made/up")) {
            assertEquals(401, served.get(path).status(), path);
            assertEquals(401, served.get(path, "Authorization", BEARER + "x").status(), path);
            assertEquals(
                    401, served.get(path, "Authorization", "Basic " + TOKEN).status(), path);
        }
        assertEquals(
                "authentication_error",
                served.get("/v1/models")
                        .json()
                        .getAsJsonObject("error")
                        .get("type")
                        .getAsString());
        for (String path :
                List.of("/healthz", "/v2/health/ready", "/v2/models/colour/ready", "/docs", "/openapi.json")) {
            assertEquals(200, served.get(path).status(), path);
        }
        assertEquals(200, post("/embed", "image/png", picture).status());
        assertEquals(
                200,
                served.get("/v1/models", "Authorization", "bearer " + TOKEN).status());
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, 200",
        "localhost:8080, 200",
        "127.0.0.1:1, 200",
        "[::1]:80, 200",
        "PICTURES.example:443, 200",
        "evil.example, 421",
        "localhost.evil.example, 421",
        "1.2.3.4.evil.example, 421"
    })
    void foreignHostsAreMisdirected(String host, int status) throws IOException {
        String answer = served.raw(
                "GET /v2 HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: " + BEARER + "\r\nConnection: close\r\n\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
        String probe = served.raw("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        assertTrue(probe.startsWith("HTTP/1.1 200 "), "a probe asks by the number of its pod: " + probe);
    }

    @Test
    void methodsThatAnAddressHasAreTold() {
        Served.Answer put = served.send("PUT", "/embed", picture, "Authorization", BEARER);
        assertEquals(405, put.status());
        assertEquals("OPTIONS, POST", put.header("Allow"));
        Served.Answer options = served.send("OPTIONS", "/v2", new byte[0]);
        assertEquals(204, options.status());
        assertEquals("GET, HEAD, OPTIONS", options.header("Allow"));
        assertEquals("", options.header("Access-Control-Allow-Origin"));
        Served.Answer head = served.send("HEAD", "/v2", new byte[0], "Authorization", BEARER);
        assertEquals(200, head.status());
        assertEquals(0, head.body().length);
        assertEquals("" + served.get("/v2", "Authorization", BEARER).body().length, head.header("Content-Length"));
    }

    @Test
    void otherMediaTypesAndCodingsAreRefused() throws IOException {
        for (String type : List.of("text/plain", "application/x-www-form-urlencoded", "text/json")) {
            assertEquals(
                    415,
                    post("/v1/embeddings", type, "{}".getBytes(StandardCharsets.UTF_8))
                            .status(),
                    type);
            assertEquals(415, post("/v2/models/colour/infer", type, new byte[0]).status(), type);
        }
        Served.Answer br = post("/embed", "image/png", picture, "Content-Encoding", "br");
        assertEquals(415, br.status());
        assertEquals("gzip, deflate", br.header("Accept-Encoding"));
        assertEquals(
                415,
                post("/embed", "image/png", picture, "Content-Encoding", "gzip, gzip")
                        .status());
        assertEquals(
                200,
                post("/embed", "image/png", gzip(picture), "Content-Encoding", "gzip")
                        .status());
        ByteArrayOutputStream deflated = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(deflated)) {
            out.write(picture);
        }
        assertEquals(
                200,
                post("/embed", "image/png", deflated.toByteArray(), "Content-Encoding", "deflate")
                        .status());
        assertEquals(
                400,
                post("/embed", "image/png", picture, "Content-Encoding", "gzip").status());
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    @Test
    void largeBodiesAreRefusedByTheirHeadByWhatComesAndByWhatTheyBecome() throws IOException {
        String declared = served.raw(HEAD + "Content-Length: " + (BODY + 1) + "\r\n\r\n");
        assertTrue(declared.startsWith("HTTP/1.1 413 "), declared);
        assertTrue(declared.contains("the body is larger than 100000 bytes (`max-body-mb`)"), declared);
        String chunk = Integer.toHexString(BODY / 2) + "\r\n" + "x".repeat(BODY / 2) + "\r\n";
        String chunked = served.raw(HEAD + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "1\r\nx\r\n");
        assertTrue(chunked.startsWith("HTTP/1.1 413 "), chunked);
        byte[] bomb = gzip(new byte[50 * BODY]);
        assertTrue(bomb.length < BODY);
        assertEquals(
                413,
                post("/embed", "image/png", bomb, "Content-Encoding", "gzip").status());
    }

    @Test
    void tooManySamplesAreRefused() {
        String seventeen = "[" + "\"aGk=\",".repeat(16) + "\"aGk=\"]";
        Served.Answer answer =
                post("/embed", "application/json", ("{\"inputs\":" + seventeen + "}").getBytes(StandardCharsets.UTF_8));
        assertEquals(413, answer.status(), answer.text());
        assertTrue(answer.error().contains("16"), answer.error());
    }

    @Test
    void formsOfTooManyFilesAreRefusedAsTooLarge() {
        String part = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\naGk\r\n";
        byte[] form = (part.repeat(17) + "--x--\r\n").getBytes(StandardCharsets.US_ASCII);
        Served.Answer answer = post("/embed", "multipart/form-data; boundary=x", form);
        assertEquals(413, answer.status(), answer.text());
        assertEquals("more than 16 files (`queue`)", answer.error());
        byte[] open = part.getBytes(StandardCharsets.US_ASCII);
        assertEquals(
                400, post("/embed", "multipart/form-data; boundary=x", open).status());
    }

    @Test
    void bodiesThatTellNoTypeAreTakenForTheFirstOfTheirRoute() {
        assertEquals("image/*", route(FileRoutes.TYPES).type(""), "files, which take less memory than JSON");
        assertEquals(Reply.JSON, route(FileRoutes.TYPES).type(Reply.JSON));
        assertEquals(Reply.JSON, route(Call.JSON).type(""));
    }

    private static Route route(List<String> types) {
        return new Route("POST", "/x", Route.Access.OPEN, types, call -> new CompletableFuture<>());
    }

    @Test
    void probesOfModelsThatAreNotThereAreToldNoNames() {
        Served.Answer answer = served.get("/v2/models/made-up/ready");
        assertEquals(404, answer.status());
        assertFalse(answer.text().contains("colour"), answer.text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GET /v2 HT", "POST /embed HTTP/1.1\r\nHost: localhost\r\nX-A: ", HEAD_OF_SECOND})
    void headsThatAreNotCompleteInTimeAreCut(String begun) throws IOException {
        String answer = served.raw(begun); // returns when the server closes the connection
        assertEquals(begun.equals(HEAD_OF_SECOND), answer.contains("200 OK"), answer);
    }

    private static final String HEAD_OF_SECOND =
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost:";

    @Test
    void trickledHeadsAreCutThoughTheyNeverPause() throws IOException {
        try (Socket socket = served.socket("GET /healthz HTTP/1.1\r\n")) {
            long start = System.nanoTime();
            boolean open = true;
            while (open) { // the idle timeout would be started anew by each byte
                try {
                    socket.getOutputStream().write("X-A: b\r\n".getBytes(StandardCharsets.US_ASCII));
                    socket.setSoTimeout(20);
                    open = socket.getInputStream().read() >= 0;
                } catch (SocketTimeoutException e) {
                    assertTrue(System.nanoTime() - start < 60e9, "the connection is not cut");
                } catch (IOException e) {
                    open = false;
                }
            }
        }
    }

    @Test
    void bodiesThatAreNotCompleteInTimeAreCut() throws IOException {
        String answer = served.raw(HEAD + "Content-Length: 1000\r\n\r\nhalf");
        assertTrue(answer.startsWith("HTTP/1.1 408 "), answer);
        assertTrue(answer.contains("Connection: close"), answer);
    }

    @Test
    void bodiesThatStopAreLateAndDamagedOnesBad() throws IOException {
        Duration minute = Duration.ofMinutes(1);
        try (Served patient = new Served(
                Served.config(folder.resolve("colour.onnx")),
                new Connections.Deadlines(minute, minute, minute, minute, Duration.ofMillis(100)))) {
            String stopped = patient.raw(HEAD + "Content-Length: 1000\r\n\r\nhalf");
            assertTrue(stopped.startsWith("HTTP/1.1 408 "), stopped);
            assertTrue(stopped.contains("the body stopped before its end"), stopped);
        }
        String damaged = served.raw(HEAD + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalfzz\r\n");
        assertTrue(damaged.startsWith("HTTP/1.1 400 "), damaged);
    }

    @Test
    void whatFailsHereWhileABodyIsReadIsNoFaultOfTheClient() {
        Embedding embedding =
                new Embedding(ServeConfig.Limits.DEFAULT, new Decoding(1, 1 << 20, new ServeMetrics()), Runnable::run);
        assertEquals(
                503, embedding.refusal(Exchange.unread(new OutOfMemoryError())).status());
        assertEquals(
                500,
                embedding.refusal(Exchange.unread(new IllegalStateException())).status());
        assertEquals(400, embedding.refusal(Exchange.unread(new EOFException())).status());
        embedding.close();
    }

    @Test
    void brokenHeadsGetAnErrorOfOurForm() throws IOException {
        for (String head : List.of(
                "GET /v2 HTTP/1.1\r\n\r\n",
                "GET /v2 HTTP/9.9\r\nHost: localhost\r\n\r\n",
                "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /v2/%2e%2e/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "GET /v2 HTTP/1.1\r\nHost: localhost\r\nX: " + "y".repeat(20_000) + "\r\n\r\n",
                HEAD + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                HEAD + "Content-Length: -1\r\n\r\n")) {
            String answer = served.raw(head);
            assertTrue(answer.contains("X-Content-Type-Options: nosniff"), answer);
            assertTrue(answer.matches("(?s)HTTP/1.1 (4|505).*\\{\"error\":\"[^\"]*\"\\}"), answer);
            assertFalse(answer.matches("(?s).*(Server:|org\\.|java|Exception|<html|\\tat ).*"), answer);
        }
    }

    @Test
    void picturesThatAnnounceMoreThanIsDecodedAreRefusedUnread() throws IOException {
        ByteBuffer header = ByteBuffer.wrap(ServedFiles.png(1, 1, Color.RED));
        header.putInt(16, 60_000).putInt(20, 60_000); // width and height in IHDR
        CRC32 crc = new CRC32();
        crc.update(header.array(), 12, 17);
        header.putInt(29, (int) crc.getValue());
        Served.Answer answer = post("/embed", "image/png", header.array());
        assertEquals(400, answer.status());
        assertEquals(
                "picture in the body is 60000x60000, over the limit of 67108864 pixels; it was not decoded",
                answer.error());
    }

    @Test
    void logHasALineForEachRequestAndNothingThatWasSent() {
        post("/v2/models/colour/infer", "application/json", ROWS.getBytes(StandardCharsets.UTF_8));
        served.get("/made/up?token=abc");
        String log = served.logged();
        assertTrue(log.contains("\"route\":\"/v2/models/{model}/infer\""), log);
        assertFalse(log.matches("(?s).*(made|abc|" + TOKEN + ").*"), log);
    }
}

package dev.vicreg.serve;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever is sent at whatever route, the server says what is wrong in its own words and goes on. So many as the property
 * {@code malformed.requests} says are tried, from number {@code malformed.first} on.
 */
class MalformedRequestsTest {
    private static final int USUAL = 500;
    private static final int PATIENCE = 30_000; // milliseconds: `timeout-s`, which no request may take
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3}) ");
    private static final Pattern INSIDE = Pattern.compile(
            "Exception|\\bjava[x.]|\\borg\\.|dev\\.vicreg|\\tat |Jetty|<html", Pattern.CASE_INSENSITIVE);

    @TempDir
    static Path folder;

    private static ServeConfig config() throws IOException {
        Path colour = ServedFiles.colour(folder.resolve("colour.onnx"), 1);
        Path kinds = ServedFiles.classifier(folder.resolve("kinds.onnx"));
        ServeConfig.Limits limits =
                new ServeConfig.Limits(8, Duration.ZERO, 64, Duration.ofMillis(PATIENCE), 200_000, 100, Duration.ZERO);
        ServeConfig plain = Served.config(
                limits,
                Served.ANYBODY,
                ServedFiles.signal(folder.resolve("signal.onnx")),
                ServedFiles.text(folder.resolve("text.onnx")));
        float[][] vectors = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
        byte[] thumbnail = ServedFiles.png(2, 2, Color.RED);
        List<ServeConfig.Source> models = List.of(
                new ServeConfig.Source(
                        "colour",
                        colour,
                        ServedFiles.pictured(folder.resolve("colour.index"), colour, thumbnail, vectors)),
                new ServeConfig.Source(
                        "kinds", kinds, ServedFiles.index(folder.resolve("kinds.index"), kinds, vectors)),
                plain.models().get(0),
                plain.models().get(1));
        return new ServeConfig(
                models, plain.device(), plain.threads(), plain.address(), plain.access(), limits, plain.version());
    }

    @Test
    void areRefusedInTheServersWordsAndStopNothing() throws IOException {
        Duration brief = Duration.ofMillis(300);
        Duration second = Duration.ofSeconds(1);
        Duration patience = Duration.ofMillis(PATIENCE);
        var deadlines = new Connections.Deadlines(brief, brief, second, patience, second);
        long longest = 0;
        Map<String, Integer> statuses = new TreeMap<>();
        try (Served served = new Served(config(), deadlines)) {
            List<String> addresses = served.get("/openapi.json").json().getAsJsonObject("paths").entrySet().stream()
                    .filter(path -> path.getValue().getAsJsonObject().has("get"))
                    .map(path -> path.getKey().replace("{model}", "colour").replace("{index}", "0"))
                    .toList();
            MalformedRequests requests = new MalformedRequests(addresses);
            int first = Integer.getInteger("malformed.first", 0);
            for (int number = first; number < first + Integer.getInteger("malformed.requests", USUAL); number++) {
                long since = System.nanoTime();
                String answer = answer(served, requests.request(number), number);
                longest = Math.max(longest, System.nanoTime() - since);
                check(answer, number);
                Matcher status = STATUS.matcher(answer);
                statuses.merge(status.lookingAt() ? status.group(1) : "closed", 1, Integer::sum);
                if (number % 50 == 0) {
                    requireServing(served, number);
                }
            }
            requireServing(served, -1);
            assertFalse(served.logged().contains("request failed"), served.logged());
        }
        System.out.printf(
                "malformed requests by the status of their first answer, the longest after %d ms: %s%n",
                longest / 1_000_000, statuses);
        assertTrue(
                statuses.keySet().containsAll(List.of("200", "400", "404", "405", "413", "415")), statuses::toString);
    }

    /** All that comes until the connection closes. */
    private static String answer(Served served, byte[] request, int number) throws IOException {
        StringBuilder answer = new StringBuilder();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), served.server.port())) {
            socket.setSoTimeout(PATIENCE);
            socket.getOutputStream().write(request);
            if (number % 50 > 0) { // else the server has to wait for what doesn't come
                socket.shutdownOutput();
            }
            InputStream in = socket.getInputStream();
            byte[] part = new byte[8192];
            for (int size = in.read(part); size >= 0; size = in.read(part)) {
                answer.append(new String(part, 0, size, StandardCharsets.ISO_8859_1));
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("number " + number + " hangs: " + shown(request), e);
        } catch (SocketException e) {
            // closed before all was read, of which the answer may be lost
        }
        return answer.toString();
    }

    private static String shown(byte[] request) {
        String text = new String(request, StandardCharsets.ISO_8859_1);
        return text.substring(0, Math.min(2000, text.length()));
    }

    private static void check(String answer, int number) {
        assertTrue(answer.isEmpty() || STATUS.matcher(answer).lookingAt(), number + ": " + answer);
        assertFalse(Pattern.compile("HTTP/1\\.1 500 ").matcher(answer).find(), number + ": " + answer);
        Matcher error = Pattern.compile("\\{\"error\":.*").matcher(answer);
        while (error.find()) {
            assertFalse(INSIDE.matcher(error.group()).find(), number + ": " + answer);
            assertFalse(error.group().contains(folder.toString()), number + ": " + answer);
        }
    }

    private static void requireServing(Served served, int number) throws IOException {
        byte[] picture = ServedFiles.png(8, 8, Color.RED);
        String answer = served.raw("POST /embed?model=colour HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                + "Connection: close\r\nContent-Length: " + picture.length + "\r\n\r\n"
                + new String(picture, StandardCharsets.ISO_8859_1));
        assertTrue(answer.startsWith("HTTP/1.1 200 "), "after number " + number + ": " + answer);
        assertTrue(answer.endsWith("{\"model\":\"colour\",\"embeddings\":[[1.0,0.0,0.0]]}"), answer);
    }
}

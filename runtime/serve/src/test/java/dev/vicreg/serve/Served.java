package dev.vicreg.serve;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.vicreg.runtime.natives.Device;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A server of this process, with clients that speak HTTP properly or not at all. */
final class Served implements AutoCloseable {
    static final ServeConfig.Access ANYBODY = new ServeConfig.Access(null, Set.of());

    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    final InferenceServer server;

    Served(ServeConfig config) throws IOException {
        this(config, Connections.Deadlines.DEFAULT);
    }

    Served(ServeConfig config, Connections.Deadlines deadlines) throws IOException {
        server = InferenceServer.start(config, eventLog(), deadlines);
    }

    /** With a model that is no file. */
    Served(ServeConfig config, OpenModel<?> model, Connections.Deadlines deadlines) throws IOException {
        ServeMetrics metrics = new ServeMetrics();
        Models models =
                new Models(List.of(new ModelSlot(config.models().get(0), config, metrics.watch(cause -> {}), model)));
        server = InferenceServer.start(config, eventLog(), deadlines, models, metrics);
    }

    private EventLog eventLog() {
        return new EventLog(new PrintStream(log, true, StandardCharsets.UTF_8), true, true);
    }

    static ServeConfig config(Path... files) {
        return config(ServeConfig.Limits.DEFAULT, ANYBODY, files);
    }

    /** Of a model with an index. */
    static ServeConfig searched(ServeConfig.Access access, Path file, Path index) {
        ServeConfig plain = config(ServeConfig.Limits.DEFAULT, access, file);
        String name = plain.models().get(0).name();
        return new ServeConfig(
                List.of(new ServeConfig.Source(name, file, index)),
                plain.device(),
                plain.threads(),
                plain.address(),
                access,
                plain.limits(),
                plain.version());
    }

    static ServeConfig config(ServeConfig.Limits limits, ServeConfig.Access access, Path... files) {
        List<ServeConfig.Source> sources = new ArrayList<>();
        for (Path file : files) {
            String name = String.valueOf(file.getFileName()).replace(".onnx", "");
            sources.add(new ServeConfig.Source(name, file));
        }
        return new ServeConfig(
                sources, Device.CPU, 1, new ServeConfig.Address("127.0.0.1", 0, null), access, limits, "test");
    }

    /** An answer. */
    record Answer(int status, byte[] body, HttpResponse<byte[]> whole) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        JsonObject json() {
            return JsonParser.parseString(text()).getAsJsonObject();
        }

        String header(String name) {
            return whole.headers().firstValue(name).orElse("");
        }

        /** The error's message, of either form. */
        String error() {
            var error = json().get("error");
            return error.isJsonObject() ? error.getAsJsonObject().get("message").getAsString() : error.getAsString();
        }
    }

    Answer get(String path, String... headers) {
        return send("GET", path, new byte[0], headers);
    }

    Answer json(String path, String body, String... headers) {
        return post(path, "application/json", body.getBytes(StandardCharsets.UTF_8), headers);
    }

    Answer post(String path, String type, byte[] body, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of("Content-Type", type));
        return send("POST", path, body, all.toArray(String[]::new));
    }

    Answer send(String method, String path, byte[] body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.uri() + path))
                .timeout(Duration.ofSeconds(60))
                .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return new Answer(response.statusCode(), response.body(), response);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(method + " " + path + ": " + e, e);
        }
    }

    /** A connection that sends what it is told, a byte per character. */
    Socket socket(String sent) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(60_000);
        socket.getOutputStream().write(sent.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
        return socket;
    }

    /** All that comes until the server closes the connection. */
    static String rest(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /** What a connection gets that sends this and nothing more. */
    String raw(String sent) throws IOException {
        try (Socket socket = socket(sent)) {
            return rest(socket);
        }
    }

    /** Lines of the log so far. */
    String logged() {
        return log.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        server.close();
    }
}

package dev.vicreg.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One page of a headless Chromium, driven by the DevTools protocol: so much of it as tests of a page need, without a driver
 * of its own.
 *
 * @see <a href="https://chromedevtools.github.io/devtools-protocol/">the protocol</a>
 */
@SuppressWarnings("try") // whoever is interrupted while it closes is a test
final class Browser implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> NAMES =
            List.of("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome");
    private static final long SECONDS = 60;

    private final Process process;
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    /** Errors of scripts and of the console, and requests that left the page. */
    final List<String> complaints = new ArrayList<>();

    private int last;

    private Browser(Process process, WebSocket socket) {
        this.process = process;
        this.socket = socket;
    }

    /** The program: the variable VICREG_BROWSER's, which must be there, or one on the path. */
    static Optional<Path> installed() {
        String named = System.getenv("VICREG_BROWSER");
        if (named != null) {
            return Optional.of(Path.of(named));
        }
        return NAMES.stream()
                .flatMap(name -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** @param profile an empty folder for what it keeps */
    static Browser start(Path program, Path profile) throws Exception {
        Process process = new ProcessBuilder(
                        program.toString(),
                        "--headless",
                        "--no-sandbox", // which root may not have
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .start();
        String endpoint = endpoint(process);
        HttpClient http = HttpClient.newHttpClient();
        String list = http.send(
                        HttpRequest.newBuilder(URI.create("http://" + endpoint + "/json/list"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        String page = "";
        for (JsonNode target : JSON.readTree(list)) {
            page = target.path("type").asText().equals("page")
                    ? target.path("webSocketDebuggerUrl").asText()
                    : page;
        }
        Listener listener = new Listener();
        WebSocket socket = http.newWebSocketBuilder()
                .buildAsync(URI.create(page), listener)
                .get(SECONDS, TimeUnit.SECONDS);
        Browser browser = new Browser(process, socket);
        listener.browser.complete(browser);
        for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
            browser.call(domain + ".enable", Map.of());
        }
        return browser;
    }

    /** Host and port, which it prints as it starts. */
    private static String endpoint(Process process) throws IOException {
        BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        Pattern pattern = Pattern.compile("DevTools listening on ws://([^/]+)/.*");
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            var matcher = pattern.matcher(line);
            if (matcher.matches()) {
                Thread drain = new Thread(() -> said.lines().forEach(rest -> {}));
                drain.setDaemon(true);
                drain.start();
                return matcher.group(1);
            }
        }
        throw new IOException("the browser ended as it started");
    }

    private static final class Listener implements WebSocket.Listener {
        final CompletableFuture<Browser> browser = new CompletableFuture<>();
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean end) {
            text.append(data);
            if (end) {
                String message = text.toString();
                text.setLength(0);
                browser.join().hear(message);
            }
            socket.request(1);
            return null;
        }
    }

    private void hear(String message) {
        JsonNode json;
        try {
            json = JSON.readTree(message);
        } catch (IOException e) {
            throw new IllegalStateException(message, e);
        }
        JsonNode params = json.path("params");
        switch (json.path("method").asText()) {
            case "Runtime.exceptionThrown" ->
                complain(params.path("exceptionDetails").toString());
            case "Runtime.consoleAPICalled" -> complain(params.path("args").toString());
            case "Log.entryAdded" -> {
                if (params.path("entry").path("level").asText().equals("error")) {
                    complain(params.path("entry").path("text").asText());
                }
            }
            case "Network.requestWillBeSent" -> {
                String url = params.path("request").path("url").asText();
                if (!url.matches("(data:|file:|(blob:)?http://127\\.0\\.0\\.1).*")) {
                    complain("request of " + url);
                }
            }
            default -> {
                CompletableFuture<JsonNode> answer =
                        answers.remove(json.path("id").asInt());
                if (answer != null) {
                    answer.complete(json);
                }
            }
        }
    }

    private synchronized void complain(String what) {
        complaints.add(what);
    }

    JsonNode call(String method, Map<String, Object> params) throws Exception {
        ObjectNode message = JSON.createObjectNode().put("id", ++last).put("method", method);
        message.set("params", JSON.valueToTree(params));
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(last, answer);
        socket.sendText(message.toString(), true).get(SECONDS, TimeUnit.SECONDS);
        JsonNode json = answer.get(SECONDS, TimeUnit.SECONDS);
        if (json.has("error")) {
            throw new IOException(method + ": " + json.path("error"));
        }
        return json.path("result");
    }

    /** Opens a page and waits until its script has run. */
    void open(String url, int width, String scheme) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", false));
        call(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
        call("Page.navigate", Map.of("url", url));
        run("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))");
        run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /** The value of an expression, or what a promise gives; objects as JSON. */
    JsonNode run(String expression) throws Exception {
        JsonNode result =
                call("Runtime.evaluate", Map.of("expression", expression, "awaitPromise", true, "returnByValue", true));
        if (result.has("exceptionDetails")) {
            throw new IOException(result.path("exceptionDetails").toString());
        }
        return result.path("result").path("value");
    }

    /** Presses a key, such as {@code ArrowRight}. */
    void press(String key) throws Exception {
        call("Input.dispatchKeyEvent", Map.of("type", "keyDown", "key", key));
        call("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key));
    }

    /** Moves the mouse there, in pixels of the window. */
    void hover(double x, double y) throws Exception {
        call("Input.dispatchMouseEvent", Map.of("type", "mouseMoved", "x", x, "y", y));
    }

    /** The window as PNG, to look at. */
    void screenshot(Path file) throws Exception {
        JsonNode picture = call("Page.captureScreenshot", Map.of("format", "png"));
        Files.write(file, Base64.getDecoder().decode(picture.path("data").asText()));
    }

    /** The program is a script on some systems: what it has started ends by being asked. */
    @Override
    public void close() throws Exception {
        call("Browser.close", Map.of());
        socket.abort();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}

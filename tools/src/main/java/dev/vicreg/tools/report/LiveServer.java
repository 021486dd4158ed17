package dev.vicreg.tools.report;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.vicreg.models.setting.SettingException;
import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run's page while the run goes on, for browsers of this machine: {@code /}, {@code /data.json} with what it shows, and
 * {@code POST /stop}.
 *
 * <p>Pages of other sites can't do anything here. What they may send without being asked, a form or a link, lacks the header
 * with the token, which only this page knows; and a name of theirs that suddenly means this machine is not in
 * {@link #isOurs}. Nor may they show the page in a frame of theirs, under which one would click. Other users of this machine
 * can open it. Thread-safe; answers on a thread of its own.
 */
public final class LiveServer implements Closeable {
    /** The header that holds the token. */
    public static final String TOKEN_HEADER = "X-Vicreg-Token";

    private static final Logger log = LoggerFactory.getLogger(LiveServer.class);
    private static final String HTML = "text/html; charset=utf-8";
    private static final String JSON = "application/json";
    private static final String TEXT = "text/plain; charset=utf-8";

    private final HttpServer server;
    private final String token = token();
    private final AtomicReference<@Nullable RunReport> report = new AtomicReference<>();
    private volatile boolean stopRequested;

    private LiveServer(HttpServer server) {
        this.server = server;
    }

    /**
     * Opens the port, on this machine's own address alone; until {@link #show} it has nothing to tell.
     *
     * @param port 0 for any that is free
     * @throws SettingException if it is taken, or not this user's to take
     */
    public static LiveServer open(int port) throws IOException {
        HttpServer http;
        try {
            http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        } catch (BindException e) {
            throw new SettingException(
                    "`live` " + port + " can't be opened: " + e.getMessage()
                            + "; name another port, or 0 for one that is free",
                    e);
        }
        LiveServer live = new LiveServer(http);
        http.createContext("/", live::answer);
        http.start();
        return live;
    }

    private static String token() {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /** Where browsers find it. */
    public String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    /** Shows a run from now on. */
    public void show(RunReport run) {
        report.set(run);
    }

    /** Whether somebody has pressed the button. */
    public boolean isStopRequested() {
        return stopRequested;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String method = exchange.getRequestMethod();
            RunReport run = report.get();
            if (!isOurs(exchange.getRequestHeaders().getFirst("Host"))) {
                send(exchange, 403, TEXT, "This page is for " + address());
            } else if (path.equals("/stop")) {
                stop(exchange, method);
            } else if (!path.equals("/") && !path.equals("/data.json")) {
                send(exchange, 404, TEXT, "Nothing here; see " + address());
            } else if (!method.equals("GET")) {
                send(exchange, 405, TEXT, "This can only be read");
            } else if (run == null) {
                exchange.getResponseHeaders().set("Refresh", "2"); // browsers ask again after so many seconds
                send(exchange, 503, TEXT, "The run is being prepared");
            } else {
                send(exchange, run, path.equals("/"));
            }
        } catch (RuntimeException | IOException e) { // of a browser that has gone; the run goes on
            log.debug("{}", e.toString());
        }
    }

    /** Only names of this machine: a foreign one may have been made to lead here. */
    private boolean isOurs(@Nullable String host) {
        int port = server.getAddress().getPort();
        return Set.of("127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port).contains(String.valueOf(host));
    }

    private void stop(HttpExchange exchange, String method) throws IOException {
        String given = String.valueOf(exchange.getRequestHeaders().getFirst(TOKEN_HEADER));
        boolean known =
                MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
        if (!method.equals("POST")) {
            send(exchange, 405, TEXT, "Stopping is a POST");
        } else if (!known) {
            send(exchange, 403, TEXT, "Only the page itself may stop the run");
        } else {
            stopRequested = true;
            send(exchange, 200, TEXT, "Stopping");
        }
    }

    private void send(HttpExchange exchange, RunReport run, boolean page) throws IOException {
        Map<String, Object> content = run.goingOn();
        content.put("token", token);
        send(exchange, 200, page ? HTML : JSON, page ? ReportPage.of(content) : ReportPage.json(content));
    }

    private static void send(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
        exchange.getResponseHeaders().set("X-Frame-Options", "DENY");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /** Ends at once; open pages say that the run has ended. */
    @Override
    public void close() {
        server.stop(0);
    }
}

package dev.vicreg.serve;

import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Serves models over HTTP until it is closed: it listens once all are open and warm.
 *
 * <pre>{@code
 * try (InferenceServer server = InferenceServer.start(config, new EventLog(System.err, false, false))) {
 *     System.out.println(server.uri());
 *     …
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class InferenceServer implements AutoCloseable {
    private static final int THREADS = 32; // that read, parse and write; nothing in them waits
    private static final int HEAD_BYTES = 16 << 10;

    /** Of the Java heap: for bodies a quarter, for pictures that are being decoded a half. */
    private static final int BODIES = 4;

    private static final int PICTURES = 2;

    private final ServeConfig config;
    private final EventLog log;
    private final Models models;
    private final Server jetty;
    private final ServerConnector connector;
    private final Front front;
    private final Embedding embedding;
    private final ScheduledThreadPoolExecutor clock;
    private final ExecutorService reloading = Executors.newSingleThreadExecutor(work -> daemon(work, "reloading"));
    private volatile int port;
    private boolean closed; // guarded by this

    /**
     * Opens the models, warms them and listens.
     *
     * @throws IOException if a model can't be opened, a certificate can't be used, or the address is taken
     * @throws IllegalStateException if the device can't be used
     */
    public static InferenceServer start(ServeConfig config, EventLog log) throws IOException {
        return start(config, log, Connections.Deadlines.DEFAULT);
    }

    static InferenceServer start(ServeConfig config, EventLog log, Connections.Deadlines deadlines) throws IOException {
        ServeMetrics metrics = new ServeMetrics();
        return start(config, log, deadlines, Models.open(config, metrics, log), metrics);
    }

    /** With models that are open already. */
    static InferenceServer start(
            ServeConfig config, EventLog log, Connections.Deadlines deadlines, Models models, ServeMetrics metrics)
            throws IOException {
        InferenceServer server = null;
        try {
            server = new InferenceServer(config, log, deadlines, models, metrics);
            server.listen();
            return server;
        } catch (IOException | RuntimeException e) {
            if (server == null) {
                models.close();
            } else {
                server.close();
            }
            throw e;
        }
    }

    private InferenceServer(
            ServeConfig config, EventLog log, Connections.Deadlines deadlines, Models models, ServeMetrics metrics)
            throws IOException {
        this.config = config;
        this.log = log;
        this.models = models;
        metrics.watchQueue(models::depth);
        QueuedThreadPool threads = new QueuedThreadPool(THREADS);
        threads.setName("requests");
        threads.setDaemon(true);
        this.jetty = new Server(threads);
        this.clock = new ScheduledThreadPoolExecutor(1, work -> daemon(work, "deadlines"));
        clock.setRemoveOnCancelPolicy(true);
        long heap = Runtime.getRuntime().maxMemory();
        int processors = Runtime.getRuntime().availableProcessors();
        this.embedding = new Embedding(config.limits(), new Decoding(processors, heap / PICTURES, metrics), threads);
        List<Route> routes = Routes.of(
                new InferenceProtocol(models, embedding, config.version()),
                new EmbeddingsApi(models, embedding),
                new FileRoutes(models, embedding),
                new Documentation(),
                metrics,
                state());
        Front.Shared shared = new Front.Shared(
                models,
                embedding,
                metrics,
                log,
                clock,
                deadlines,
                config.limits().body(),
                new Budget(heap / BODIES),
                new Budget(Long.MAX_VALUE));
        this.front = new Front(routes, new Gate(config.address(), config.access()), shared);
        this.connector = connector(deadlines);
        jetty.setHandler(front);
        jetty.setErrorHandler(new Errors());
        jetty.setStopTimeout(0);
        jetty.setStopAtShutdown(false);
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private ServerConnector connector(Connections.Deadlines deadlines) throws IOException {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(HEAD_BYTES);
        HttpConnectionFactory plain = new HttpConnectionFactory(http);
        List<ConnectionFactory> factories = new ArrayList<>(List.of(plain));
        ServeConfig.Tls tls = config.address().tls();
        if (tls != null) {
            SslContextFactory.Server ssl = new SslContextFactory.Server();
            ssl.setKeyStore(PemFiles.keyStore(tls));
            ssl.setKeyStorePassword("");
            ssl.setSniRequired(false);
            factories.add(0, new SslConnectionFactory(ssl, plain.getProtocol()));
        }
        ServerConnector made = new ServerConnector(jetty, 1, 1, factories.toArray(ConnectionFactory[]::new));
        made.setHost(config.address().host());
        made.setPort(config.address().port());
        made.setIdleTimeout(deadlines.idle().toMillis());
        Connections connections = new Connections(deadlines);
        made.addBean(connections);
        long pause = connections.interval().toNanos();
        Future<?> unused = clock.scheduleWithFixedDelay(connections::sweep, pause, pause, TimeUnit.NANOSECONDS);
        jetty.addConnector(made);
        jetty.addBean(new NetworkConnectionLimit(config.limits().connections(), made));
        return made;
    }

    private void listen() throws IOException {
        try {
            jetty.start();
            port = connector.getLocalPort();
        } catch (IOException e) {
            throw new IOException(
                    "Cannot listen at " + config.address().host() + ":"
                            + config.address().port() + ": " + reason(e),
                    e);
        } catch (Exception e) {
            throw new IllegalStateException("Cannot start the server: " + e.getMessage(), e);
        }
        for (ModelSlot slot : models.all()) {
            log.info(
                    "model",
                    EventLog.fields(
                            "name",
                            slot.name(),
                            "dimension",
                            slot.current().manifest().dimension(),
                            "takes",
                            slot.current().wire().tensor()));
        }
        log.info("listening", EventLog.fields("address", uri()));
    }

    private String reason(IOException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
            return "no such host " + config.address().host() + "; `host` is a name or number of this machine";
        }
        return cause.getMessage() + "; choose another `port` or `host`";
    }

    private Routes.State state() {
        return new Routes.State() {
            @Override
            public boolean isHealthy() {
                return models.areHealthy();
            }

            @Override
            public boolean isReady() {
                return !front.isLeaving();
            }

            @Override
            public CompletableFuture<Reply> reload(String model) {
                ModelSlot slot = models.named(model);
                return CompletableFuture.supplyAsync(
                        () -> {
                            if (!InferenceServer.this.reload(slot)) {
                                throw Refusal.bad(
                                        "the file was not taken, and what was there serves on; the log says why");
                            }
                            return Reply.json(out -> out.beginObject().endObject());
                        },
                        reloading);
            }
        };
    }

    /**
     * Opens all models' files anew, soon; one that can't be used changes nothing, and the log says so. A server that ends
     * takes no notice.
     */
    public void reload() {
        if (front.isLeaving()) {
            return;
        }
        try {
            models.all().forEach(slot -> reloading.execute(() -> reload(slot)));
        } catch (RejectedExecutionException e) {
            // it has begun to end just now
        }
    }

    private boolean reload(ModelSlot slot) {
        try {
            close(slot.name(), slot.reload());
            log.info("reloaded", EventLog.fields("model", slot.name()));
            return true;
        } catch (IOException | RuntimeException e) { // whatever is wrong with a file, the server goes on
            log.warn("not reloaded", EventLog.fields("model", slot.name(), "cause", String.valueOf(e.getMessage())));
            return false;
        }
    }

    /** Closes a model that serves no more, in its own time: its last run may hang. */
    private void close(String name, OpenModel<?> model) {
        daemon(
                        () -> {
                            try {
                                model.close();
                            } catch (RuntimeException e) {
                                log.warn("not closed", EventLog.fields("model", name, "cause", e));
                            }
                        },
                        "closing " + name)
                .start();
    }

    /** The port that it listens at. */
    public int port() {
        return port;
    }

    /** Where it listens, such as {@code http://127.0.0.1:8080}. */
    public String uri() {
        String host = config.address().host();
        return (config.address().tls() == null ? "http://" : "https://")
                + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
    }

    /**
     * Ends in order: tells that it is not ready, serves on for the drain delay, takes no connection more, answers what has
     * arrived whole, and releases the models. Idempotent.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        log.info("ending", EventLog.fields());
        front.leave();
        try {
            TimeUnit.NANOSECONDS.sleep(
                    jetty.isStarted() ? config.limits().drainDelay().toNanos() : 0);
            connector.close();
            front.end();
            if (!front.awaitAnswers(config.limits().timeout())) {
                log.warn("some requests are not answered", EventLog.fields());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // ends at once
        }
        release();
        log.info("ended", EventLog.fields());
    }

    private void release() {
        try {
            jetty.stop();
        } catch (Exception e) { // its parts have stopped as far as they could
            log.warn("the server did not stop in order", EventLog.fields("cause", String.valueOf(e.getMessage())));
        }
        clock.shutdownNow();
        reloading.shutdownNow();
        embedding.close();
        Thread closing = daemon(models::close, "closing");
        closing.start();
        try {
            closing.join(Duration.ofSeconds(10).toMillis()); // a run that hangs doesn't keep the server from ending
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Says what Jetty refuses by itself as everything else is said, and nothing of what led to it. */
    private static final class Errors extends ErrorHandler {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Reply reply = reply(response.getStatus());
            head(response.getHeaders(), reply);
            response.write(true, ByteBuffer.wrap(reply.body()), callback);
            return true;
        }

        @Override
        @SuppressWarnings("removal") // what Jetty 12.1 calls for heads that it can't parse
        public ByteBuffer badMessageError(int status, String reason, HttpFields.Mutable fields) {
            Reply reply = reply(status);
            head(fields, reply);
            return ByteBuffer.wrap(reply.body());
        }

        private static void head(HttpFields.Mutable fields, Reply reply) {
            fields.put("Content-Type", reply.type());
            fields.put("X-Content-Type-Options", "nosniff");
        }

        private static Reply reply(int status) {
            return Exchange.error(new Refusal(status, HttpStatus.getMessage(status)));
        }
    }
}

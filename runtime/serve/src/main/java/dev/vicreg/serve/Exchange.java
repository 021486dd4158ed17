package dev.vicreg.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/** One request and its answer. Nothing in it waits: what follows something later is called when that has come. */
final class Exchange {
    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH");
    private static final Set<String> CODINGS = Set.of("", "identity", "gzip", "deflate");
    private static final int JSON_FACTOR = 4; // of a body of JSON: its bytes, and what its base64 or numbers become
    private static final int FACTOR = 2;

    private final Front front;
    private final Front.Shared shared;
    private final Request request;
    private final Response response;
    private final Callback callback;
    private final long start = System.nanoTime();
    private final AtomicBoolean answered = new AtomicBoolean();
    private String address = "*";
    private Front.@Nullable Match match;
    private @Nullable BodyReader body;
    private volatile boolean bodyIsRead = true;
    private boolean taken;

    Exchange(Front front, Front.Shared shared, Request request, Response response, Callback callback) {
        this.front = front;
        this.shared = shared;
        this.request = request;
        this.response = response;
        this.callback = callback;
    }

    void begin() {
        shared.metrics().began();
        request.addIdleTimeoutListener(idle -> !bodyIsRead || answered.get()); // who waits for us isn't idle
        try {
            HttpFields headers = request.getHeaders();
            bodyIsRead = headers.getLongField("Content-Length") <= 0 && !headers.contains("Transfer-Encoding");
            String path = request.getHttpURI().getCanonicalPath();
            address = path == null ? "*" : path;
            Optional<Front.Match> found = front.route(request.getMethod(), address, request);
            if (found.isEmpty()) {
                send(Reply.empty(204).with("Allow", front.allowed(address)));
                return;
            }
            match = found.get();
            if (found.get().route().takesBody()) {
                requireBody(found.get().route(), headers);
                readBody(found.get());
            } else {
                answer(found.get(), new byte[0]);
            }
        } catch (RuntimeException | Error e) {
            refuse(e);
        }
    }

    /** Refuses a body by what its head says, before any of it is read. */
    private void requireBody(Route route, HttpFields headers) {
        String type = Call.mediaType(headers.get("Content-Type"));
        if (!Call.isAmong(type, route.types())) {
            throw Refusal.unsupported("expected the Content-Type "
                    + String.join(", ", route.types()).replaceFirst(", $", ""));
        }
        if (!CODINGS.contains(coding())) {
            throw Refusal.unsupported("expected the Content-Encoding gzip, deflate or none")
                    .with("Accept-Encoding", "gzip, deflate");
        }
        if (headers.getLongField("Content-Length") > shared.mostBody()) {
            throw BodyReader.tooLarge(shared.mostBody());
        }
    }

    private String coding() {
        return String.join(",", request.getHeaders().getCSV("Content-Encoding", false))
                .toLowerCase(Locale.ROOT);
    }

    private void readBody(Front.Match found) {
        boolean json = found.route()
                .type(Call.mediaType(request.getHeaders().get("Content-Type")))
                .equals(Reply.JSON);
        int factor = json ? JSON_FACTOR : FACTOR;
        BodyReader reader = new BodyReader(request, shared.mostBody(), shared.bodies(), factor);
        body = reader;
        Duration most = shared.deadlines().body();
        Future<?> late = later(
                most,
                () -> reader.fail(
                        new Refusal(408, "the body was not complete within " + most.toMillis() / 1000.0 + " s")));
        CompletableFuture<?> unused = reader.read().whenComplete((bytes, failure) -> {
            late.cancel(false);
            try {
                if (failure != null) {
                    refuse(unread(failure));
                } else {
                    bodyIsRead = true;
                    answer(found, reader.decoded(bytes, coding()));
                }
            } catch (RuntimeException | Error e) {
                refuse(e);
            }
        });
    }

    /** What is told of a body that could not be read: what a client did or left undone is its own, the rest is ours. */
    static Throwable unread(Throwable failure) {
        if (failure instanceof TimeoutException) { // nothing has come for Jetty's idle timeout
            return new Refusal(408, "the body stopped before its end").because(failure);
        }
        boolean clients = failure instanceof IOException || failure instanceof HttpException;
        return clients ? Refusal.bad("the body did not arrive whole").because(failure) : failure;
    }

    private Future<?> later(Duration after, Runnable action) {
        return shared.clock().schedule(action, after.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void answer(Front.Match found, byte[] bytes) {
        taken = shared.taken().tryTake(1);
        Call call = new Call(found.parts(), query(), request.getHeaders()::get, bytes);
        CompletableFuture<Reply> reply = found.route().endpoint().answer(call);
        CompletableFuture<?> unused = reply.whenComplete((answer, failure) -> {
            if (failure != null) {
                refuse(failure);
            } else {
                send(answer);
            }
        });
    }

    private Map<String, String> query() {
        Map<String, String> query = new HashMap<>();
        try {
            for (Fields.Field field : Request.extractQueryParameters(request)) {
                query.put(field.getName(), field.getValue());
            }
        } catch (RuntimeException e) {
            throw Refusal.bad("the address has a query that is not valid").because(e);
        }
        return query;
    }

    private void refuse(Throwable failure) {
        Refusal refusal = shared.embedding().refusal(failure);
        if (refusal.status() == 500) {
            shared.log().warn("request failed", EventLog.fields("route", route(), "cause", cause(refusal)));
        }
        boolean openAi = address.startsWith("/v1/");
        send(openAi ? EmbeddingsApi.error(refusal) : error(refusal));
    }

    private static String cause(Refusal refusal) {
        Throwable cause = refusal.getCause();
        return cause == null ? refusal.message() : cause.toString();
    }

    /** An error of the Open Inference Protocol, and of our own routes. */
    static Reply error(Refusal refusal) {
        return Reply.json(
                        refusal.status(),
                        out -> out.beginObject()
                                .name("error")
                                .value(refusal.message())
                                .endObject())
                .with(refusal.headers());
    }

    /** As it is declared; so no address that a client made up gets into figures and log. */
    private String route() {
        return match == null ? "other" : match.route().path();
    }

    private void send(Reply reply) {
        if (!answered.compareAndSet(false, true)) {
            return;
        }
        response.setStatus(reply.status());
        HttpFields.Mutable headers = response.getHeaders();
        reply.headers().forEach(headers::put);
        if (!reply.type().isEmpty()) {
            headers.put("Content-Type", reply.type());
        }
        headers.put("X-Content-Type-Options", "nosniff");
        headers.put("Cache-Control", "no-store");
        if (reply.status() != 204) {
            headers.put("Content-Length", reply.body().length);
        }
        if (!bodyIsRead || front.isLeaving()) {
            headers.put("Connection", "close");
        }
        EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        Future<?> late = later(shared.deadlines().answer(), endPoint::close);
        response.write(
                true,
                ByteBuffer.wrap(reply.body()),
                Callback.from(() -> ended(reply, late, null), failure -> ended(reply, late, failure)));
    }

    private void ended(Reply reply, Future<?> late, @Nullable Throwable failure) {
        late.cancel(false);
        if (body != null) {
            body.close();
        }
        if (taken) {
            shared.taken().give(1);
        }
        long nanos = System.nanoTime() - start;
        shared.metrics().answered(route(), model(reply), reply.status(), nanos);
        String method = METHODS.contains(request.getMethod()) ? request.getMethod() : "_OTHER";
        shared.log()
                .debug(
                        failure == null ? "request" : "request whose answer was not taken",
                        EventLog.fields(
                                "method", method, "route", route(), "status", reply.status(), "ms", nanos / 1e6));
        if (failure == null) {
            callback.succeeded();
        } else {
            callback.failed(failure);
        }
    }

    /** A model that is served, or nothing. */
    private String model(Reply reply) {
        String named = match == null ? "" : match.parts().getOrDefault("model", "");
        return reply.model().isEmpty() && shared.models().names().contains(named) ? named : reply.model();
    }
}

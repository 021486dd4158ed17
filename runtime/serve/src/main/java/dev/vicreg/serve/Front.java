package dev.vicreg.serve;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Takes requests from Jetty: finds their routes, and leaves each to an {@link Exchange}. Thread-safe. */
final class Front extends Handler.Abstract {
    private final List<Route> routes;
    private final Gate gate;
    private final Shared shared;
    private volatile boolean leaving;
    private volatile boolean ending;

    /**
     * What all exchanges use.
     *
     * @param clock runs what is late
     * @param bodies memory of all bodies together
     * @param taken requests that have arrived whole and aren't answered, one each
     */
    record Shared(
            Models models,
            Embedding embedding,
            ServeMetrics metrics,
            EventLog log,
            ScheduledExecutorService clock,
            Connections.Deadlines deadlines,
            long mostBody,
            Budget bodies,
            Budget taken) {}

    Front(List<Route> routes, Gate gate, Shared shared) {
        this.routes = routes;
        this.gate = gate;
        this.shared = shared;
    }

    /** A route, and the parts of the address that it leaves open. */
    record Match(Route route, Map<String, String> parts) {}

    /** Tells clients from now on that their connection ends with their answer. */
    void leave() {
        leaving = true;
    }

    /** Refuses what comes from now on. */
    void end() {
        ending = true;
    }

    boolean isLeaving() {
        return leaving;
    }

    /** Waits for the answers to what has arrived whole; whether all were given in time. */
    boolean awaitAnswers(Duration most) throws InterruptedException {
        return shared.taken.awaitNone(most);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        new Exchange(this, shared, request, response, callback).begin();
        return true;
    }

    /**
     * The route of a request that may come in.
     *
     * @return empty for OPTIONS, which the methods of the address answer
     * @throws Refusal if there is none, or who asks may not
     */
    Optional<Match> route(String method, String path, Request request) {
        String authorization = request.getHeaders().get("Authorization");
        List<Match> matches = routes.stream()
                .flatMap(route -> route.parts(path).stream().map(parts -> new Match(route, parts)))
                .toList();
        boolean probe =
                !matches.isEmpty() && matches.stream().allMatch(match -> match.route.access() == Route.Access.PROBE);
        if (!probe) {
            gate.requireHost(request.getHeaders().get("Host"));
            gate.requireHost(request.getHttpURI().getHost());
        }
        boolean options = method.equals("OPTIONS");
        if (matches.isEmpty() && !(options && path.equals("*"))) {
            gate.requireToken(Route.Access.TOKEN, authorization);
            throw new Refusal(404, "there is nothing at this address; /docs lists what there is");
        }
        if (options) {
            return Optional.empty();
        }
        String wanted = method.equals("HEAD") ? "GET" : method;
        for (Match match : matches) {
            if (match.route.method().equals(wanted)) {
                gate.requireToken(match.route.access(), authorization);
                if (ending && !probe) {
                    throw Refusal.later(503, "this server ends");
                }
                return Optional.of(match);
            }
        }
        throw new Refusal(405, "expected " + allowed(path)).with("Allow", allowed(path));
    }

    /** The methods of an address, as the header Allow has them. */
    String allowed(String path) {
        TreeSet<String> methods = routes.stream()
                .filter(route -> path.equals("*") || route.parts(path).isPresent())
                .map(Route::method)
                .collect(Collectors.toCollection(TreeSet::new));
        if (methods.contains("GET")) {
            methods.add("HEAD");
        }
        methods.add("OPTIONS");
        return String.join(", ", methods);
    }
}

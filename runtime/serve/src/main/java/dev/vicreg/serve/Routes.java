package dev.vicreg.serve;

import static dev.vicreg.serve.Route.Access.OPEN;
import static dev.vicreg.serve.Route.Access.PROBE;
import static dev.vicreg.serve.Route.Access.TOKEN;
import static dev.vicreg.serve.Route.Access.TOKEN_ALWAYS;

import dev.vicreg.serve.Route.Access;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/** The table of routes. The OpenAPI document has the same, which a test compares. */
final class Routes {
    private static final List<String> TENSORS = List.of("application/json", "application/octet-stream", "");
    private static final List<String> NONE = List.of();

    /** What the routes of the server itself ask. */
    interface State {
        /** Whether the threads of all models work. */
        boolean isHealthy();

        /** Whether new requests are wanted. */
        boolean isReady();

        /** Opens a model's file anew. */
        CompletableFuture<Reply> reload(String model);
    }

    private final List<Route> routes = new ArrayList<>();

    private Routes() {}

    static List<Route> of(
            InferenceProtocol v2,
            EmbeddingsApi v1,
            FileRoutes files,
            Documentation documents,
            ServeMetrics metrics,
            State state) {
        Routes table = new Routes();
        table.health(state);
        table.get("/v2", TOKEN, call -> v2.server());
        table.get("/v2/", TOKEN, call -> v2.server());
        for (String model : List.of("/v2/models/{model}", "/v2/models/{model}/versions/1")) {
            table.get(model, TOKEN, v2::metadata);
            table.get(model + "/ready", PROBE, call -> v2.ready(call, state.isReady()));
            table.get(model + "/config", TOKEN, v2::config);
            table.post(model + "/infer", TOKEN, TENSORS, v2::infer);
        }
        table.post(
                "/v2/repository/models/{model}/load",
                TOKEN_ALWAYS,
                Call.JSON,
                call -> state.reload(call.part("model")));
        table.get("/v1/models", TOKEN, call -> v1.list());
        table.get("/v1/models/{model}", TOKEN, v1::one);
        table.post("/v1/embeddings", TOKEN, Call.JSON, v1::embeddings);
        table.post("/embed", TOKEN, FileRoutes.TYPES, files::embed);
        table.post("/classify", TOKEN, FileRoutes.TYPES, files::classify);
        table.post("/search", TOKEN, FileRoutes.TYPES, files::search);
        table.get("/search", TOKEN, call -> files.indexes());
        table.routes.add(new Route("GET", "/search/{model}/map", TOKEN, NONE, files::map));
        table.get("/search/{model}/pictures/{index}", TOKEN, files::picture);
        table.get("/metrics", TOKEN, call -> metrics.page());
        table.get("/openapi.json", OPEN, call -> documents.openApi());
        table.get("/", OPEN, call -> documents.start());
        table.get("/start.js", OPEN, call -> documents.script());
        table.get("/start.css", OPEN, call -> documents.style());
        table.get("/docs", OPEN, call -> documents.page());
        return List.copyOf(table.routes);
    }

    private void health(State state) {
        get("/healthz", PROBE, call -> said("healthy", state::isHealthy));
        get("/v2/health/live", PROBE, call -> said("live", state::isHealthy));
        get("/v2/health/ready", PROBE, call -> said("ready", () -> state.isReady() && state.isHealthy()));
    }

    private static Reply said(String what, Supplier<Boolean> holds) {
        boolean yes = holds.get();
        return Reply.json(
                yes ? 200 : 503, out -> out.beginObject().name(what).value(yes).endObject());
    }

    private void get(String path, Access access, Function<Call, Reply> answer) {
        routes.add(new Route("GET", path, access, NONE, call -> CompletableFuture.completedFuture(answer.apply(call))));
    }

    private void post(String path, Access access, List<String> types, Route.Endpoint endpoint) {
        routes.add(new Route("POST", path, access, types, endpoint));
    }
}

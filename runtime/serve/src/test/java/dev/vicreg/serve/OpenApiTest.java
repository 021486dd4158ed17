package dev.vicreg.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.awt.Color;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the OpenAPI document says, against what the server answers. */
class OpenApiTest {
    private static final String TOKEN = "s3cret-token";
    private static final String[] BEARER = {"Authorization", "Bearer " + TOKEN};

    @TempDir
    static Path folder;

    private static Served served;
    private static JsonObject document;

    @BeforeAll
    static void serve() throws IOException {
        ServeConfig.Access access = new ServeConfig.Access(TOKEN, Set.of());
        ServeConfig two = Served.config(
                ServeConfig.Limits.DEFAULT,
                access,
                ServedFiles.colour(folder.resolve("colour.onnx"), 1),
                ServedFiles.classifier(folder.resolve("kinds.onnx")));
        Path kinds = two.models().get(1).file();
        Path index = ServedFiles.index(folder.resolve("kinds.index"), kinds, new float[][] {{1, 2, 3}, {3, 2, 1}});
        served = new Served(new ServeConfig(
                List.of(two.models().get(0), new ServeConfig.Source("kinds", kinds, index)),
                two.device(),
                1,
                two.address(),
                access,
                two.limits(),
                "test"));
        document = served.get("/openapi.json").json();
    }

    @AfterAll
    static void end() {
        served.close();
    }

    private static JsonObject paths() {
        return document.getAsJsonObject("paths");
    }

    @Test
    void documentHasTheRoutesThatThereAre() {
        Set<String> told = new TreeSet<>();
        for (Map.Entry<String, JsonElement> path : paths().entrySet()) {
            for (Map.Entry<String, JsonElement> method :
                    path.getValue().getAsJsonObject().entrySet()) {
                JsonObject operation = method.getValue().getAsJsonObject();
                boolean open = operation.has("security")
                        && operation.getAsJsonArray("security").isEmpty();
                Set<String> types = operation.has("requestBody")
                        ? operation
                                .getAsJsonObject("requestBody")
                                .getAsJsonObject("content")
                                .keySet()
                        : Set.of();
                told.add(method.getKey() + " " + path.getKey() + " " + open + " " + new TreeSet<>(types));
            }
        }
        Set<String> found = new TreeSet<>();
        Routes.State none = null; // nothing is asked
        for (Route route : Routes.of(
                new InferenceProtocol(null, null, ""),
                new EmbeddingsApi(null, null),
                new FileRoutes(null, null),
                new Documentation(),
                new ServeMetrics(),
                none)) {
            boolean open = route.access() == Route.Access.PROBE || route.access() == Route.Access.OPEN;
            Set<String> types = new TreeSet<>(route.types());
            types.remove("");
            found.add(route.method().toLowerCase(Locale.ROOT) + " " + route.path() + " " + open + " " + types);
        }
        assertEquals(found, told);
    }

    /** A good request of each operation, and one that is refused. */
    @Test
    void answersAreOfTheFormsThatTheDocumentSays() throws IOException {
        byte[] picture = ServedFiles.png(8, 8, Color.RED);
        for (Map.Entry<String, JsonElement> path : paths().entrySet()) {
            String address = path.getKey().replace("{model}", "kinds").replace("{index}", "0");
            JsonObject methods = path.getValue().getAsJsonObject();
            if (methods.has("get")) {
                require(served.get(address, BEARER), methods.getAsJsonObject("get"), address);
                if (path.getKey().contains("{model}")) {
                    Served.Answer none = served.get(address.replace("kinds", "none"), BEARER);
                    assertEquals(404, none.status(), address);
                    require(none, methods.getAsJsonObject("get"), address);
                }
            }
            if (methods.has("post")) {
                JsonObject post = methods.getAsJsonObject("post");
                String model = address.startsWith("/v") ? "" : "?model=kinds";
                require(served.json(address + model, good(path.getKey()), BEARER), post, address);
                require(served.json(address + model, "{\"inputs\":7,\"input\":", BEARER), post, address);
                require(served.json(address + model, "{}"), post, address);
            }
        }
        require(served.post("/embed?model=colour", "image/png", picture, BEARER), operation("/embed"), "/embed");
    }

    private static JsonObject operation(String path) {
        return paths().getAsJsonObject(path).getAsJsonObject("post");
    }

    private static String good(String path) {
        if (path.endsWith("/infer")) {
            return "{\"inputs\":[{\"name\":\"vector\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]}";
        }
        if (path.equals("/search")) {
            return "{\"vector\":[1,2,3],\"k\":2}";
        }
        return path.endsWith("/load")
                ? "{}"
                : path.equals("/v1/embeddings")
                        ? "{\"model\":\"kinds\",\"input\":[[1,2,3]]}"
                        : "{\"inputs\":[[1,2,3]]}";
    }

    private static void require(Served.Answer answer, JsonObject operation, String address) {
        JsonObject responses = operation.getAsJsonObject("responses");
        String status = "" + answer.status();
        JsonObject response = responses.getAsJsonObject(responses.has(status) ? status : "default");
        assertFalse(response == null, address + " answers " + status + ", which the document doesn't know");
        String type = answer.header("Content-Type").split(";", 2)[0];
        JsonObject content = response.getAsJsonObject("content").getAsJsonObject(type);
        assertFalse(content == null, address + " answers with " + type);
        if (type.equals("application/json")) {
            List<String> problems = new ArrayList<>();
            check(answer.json(), content.getAsJsonObject("schema"), "$", problems);
            assertEquals(List.of(), problems, address + " answers " + answer.text());
        }
    }

    /** The parts of JSON Schema that the document uses; properties that it doesn't name are problems as well. */
    private static void check(JsonElement value, JsonObject schema, String at, List<String> problems) {
        if (schema.has("$ref")) {
            String name = schema.get("$ref").getAsString().replace("#/components/schemas/", "");
            check(
                    value,
                    document.getAsJsonObject("components")
                            .getAsJsonObject("schemas")
                            .getAsJsonObject(name),
                    at,
                    problems);
            return;
        }
        JsonElement type = schema.get("type");
        JsonArray types = new JsonArray();
        if (type.isJsonArray()) {
            types = type.getAsJsonArray();
        } else {
            types.add(type);
        }
        if (!types.contains(new JsonPrimitive(typeOf(value)))
                && !(typeOf(value).equals("integer") && types.contains(new JsonPrimitive("number")))) {
            problems.add(at + " is " + value + ", expected " + types);
        }
        if (schema.has("enum") && !schema.getAsJsonArray("enum").contains(value)) {
            problems.add(at + " is " + value);
        }
        if (value.isJsonArray() && schema.has("items")) {
            value.getAsJsonArray().forEach(each -> check(each, schema.getAsJsonObject("items"), at + "[]", problems));
        }
        if (value.isJsonObject() && schema.has("properties")) {
            checkObject(value.getAsJsonObject(), schema, at, problems);
        }
    }

    private static void checkObject(JsonObject value, JsonObject schema, String at, List<String> problems) {
        schema.getAsJsonArray("required").forEach(name -> {
            if (!value.has(name.getAsString())) {
                problems.add(at + " has no " + name);
            }
        });
        JsonObject properties = schema.getAsJsonObject("properties");
        for (Map.Entry<String, JsonElement> each : value.entrySet()) {
            if (properties.has(each.getKey())) {
                check(each.getValue(), properties.getAsJsonObject(each.getKey()), at + "." + each.getKey(), problems);
            } else {
                problems.add(at + " has " + each.getKey());
            }
        }
    }

    private static String typeOf(JsonElement value) {
        if (value.isJsonNull()) {
            return "null";
        }
        if (value.isJsonObject()) {
            return "object";
        }
        if (value.isJsonArray()) {
            return "array";
        }
        JsonPrimitive primitive = value.getAsJsonPrimitive();
        if (primitive.isBoolean()) {
            return "boolean";
        }
        return primitive.isString() ? "string" : primitive.getAsString().matches("-?[0-9]+") ? "integer" : "number";
    }

    @Test
    void pageHasEveryOperationAndRunsNoScript() {
        Served.Answer page = served.get("/docs");
        assertTrue(page.header("Content-Type").startsWith("text/html"));
        assertTrue(page.header("Content-Security-Policy").startsWith("default-src 'none'"));
        String text = new String(page.body(), StandardCharsets.UTF_8);
        for (String path : paths().keySet()) {
            assertTrue(text.contains(" " + path + "</h2>"), path);
        }
        assertFalse(text.contains("<script"));
    }
}

package dev.vicreg.serve;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What the server says of itself: the OpenAPI document, which lies beside this class, and the same as a page; and the page to
 * try it with.
 */
final class Documentation {
    private static final String STYLE = """
            body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222}
            h2{font:600 1rem/1.5 ui-monospace,monospace;margin:2rem 0 .25rem;border-top:1px solid #ccc;padding-top:1rem}
            p{margin:.25rem 0;white-space:pre-line}
            pre{background:#f3f3f3;padding:.5rem;overflow-x:auto;font-size:.85rem}
            """;

    private final byte[] openApi;
    private final byte[] page;

    Documentation() {
        openApi = resource("openapi.json");
        page = page(JsonParser.parseString(new String(openApi, StandardCharsets.UTF_8))
                        .getAsJsonObject())
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] resource(String name) {
        try (InputStream in = Documentation.class.getResourceAsStream(name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The page to try the server with; it holds nothing of this server, which its script asks for. */
    Reply start() {
        return Reply.of(200, "text/html; charset=utf-8", resource("start.html"))
                .with(
                        "Content-Security-Policy",
                        "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob: data:; connect-src 'self';"
                                + " form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
    }

    Reply script() {
        return Reply.of(200, "text/javascript; charset=utf-8", resource("start.js"));
    }

    Reply style() {
        return Reply.of(200, "text/css; charset=utf-8", resource("start.css"));
    }

    Reply openApi() {
        return Reply.of(200, Reply.JSON, openApi);
    }

    Reply page() {
        return Reply.of(200, "text/html; charset=utf-8", page)
                .with(
                        "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    }

    private static String page(JsonObject document) {
        JsonObject info = document.getAsJsonObject("info");
        StringBuilder html = new StringBuilder("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>")
                .append(text(info, "title"))
                .append("</title><style>")
                .append(STYLE)
                .append("</style><h1>")
                .append(text(info, "title"))
                .append("</h1><p>")
                .append(text(info, "description"))
                .append("</p><p><a href=\"openapi.json\">openapi.json</a></p>");
        for (Map.Entry<String, JsonElement> path :
                document.getAsJsonObject("paths").entrySet()) {
            for (Map.Entry<String, JsonElement> method :
                    path.getValue().getAsJsonObject().entrySet()) {
                if (method.getValue().isJsonObject()) { // not the path's parameters
                    operation(
                            html,
                            method.getKey(),
                            path.getKey(),
                            method.getValue().getAsJsonObject());
                }
            }
        }
        return html.append("</html>").toString();
    }

    private static void operation(StringBuilder html, String method, String path, JsonObject operation) {
        html.append("<h2>")
                .append(method.toUpperCase(Locale.ROOT))
                .append(' ')
                .append(escaped(path))
                .append("</h2><p>")
                .append(text(operation, "summary"))
                .append("</p>");
        if (operation.has("description")) {
            html.append("<p>").append(text(operation, "description")).append("</p>");
        }
        if (operation.has("x-curl")) {
            html.append("<pre>").append(text(operation, "x-curl")).append("</pre>");
        }
    }

    private static String text(JsonObject object, String name) {
        return escaped(object.get(name).getAsString());
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}

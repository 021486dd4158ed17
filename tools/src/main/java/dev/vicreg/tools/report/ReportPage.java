package dev.vicreg.tools.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The page: one HTML file with styles, scripts and data in it that loads nothing, so that it opens anywhere and offline.
 *
 * <p>What comes from files, such as their names, is in the JSON alone, where no character can end the element that it stands
 * in; the script puts it into the page as text. A content security policy lets nothing run but the page's own scripts.
 */
final class ReportPage {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PLOTS = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

    private ReportPage() {}

    /** The whole page, which shows {@code content}. */
    static String of(Map<String, Object> content) {
        String plots = resource(PLOTS + "uPlot.iife.min.js");
        String umap = content.containsKey("samples") ? resource("umap-js/umap-js.min.js") : "";
        String script = resource("report.js");
        return resource("report.html")
                .replace("@PLOT-STYLE@", resource(PLOTS + "uPlot.min.css"))
                .replace("@STYLE@", resource("report.css"))
                .replace("@POLICY@", hashes(plots, umap, script))
                .replace("@PLOTS@", plots)
                .replace("@UMAP@", umap)
                .replace("@SCRIPT@", script)
                .replace("@CONTENT@", embedded(content)); // last: it may hold anything
    }

    /** JSON that may stand in an HTML element: none of its characters means anything to HTML or to old JavaScript. */
    static String embedded(Map<String, Object> content) {
        return json(content)
                .replace("&", "\\u0026")
                .replace("<", "\\u003c")
                .replace(">", "\\u003e")
                .replace("\u2028", "\\u2028")
                .replace("\u2029", "\\u2029");
    }

    /** The content as JSON. */
    static String json(Map<String, Object> content) {
        try {
            return JSON.writeValueAsString(content);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot write the report's content: " + e.getOriginalMessage(), e);
        }
    }

    private static String resource(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("This program lacks its resource " + name + "; build it again");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By which a content security policy names the scripts that may run. */
    private static String hashes(String... scripts) {
        return Arrays.stream(scripts)
                .map(script -> "'sha256-" + sha256(script) + "'")
                .collect(Collectors.joining(" "));
    }

    private static String sha256(String script) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java has no SHA-256", e);
        }
    }
}

package dev.vicreg.serve;

import com.google.gson.stream.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a client gets.
 *
 * @param type the body's media type
 * @param headers others than its type and length
 * @param model that it comes from, for the metrics; empty for none
 */
record Reply(int status, String type, Map<String, String> headers, byte[] body, String model) {
    static final String JSON = "application/json";

    /** Writes a value, and nothing else. */
    @FunctionalInterface
    interface Writing {
        void write(JsonWriter out) throws IOException;
    }

    static Reply json(Writing writing) {
        return json(200, writing);
    }

    static Reply json(int status, Writing writing) {
        return new Reply(status, JSON, Map.of(), bytes(writing), "");
    }

    static Reply of(int status, String type, byte[] body) {
        return new Reply(status, type, Map.of(), body, "");
    }

    static Reply empty(int status) {
        return new Reply(status, "", Map.of(), new byte[0], "");
    }

    /** The same with another header. */
    Reply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Reply(status, type, more, body, model);
    }

    /** The same with other headers. */
    Reply with(Map<String, String> others) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.putAll(others);
        return new Reply(status, type, more, body, model);
    }

    /** The same from a model. */
    Reply by(String name) {
        return new Reply(status, type, headers, body, name);
    }

    /** A value as JSON in UTF-8. Numbers that JSON doesn't have are a mistake of this program. */
    static byte[] bytes(Writing writing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonWriter out = new JsonWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8))) {
            out.setSerializeNulls(true);
            writing.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static void floats(JsonWriter out, float[] values) throws IOException {
        out.beginArray();
        for (float value : values) {
            out.value(value);
        }
        out.endArray();
    }
}
